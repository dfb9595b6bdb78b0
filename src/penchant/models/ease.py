"""EASE: the score of an item is a weighted sum over the past, with item-item weights in closed form.

When to use it: first, wherever the catalogue has fewer than about 20,000 items with events; few models are harder to beat
on a live history. By itself it never says "the same again", see the setting `again`. Cost, for n items with events: n^3
floating-point operations for the fit (about 15 CPU seconds for 10,000 items, 120 for 20,000) plus the sum over rows
of their squared lengths; 4 n^2 bytes in memory and on disk (1.6 GB for 20,000 items); a query with a past of L events takes
n L multiply-adds. Source: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019, equation 8. Ours is the
cutting of long histories into short rows, so that items count as chosen together when they were chosen at about the same
time, and the popularity of the moment beside the score, without which short pasts lose to a plain popularity list.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp

from penchant.config import Between, setting
from penchant.data.arrays import AnyArray, Float32, Int64, frozen
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.errors import BadConfig
from penchant.models.base import Model, ModelConfig
from penchant.models.closed_form import inverted
from penchant.models.history import HistoryConfig, history_weights, log_matrix
from penchant.models.neighbours import kind_weights
from penchant.models.symmetric import upper_product
from penchant.train.run import Run

_SLAB = 128
"""Columns of the weights that are applied at a time: with 10,000 items 5 MB, small enough to stay in a cache."""


class EaseConfig(HistoryConfig, ModelConfig):
    """Settings of `ease`."""

    last_n: int = setting(50, "newest events that count", unit="events", refit=False, ge=1)
    decay: float = setting(
        0.8, "weight of an event relative to the next newer one", grid=(0.6, 0.8, 1.0), refit=False, gt=0, le=1
    )
    again: float = setting(
        0.0, "weight of an item for itself, which lets it come again", grid=(0.0, 1.0),
        search=Between(0.03, 3, log=True, also=(0.0,)), refit=False, ge=0,
    )  # fmt: skip
    history_half_life: float | None = setting(
        None, "age at which a past event counts half; none switches it off", unit="days", grid=(None, 0.02),
        refit=False, gt=0,
    )  # fmt: skip
    context_match: float = setting(
        0.0, "how much more a past event counts in like circumstances: times exp(context_match x likeness in 0..1)",
        grid=(0.0, 1.0), refit=False, ge=0, le=20,
    )  # fmt: skip
    popularity_weight: float = setting(
        0.03, "popularity of the moment beside the score: what its peak counts, as a share of the greatest score",
        grid=(0.03, 0.3, 1.0), refit=False, ge=0, le=100,
    )  # fmt: skip
    row_events: int | None = setting(
        50, "a person's log is cut into rows of so many events; none: one row a person", unit="events",
        grid=(10, 50), search=Between(3, 300, log=True, also=(None,)), ge=2,
    )  # fmt: skip
    reg: float = setting(
        300.0, "added to the diagonal of the co-occurrence matrix; doubts pairs seen rarely", unit="rows",
        grid=(300.0, 1000.0), search=Between(10, 10_000, log=True), gt=0,
    )  # fmt: skip
    max_items: int = setting(
        20_000, "only the most frequent items take part; for the others popularity alone speaks", unit="items", ge=1
    )
    max_gigabytes: float = setting(8.0, "refuse a fit whose matrix needs more memory", unit="GB", gt=0)


class Ease(Model):
    """Scores float32 [B, n_fit]: NaN for items that took no part, and everywhere for a query without a usable past.

    Attributes:
        members: int64 [m], rising numbers of the items that took part.
        weights: float32 [m, m]; ``weights[i, j]`` is what item i in the past adds to the score of item j; 0 on the diagonal.
    """

    config: EaseConfig
    members: Int64
    weights: Float32

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        counts = np.bincount(train.interactions.item, minlength=train.n_items)
        # among equally frequent items those that appeared last are kept: they are likelier to be wanted now
        frequent = np.lexsort((-np.arange(train.n_items), -counts))[: self.config.max_items]
        self.members = np.sort(frequent[counts[frequent] > 0]).astype(np.int64)
        gigabytes = 4 * len(self.members) ** 2 / 1e9
        if gigabytes > self.config.max_gigabytes:
            raise BadConfig(
                f"ease: {len(self.members)} items need a matrix of {gigabytes:.1f} GB, allowed are "
                f"{self.config.max_gigabytes:g} GB; lower max_items or raise max_gigabytes"
            )
        seen = int((counts > 0).sum())
        self.card = {**self.card, "items": {"with_events": seen, "scored": len(self.members)}}
        rows = log_matrix(train, row_events=self.config.row_events)[:, self.members]
        self.weights = frozen(_solved(upper_product(rows.T.tocsr(), rows), self.config.reg))

    def _score(self, batch: QueryBatch) -> Float32:
        return self._scores_of(self._past(batch))

    def _scores_of(self, past: sp.csr_matrix) -> Float32:
        """Scores float32 [B, n_fit] of these pasts, float32 [B, m]."""
        n_queries = past.shape[0]
        spoken = np.flatnonzero(np.diff(past.indptr))
        past = past[spoken]
        found = _weighted(past, self.weights)
        if self.config.again > 0:
            found[np.repeat(np.arange(len(spoken)), np.diff(past.indptr)), past.indices] += (
                self.config.again * past.data
            )
        if found.shape == (n_queries, self.n_fit):
            return found
        scores = np.full((n_queries, self.n_fit), np.nan, dtype=np.float32)
        scores[np.ix_(spoken, self.members)] = found
        return scores

    def _past(self, batch: QueryBatch) -> sp.csr_matrix:
        """How much each member counts in each past, float32 [B, m]."""
        return history_weights(batch, self.config, kind_weights(self.catalogue.schema))[:, self.members]

    def _state(self) -> dict[str, AnyArray]:
        return {"members": self.members, "weights": self.weights}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.members, self.weights = arrays["members"], arrays["weights"]


def _weighted(past: sp.csr_matrix, weights: Float32) -> Float32:
    """``past @ weights``, float32 [B, m]."""
    m = len(weights)
    if past.nnz < 4 * m:
        product: Float32 = past @ weights
        return product
    # with many pasts a copy of each slab pays: sums and weights then come from a near cache. Every sum keeps its order
    found = np.empty((past.shape[0], m), dtype=np.float32)
    for start in range(0, m, _SLAB):
        found[:, start : start + _SLAB] = past @ np.ascontiguousarray(weights[:, start : start + _SLAB])
    return found


def _solved(gram: Float32, reg: float) -> Float32:
    """Equation 8: with P the inverse of ``gram + reg I``, B = I - P diag(1 / diag P). Works in the memory of `gram`.

    Only the upper triangle of `gram` is read; the Cholesky factor and the inverse take its place (n^3 operations in all).
    """
    gram[np.diag_indices(len(gram))] += np.float32(reg)
    weights = inverted(gram)
    if weights is None:
        raise BadConfig(f"ease: reg: {reg:g} is too small for this log; the matrix cannot be inverted in float32")
    weights /= -np.diagonal(weights).copy()
    np.fill_diagonal(weights, 0.0)
    return weights
