"""What people like this one chose: neighbours of the live history among the profiles of the log.

When to use it: people with a past and a catalogue that changes little; with `visit_gap` the profiles are visits, which suits
sessions. Cost: the fit only builds the matrix, O(N) time and memory for N events; a query takes
O(last_n m + neighbours c + n_items) for items in m profiles and profiles of c items. Source: Herlocker et al. 1999, "An
algorithmic framework for performing collaborative filtering"; with visits: Jannach & Ludewig 2017, "When recurrent neural
networks meet the neighborhood for session-based recommendation".
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp

from penchant.config import Between, setting
from penchant.data.arrays import AnyArray, Float32
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.models.base import Model, ModelConfig
from penchant.models.history import HistoryConfig, history_weights
from penchant.models.neighbours import (
    densified,
    idf,
    inverse,
    kind_weights,
    lengths,
    packed,
    profiles,
    scaled,
    strongest,
    unpacked,
)
from penchant.train.run import Run


class UserKnnConfig(HistoryConfig, ModelConfig):
    """Settings of `userknn`."""

    last_n: int = setting(50, "newest events that count", unit="events", refit=False, ge=1)
    decay: float = setting(
        0.8, "weight of an event relative to the next newer one", grid=(0.6, 0.8, 0.95), refit=False, gt=0, le=1
    )
    history_half_life: float | None = setting(
        None, "age at which a past event counts half; none switches it off", unit="days", grid=(None, 1.0),
        refit=False, gt=0,
    )  # fmt: skip
    neighbours: int = setting(
        100, "most similar profiles that vote", grid=(100, 500), search=Between(20, 1000, log=True), refit=False, ge=1
    )
    sharpness: float = setting(
        1.0,
        "power of the similarity with which a profile votes",
        grid=(1.0, 2.0),
        search=Between(0.3, 4, log=True),
        refit=False,
        gt=0,
    )
    visit_gap: float | None = setting(
        0.5,
        "profiles are visits parted by such a pause; none: they are people",
        unit="days",
        grid=(0.05, 0.5),
        search=Between(0.01, 30, log=True, also=(None,)),
        gt=0,
    )
    rarity: float = setting(
        1.0, "power of the inverse frequency with which items count when profiles are compared", grid=(0.0, 1.0),
        search=Between(0, 2), ge=0,
    )  # fmt: skip


class UserKnn(Model):
    """Scores are votes of the most similar profiles of the log, weighted by similarity."""

    config: UserKnnConfig
    chosen: sp.csr_matrix
    by_item: sp.csr_matrix
    item_weight: Float32

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        self.chosen = profiles(train, self.config.visit_gap)
        self._prepare()

    def _prepare(self) -> None:
        self.item_weight = idf(self.chosen) ** np.float32(self.config.rarity)
        weighted = scaled(self.chosen, columns=self.item_weight)
        # one factor of the item weight on either side of the inner product of two profiles
        self.by_item = scaled(weighted, rows=inverse(lengths(weighted))).T.tocsr()

    def _score(self, batch: QueryBatch) -> Float32:
        past = history_weights(batch, self.config, kind_weights(self.catalogue.schema))[:, : self.n_fit]
        past = scaled(past, columns=self.item_weight)
        past = scaled(past, rows=inverse(lengths(past)))
        alike = strongest((past @ self.by_item).tocsr(), self.config.neighbours)
        alike.data **= np.float32(self.config.sharpness)
        return densified((alike @ self.chosen).tocsr())

    def _state(self) -> dict[str, AnyArray]:
        return packed(self.chosen)

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.chosen = unpacked(arrays)
        self._prepare()
