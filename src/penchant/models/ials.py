"""Implicit alternating least squares: d taste dimensions a person and an item, the person's folded in at the query.

When to use it: large catalogues, where `ease` needs too much memory, and people with many events. A person's factors are
solved from the live history when asked, so strangers and fresh events need no refit. Cost, for U rows (people, or stretches
of their logs), n items, N distinct (row, item) pairs and s steps: (s + 1) (4 N d + (U + n) d^2) multiply-adds an epoch (about
3 CPU seconds for 15 epochs over a million events with d = 64); 4 (U + n) d bytes; a query with a past of L events takes
L d^2 + d^3 + n d. Source: Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008,
equations 3-5, solved as `penchant.models.alternating` says; the loss is written as in Rendle, Krichene, Zhang and Koren,
"Revisiting the Performance of iALS on Item Recommendation Benchmarks", RecSys 2022, with a weight of 1 for all pairs:

    sum over pairs with events of  alpha c (1 - x.y)^2  +  sum over all pairs of  (x.y)^2  +  regularisation

That is the loss of Hu et al. with the confidence 1 + alpha c, but for a preference of alpha c / (1 + alpha c) instead of 1; so
a long-gone event, whose c has decayed to nearly 0, counts for nearly nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import scipy.sparse as sp

from penchant.config import Between, setting
from penchant.data.arrays import AnyArray, Float32, Float64, Nums
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.models.alternating import exact, nearer
from penchant.models.base import Model, ModelConfig
from penchant.models.blas import one_thread
from penchant.models.history import HistoryConfig, history_weights, log_matrix
from penchant.models.neighbours import kind_weights
from penchant.models.vectors import of_known, once_a_batch, products, understood
from penchant.rng import generator
from penchant.train.run import Run


class IalsConfig(HistoryConfig, ModelConfig):
    """Settings of `ials`."""

    last_n: int = setting(50, "newest events that count", unit="events", refit=False, ge=1)
    decay: float = setting(
        0.8, "weight of an event relative to the next newer one", grid=(0.6, 0.8, 0.9, 1.0), refit=False, gt=0, le=1
    )
    history_half_life: float | None = setting(
        None, "age at which a past event counts half; none switches it off", unit="days", refit=False, gt=0
    )
    context_match: float = setting(
        0.0, "how much more a past event counts in like circumstances: times exp(context_match x likeness in 0..1)",
        grid=(0.0, 1.0), refit=False, ge=0, le=20,
    )  # fmt: skip
    alpha: float = setting(
        10.0, "weight of a choice, where 1 is that of a pair without one", grid=(3.0, 10.0, 30.0, 100.0),
        search=Between(1, 300, log=True), gt=0,
    )  # fmt: skip
    reg: float = setting(
        30.0, "penalty on the squared factors of a mean row", grid=(10.0, 30.0, 100.0),
        search=Between(1, 1000, log=True), gt=0,
    )  # fmt: skip
    row_events: int | None = setting(
        50, "a person's log is cut into rows of so many events, each with factors of its own; none: one row a person",
        unit="events", grid=(10, 50), search=Between(3, 300, log=True, also=(None,)), ge=1,
    )  # fmt: skip
    embedding_dim: int = setting(64, "taste dimensions", grid=(64, 128), search=(32, 64, 128), ge=1)
    epochs: int = setting(15, "passes; each solves all people, then all items", search=Between(5, 30), ge=1)
    steps: int = setting(3, "conjugate-gradient steps of each solution, from the former one", ge=1)
    frequency_exponent: float = setting(
        1.0, "how the penalty grows with the total weight of a row: 0 not at all (Hu et al.), 1 in proportion",
        search=Between(0, 1), ge=0, le=1,
    )  # fmt: skip
    counting: Literal["binary", "count", "log"] = setting(
        "binary", "how c counts the events of a person with an item", search=("binary", "count", "log")
    )


class Ials(Model):
    """Scores float32 [B, n_fit]: x.y, about 1 for what a person chooses; NaN for a query without a usable past.

    Attributes:
        item_factors: float32 [n_fit, d]; rows of items without an event are 0.
        mean_weight: mean total weight of a row in the fit; it scales the penalty at the query.
    """

    config: IalsConfig
    item_factors: Float32
    mean_weight: float
    _gram: Float64

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        log = log_matrix(train, self.config.counting, self.config.row_events)
        by_person, by_item = sp.csr_matrix(log * self.config.alpha), sp.csr_matrix(log.T * self.config.alpha)
        self.mean_weight = _mean_weight(by_person)
        people_penalty = self._penalty(by_person, self.mean_weight)
        items_penalty = self._penalty(by_item, _mean_weight(by_item))
        d = self.config.embedding_dim
        # normal, with a spread that makes x.y small (Rendle et al. 2022)
        spread = 0.1 / np.sqrt(d)
        factors = (generator(run.seed, "ials").standard_normal((train.n_items, d)) * spread).astype(np.float32)
        factors[~train.seen_items] = 0.0
        people = np.zeros((by_person.shape[0], d), dtype=np.float32)
        with one_thread():
            for epoch in range(self.config.epochs):
                people = nearer(by_person, factors, factors.T @ factors, people_penalty, people, self.config.steps)
                factors = nearer(by_item, people, people.T @ people, items_penalty, factors, self.config.steps)
                run.reporter.progress("ials", epoch + 1, self.config.epochs)
        self._keep(factors)

    def _keep(self, factors: Float32) -> None:
        wide = factors.astype(np.float64)
        self.item_factors, self._gram = factors, wide.T @ wide

    def _penalty(self, weights: sp.csr_matrix, mean_weight: float) -> Float32:
        """The penalty of each row on its squared factors, float32 [n_rows]."""
        total = np.asarray(weights.sum(axis=1)).ravel() + weights.shape[1]
        penalty: Float32 = (self.config.reg * (total / mean_weight) ** self.config.frequency_exponent).astype(
            np.float32
        )
        return penalty

    def _score(self, batch: QueryBatch) -> Float32:
        with one_thread():
            scores: Float32 = self._factors_of(batch) @ self.item_factors.T
        return scores

    def _score_some(self, batch: QueryBatch, items: Nums) -> Float32:
        with one_thread():
            return products(self.query_vectors(batch), self.item_factors[np.minimum(items, self.n_fit - 1)])

    def _factors_of(self, batch: QueryBatch) -> Float32:
        """The factors of each query's person, float32 [B, d]; NaN without a usable past."""
        past = history_weights(batch, self.config, kind_weights(self.catalogue.schema))[:, : self.n_fit]
        past *= np.float32(self.config.alpha)
        # in float64: the answer must not depend on which queries are asked together
        with one_thread():
            people = exact(past, self.item_factors, self._gram, self._penalty(past, self.mean_weight))
        people[np.diff(past.indptr) == 0] = np.nan
        return people

    def query_vectors(self, batch: QueryBatch) -> Float32:
        """The person's factors, see `penchant.models.vectors.HasVectors`."""
        return once_a_batch(self, batch, lambda asked: self._factors_of(understood(self, asked)))

    def item_vectors(self) -> Float32:
        """The items' factors, see `penchant.models.vectors.HasVectors`."""
        return of_known(self, self.item_factors)

    def _state(self) -> dict[str, AnyArray]:
        return {"item_factors": self.item_factors, "mean_weight": np.asarray([self.mean_weight])}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self._keep(arrays["item_factors"])
        self.mean_weight = float(arrays["mean_weight"][0])


def _mean_weight(weights: sp.csr_matrix) -> float:
    """Mean total weight of the rows that have an entry, where each column counts 1 by itself."""
    filled = max(int((np.diff(weights.indptr) > 0).sum()), 1)
    mean: float = float(weights.sum()) / filled + weights.shape[1]
    return mean
