"""An index to which rows are added and from which rows are taken, without building the big part anew."""

from __future__ import annotations

import numpy as np

from penchant.index.exact import ExactIndex
from penchant.index.products import best
from penchant.index.protocol import Allowed, Bool, Float32, Nums, VectorIndex


class GrowingIndex:
    """A big part that stays, a small exact part behind it, and rows that are no longer found.

    It is never changed: `with_rows` and `without` give another one that shares the big part, so that whoever searches meanwhile
    is not disturbed, and a swap is one assignment. Searches slow down with rows added and taken: build anew after some ten
    thousand.
    """

    def __init__(self, base: VectorIndex, extra: Float32 | None = None, gone: Bool | None = None) -> None:
        self.base = base
        self._extra = None if extra is None or len(extra) == 0 else ExactIndex(extra)
        self._stays: Bool | None = None if gone is None or not gone.any() else ~gone

    @property
    def n_items(self) -> int:
        """Rows of both parts; those taken away still count, so that numbers stay."""
        return self.base.n_items + (self._extra.n_items if self._extra else 0)

    def with_rows(self, vectors: Float32) -> GrowingIndex:
        """One that also holds `vectors` (float32 [m, D]), numbered from `n_items` on. O(rows added so far) time."""
        extra = vectors if self._extra is None else np.concatenate([self._extra.vectors, vectors])
        gone = np.zeros(self.base.n_items + len(extra), dtype=np.bool_)
        if self._stays is not None:
            gone[: len(self._stays)] = ~self._stays
        return GrowingIndex(self.base, extra, gone)

    def without(self, rows: Nums) -> GrowingIndex:
        """One that no longer finds `rows` (int32 [m]). O(n_items) time."""
        gone = np.zeros(self.n_items, dtype=np.bool_) if self._stays is None else ~self._stays
        gone[rows] = True
        return GrowingIndex(self.base, None if self._extra is None else self._extra.vectors, gone)

    def vectors_of(self, items: Nums) -> Float32:
        """See `VectorIndex`; rows that were taken away still have their vectors."""
        if self._extra is None:
            return self.base.vectors_of(items)
        big = items < self.base.n_items
        found = self._extra.vectors_of(np.where(big, 0, items - self.base.n_items))
        found[big] = self.base.vectors_of(items[big])
        return found

    def search(self, query: Float32, n: int, allowed: Allowed | None = None) -> tuple[Nums, Float32]:
        """See `VectorIndex`."""
        if self._stays is not None:
            allowed = Allowed.of(self._stays if allowed is None else allowed.mask & self._stays)
        if self._extra is None:
            return self.base.search(query, n, allowed)
        first = self.base.n_items
        head, tail = (None, None) if allowed is None else (allowed.part(0, first), allowed.part(first, allowed.n))
        items, scores = self.base.search(query, n, head)
        more, more_scores = self._extra.search(query, n, tail)
        both = np.concatenate([items, more + np.int32(first)]).astype(np.int32)
        rising = np.argsort(both)
        return best(both[rising], np.concatenate([scores, more_scores])[rising], n)
