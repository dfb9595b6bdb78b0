"""Candidates of a composite model: the best items of each member, and how its scores are made comparable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import Bool, Float32, Int64, Nums
from penchant.data.sequences import Histories


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """The candidates of B queries, query by query and by rising number: query int64 [C], item int32 [C]."""

    owner: Int64
    item: Nums
    n_queries: int

    @property
    def starts(self) -> Int64:
        """Where each query's candidates begin, int64 [B + 1]."""
        return np.searchsorted(self.owner, np.arange(self.n_queries + 1)).astype(np.int64)

    def of(self, table: Float32) -> Float32:
        """The candidates' cells of a table float32 [B, n_items]."""
        return table[self.owner, self.item]


def pooled(scores: Sequence[Float32], size: int, allowed: Bool | None = None) -> Pool:
    """The union of each member's `size` best items; what has the least score of its row is none of them.

    Args:
        scores: float32 [B, n_items] of each member; NaN is never taken.
        allowed: bool [B, n_items], other items are never taken; None allows all.
    """
    n_queries, n_items = scores[0].shape
    width = min(size, n_items)
    rows = np.repeat(np.arange(n_queries, dtype=np.int64), width)
    keys = []
    for table in scores:
        worst = np.fmin.reduce(table, axis=1)
        loss = np.where(np.isnan(table), np.float32(np.inf), -table)
        if allowed is not None:
            loss[~allowed] = np.inf
        best = np.argpartition(loss, width - 1, axis=1)[:, :width].ravel()
        taken = np.isfinite(loss[rows, best]) & (table[rows, best] > worst[rows])
        keys.append(rows[taken] * n_items + best[taken])
    key = np.unique(np.concatenate(keys))
    return Pool(owner=key // n_items, item=(key % n_items).astype(np.int32), n_queries=n_queries)


def standardised(table: Float32, known: Bool, history: Histories) -> Float32:
    """Each row less its mean, over its standard deviation; 0 where there is no opinion. float32 [B, n_items].

    Not the median and its deviations: most scores of a neighbour or repeat model are equal, and those would be 0.

    Args:
        table: float32 [B, n_items], NaN is no opinion.
        known: bool [n_items], the items that mean and deviation are taken over: those with events at the fit, so that an item
            that comes later changes nothing for the others. Items of the query's own past count in any case: for a person who
            chose only new things, all that a model says may be about these.
        history: the pasts of the B queries.
    """
    said = ~np.isnan(table)
    values = np.where(said, table, np.float32(0))
    counted = said & known
    counted[history.owner, history.item] = said[history.owner, history.item]
    n = np.maximum(counted.sum(axis=1, keepdims=True), 1)
    mean = np.einsum("bi,bi->b", values, counted, dtype=np.float64)[:, None] / n
    values -= mean.astype(np.float32)
    values[~said] = 0.0
    spread = np.sqrt(np.einsum("bi,bi,bi->b", values, values, counted, dtype=np.float64)[:, None] / n)
    values *= np.where(spread > 0, 1 / np.maximum(spread, 1e-30), 0.0).astype(np.float32)
    return values


def softened(z: Float32) -> Float32:
    """``log(1 + max(z, 0))``: far above the mean, a little more no longer matters as much."""
    soft: Float32 = np.log1p(np.maximum(z, np.float32(0)))
    return soft
