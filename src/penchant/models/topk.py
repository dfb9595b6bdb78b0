"""The one top-k and the one masking of items that must not be recommended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from penchant.data.arrays import AnyArray, Bool, Float32, Int64, Nums, frozen
from penchant.data.sequences import Histories

_GROUPS_A_PLACE = 8
"""Groups of items, for each place of a list, whose greatest scores bound the best from below: more are finer and cost more."""

_FEW = 6
"""Scores at or above that bound, for each place of the list, that are still few."""

_KEYS_AT_ONCE = 1 << 18
"""Keys held at once where whole rows are looked at: 2 MB, about what a cache close to the processor holds."""

_NOTHING = np.iinfo(np.int64).max
"""The key of what is not there; it stands behind all others."""

_PLACE = 0xFFFFFFFF
"""The half of a key that holds the place in `tie_order`, or the `tie_key`."""

_FACTOR = 2654435761
"""Odd, near 2^32 / golden ratio."""

_HASH, _UNHASH = np.uint64(_FACTOR), np.uint64(pow(_FACTOR, -1, 1 << 32))


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


def forbid_seen(scores: Float32, history: Histories, which: Bool | None = None) -> None:
    """Sets the score of every item of each query's history to NaN, in place; `which` (bool [B]): only of these queries.

    scores: float32 [B, n_items].
    """
    owner, item = history.owner, history.item
    if which is not None and not which.all():
        chosen = which[owner]
        owner, item = owner[chosen], item[chosen]
    scores[owner, item] = np.nan


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
    order = np.empty(n_items, dtype=np.int32)
    order[np.argsort(tie_key(np.arange(n_items)), kind="stable")] = np.arange(n_items, dtype=np.int32)
    return frozen(order)


def tie_key(items: AnyArray) -> Int64:
    """Distinct numbers below 2^32 that rise with `tie_order`, whatever the size of the catalogue; int64, in the same shape."""
    # Knuth's multiplicative hash (The Art of Computer Programming 3, 6.4)
    return ((items.astype(np.uint64) * _HASH) & np.uint64(_PLACE)).astype(np.int64)


def _item_of(keys: Int64) -> Nums:
    """The items of keys made by `order_keys` with `tie_key`; an odd factor can be undone modulo 2^32."""
    return (((keys & _PLACE).astype(np.uint64) * _UNHASH) & np.uint64(_PLACE)).astype(np.int32)


def top_k(scores: Float32, k: int) -> TopK:
    """The k best finite scores of each row; equal ones in the fixed order of `tie_order`.

    Args:
        scores: float32 [B, n_items]; NaN and infinities are never taken.
        k: >= 1; more than there are items is fine.

    O(B (n_items + k log k)) time, B n_items bytes beside the scores: two passes find the few that can be among the best, and
    only those are sorted. Rows where that does not narrow it down (many equals, few opinions) cost about ten times as much.
    """
    n_queries, n_items = scores.shape
    width = min(k, n_items)
    keys = np.full((n_queries, width), _NOTHING, dtype=np.int64)
    if width == 0:
        nothing = np.zeros(n_queries, dtype=np.int64)
        return TopK(items=frozen(keys.astype(np.int32)), scores=frozen(keys.astype(np.float32)), n=frozen(nothing))
    crowded = _fill_from_few(keys, scores)
    at_once = max(1, _KEYS_AT_ONCE // n_items)
    for start in range(0, len(crowded), at_once):
        rows = crowded[start : start + at_once]
        block = scores[rows]
        every = np.where(np.isfinite(block), order_keys(block, tie_key(np.arange(n_items))), _NOTHING)
        keys[rows] = np.partition(every, width - 1, axis=1)[:, :width]
    keys.sort(axis=1)
    filled = keys != _NOTHING
    items = np.where(filled, _item_of(keys), np.int32(0))
    best = np.where(filled, np.take_along_axis(scores, items, axis=1), np.float32(0.0))
    return TopK(items=frozen(items), scores=frozen(best), n=frozen(filled.sum(axis=1)))


def _fill_from_few(keys: Int64, scores: Float32) -> Int64:
    """Fills the keys of all rows in which few scores can be among the best; returns the other rows, int64 [m].

    If each of `width` groups of items has a member of at least some score, then nothing below that score is among the best
    `width`. Groups are of equal size and interleaved, so that their maxima cost one pass over memory.
    """
    (n_queries, width), n_items = keys.shape, scores.shape[1]
    groups = _GROUPS_A_PLACE * width
    deep = n_items // groups
    if deep < 2:
        return np.arange(n_queries, dtype=np.int64)
    greatest = np.fmax.reduce(scores[:, : deep * groups].reshape(n_queries, deep, groups), axis=1)
    # an infinity is never taken, and could hide a finite score of its group
    usable = ~(greatest == np.inf).any(axis=1)
    greatest[np.isnan(greatest)] = -np.inf
    least = np.partition(greatest, groups - width, axis=1)[:, groups - width]
    usable &= least > -np.inf
    cells = np.flatnonzero(scores >= np.where(usable, least, np.inf).astype(np.float32)[:, None])
    row = cells // n_items
    many = np.bincount(row, minlength=n_queries)
    usable &= many <= _FEW * width
    kept = usable[row]
    cells, row = cells[kept], row[kept]
    many = np.where(usable, many, 0)
    item = cells - row * n_items
    value = scores.ravel()[cells]
    few = np.full((n_queries, max(int(many.max(initial=0)), width)), _NOTHING, dtype=np.int64)
    few[row, np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)] = np.where(
        np.isfinite(value), order_keys(value, tie_key(item)), _NOTHING
    )
    few.sort(axis=1)
    keys[usable] = few[usable, :width]
    return np.flatnonzero(~usable)


def order_keys(scores: Float32, place: Nums | Int64) -> Int64:
    """Numbers that rise as finite scores fall, and among equal scores with `place`; int64 in the shape of both together."""
    # the bits of a positive float, read as an integer, rise with it; those of a negative one fall. Adding 0 makes -0 to 0
    bits = (scores + np.float32(0.0)).view(np.int32)
    rising = bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
    keys: Int64 = (~rising).astype(np.int64) << 32
    keys |= place
    return keys


@lru_cache(maxsize=4)
def item_at_place(n_items: int) -> Nums:
    """The inverse of `tie_order`."""
    return frozen(np.argsort(tie_order(n_items)).astype(np.int32))
