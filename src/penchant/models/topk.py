"""The one top-k and the one masking of items that must not be recommended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from penchant.data.arrays import Float32, Nums, frozen
from penchant.data.sequences import Histories


@dataclass(frozen=True, kw_only=True, eq=False)
class TopK:
    """The best items of B queries, best first.

    Attributes:
        items: int32 [B, k].
        scores: float32 [B, k].
        n: int64 [B], how many of the k places are filled; what lies behind them means nothing.
    """

    items: Nums
    scores: Float32
    n: np.ndarray


def forbid_seen(scores: Float32, history: Histories) -> None:
    """Sets the score of every item of each query's history to NaN, in place. scores: float32 [B, n_items]."""
    scores[history.owner, history.item] = np.nan


def forbid(scores: Float32, excluded: Sequence[Nums]) -> None:
    """Sets the scores of the excluded items of each query to NaN, in place. scores: float32 [B, n_items]."""
    for row, items in zip(scores, excluded, strict=True):
        row[items] = np.nan


def allow_only(scores: Float32, candidates: Sequence[Nums | None]) -> None:
    """Sets the scores of all other items than the candidates to NaN, in place; None allows all."""
    for row, items in zip(scores, candidates, strict=True):
        if items is not None:
            kept = row[items]
            row[:] = np.nan
            row[items] = kept


@lru_cache(maxsize=4)
def tie_order(n_items: int) -> Nums:
    """A fixed scrambled order of the items, int32 [n_items], that decides between equal scores.

    Item numbers follow the time of first appearance; ordering ties by them would favour old items.
    """
    # Knuth's multiplicative hash (The Art of Computer Programming 3, 6.4): odd constant near 2^32 / golden ratio
    hashed = (np.arange(n_items, dtype=np.uint64) * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    order = np.empty(n_items, dtype=np.int32)
    order[np.argsort(hashed, kind="stable")] = np.arange(n_items, dtype=np.int32)
    return frozen(order)


def top_k(scores: Float32, k: int) -> TopK:
    """The k best finite scores of each row.

    Args:
        scores: float32 [B, n_items]; NaN and infinities are never taken.
        k: >= 1; more than there are items is fine.

    O(B (n_items + k log k)) time.
    """
    n_queries, n_items = scores.shape
    width = min(k, n_items)
    items = np.zeros((n_queries, width), dtype=np.int32)
    best = np.zeros((n_queries, width), dtype=np.float32)
    n = np.zeros(n_queries, dtype=np.int64)
    order = tie_order(n_items)
    for b, row in enumerate(scores):
        found = _best_of(row, width, order)
        n[b] = len(found)
        items[b, : len(found)] = found
        best[b, : len(found)] = row[found]
    return TopK(items=frozen(items), scores=frozen(best), n=frozen(n))


def _best_of(row: Float32, k: int, order: Nums) -> Nums:
    finite = np.isfinite(row)
    open_items = np.flatnonzero(finite)
    if len(open_items) > k:
        # turned round, because numpy's partition near the end of an array of mostly equal values is fifty times slower
        loss = -row if finite.all() else -row[open_items]
        threshold = np.partition(loss, k - 1)[k - 1]
        better, equal = open_items[loss < threshold], open_items[loss == threshold]
        # most items may share the threshold (a score of 0): only the first of them in the fixed order are sorted
        missing = k - len(better)
        equal = equal[np.argpartition(order[equal], missing - 1)[:missing]]
        open_items = np.concatenate([better, equal])
    ranked = np.lexsort((order[open_items], -row[open_items]))
    chosen: Nums = open_items[ranked].astype(np.int32)
    return chosen
