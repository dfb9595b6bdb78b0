"""The mean value, how much an item lies above it, and how much a person lies above both.

When to use it: as the yardstick of `rating` and `ctr`: a model that knows taste or circumstances must beat it. It ranks all
items alike for everybody, by their mean value. A person's part is taken from the history when asked, so strangers and fresh
events need no refit. Cost: O(`passes` N) to fit N events; a query with a past of L events takes L + n_items. Source: Koren,
Bell and Volinsky, "Matrix Factorization Techniques for Recommender Systems", Computer 2009, equation 3; here the penalties are
ridge penalties in units of events, solved alternately:

    b_i = sum over the item's events of (value - mean - b_u) / (item_reg + events),  b_u likewise with person_reg
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from penchant.config import Between, setting
from penchant.data.arrays import AnyArray, Bool, Float32, Float64, Nums
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.labelled import has_labels
from penchant.data.questions import Task
from penchant.models.base import Model, ModelConfig
from penchant.train.run import Run


class BiasConfig(ModelConfig):
    """Settings of `bias`."""

    item_reg: float = setting(
        5.0, "events at the mean value that are added to each item", unit="events", grid=(2.0, 5.0, 10.0, 25.0),
        search=Between(0.1, 100, log=True), gt=0,
    )  # fmt: skip
    person_reg: float = setting(
        10.0, "events at the mean value that are added to each person", unit="events", grid=(2.0, 5.0, 10.0, 25.0),
        search=Between(0.1, 100, log=True), gt=0,
    )  # fmt: skip
    passes: int = setting(10, "how often items and people are solved in turn", ge=1)


class Bias(Model):
    """Scores float32 [B, n_fit]: the expected value. Items without an event lie at the mean.

    Attributes:
        mean: mean value of the training log.
        item: float64 [n_fit], what each item adds to it.
        labels: whether the log holds the labels 0 and 1 and nothing else, so that an answer is a probability.
    """

    config: BiasConfig
    mean: float
    item: Float64
    labels: bool

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        log = train.interactions
        value = log.value.astype(np.float64)
        self.mean = float(value.mean())
        self.labels = has_labels(log.value)
        people = np.zeros(train.n_users)
        self.item = np.zeros(train.n_items)
        for _ in range(self.config.passes):
            self.item = _solved(log.item, value - self.mean - people[log.user], train.n_items, self.config.item_reg)
            people = _solved(log.user, value - self.mean - self.item[log.item], train.n_users, self.config.person_reg)

    def _people(self, batch: QueryBatch) -> Float64:
        """What each query's person adds, from the history that comes with it, float64 [B]."""
        history = batch.history.keep(self._is_known(batch.history.item))
        rest = history.value.astype(np.float64) - self.mean - self.item[history.item]
        return _solved(history.owner, rest, len(batch), self.config.person_reg)

    def predict(self, batch: QueryBatch, items: Nums) -> Float32:
        """The expected value of each query's item, float32 [B]; between 0 and 1 where the log holds labels."""
        known: Bool = items < self.n_fit
        own = np.where(known, self.item[np.where(known, items, 0)], 0.0)
        found = (self.mean + own + self._people(batch)).astype(np.float32)
        return np.clip(found, 0, 1) if self.labels else found

    def _score(self, batch: QueryBatch) -> Float32:
        return (self.mean + self.item[None, :] + self._people(batch)[:, None]).astype(np.float32)

    def _state(self) -> dict[str, AnyArray]:
        return {"mean": np.asarray([self.mean]), "item": self.item, "labels": np.asarray([self.labels])}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.mean = float(arrays["mean"][0])
        self.item = arrays["item"]
        self.labels = bool(arrays["labels"][0])


def _solved(owner: AnyArray, rest: Float64, n: int, reg: float) -> Float64:
    """The shrunk mean of what is left to explain, of each of n owners, float64 [n]."""
    total = np.bincount(owner, weights=rest, minlength=n)
    solved: Float64 = total / (np.bincount(owner, minlength=n) + reg)
    return solved
