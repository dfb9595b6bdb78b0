"""Which rows may be found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Nums = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]

_FEW = 2_000
"""Forbidden rows up to which they are kept by number."""

_NONE: Nums = np.zeros(0, dtype=np.int32)


class Allowed:
    """Rows 0..n-1 less those that are forbidden: by a mask that many share, and some more by number.

    The usual question forbids some tens of a million rows. A mask of its own would cost it as much as half its search, so none
    is made until somebody forbids many, or wants to see it. It belongs to one question, and to one thread.

    Args:
        n: how many rows there are.
        shut: bool [n], rows that are forbidden from the beginning; never written to.
        n_shut: how many these are; counted where it is not given.

    Attributes:
        left: how many rows are allowed.
    """

    def __init__(self, n: int, shut: Bool | None = None, n_shut: int | None = None) -> None:
        if n_shut is None:
            n_shut = 0 if shut is None else int(np.count_nonzero(shut))
        self.n, self.left = n, n - n_shut
        self._shut = shut if n_shut else None
        self._few = _NONE
        self._mask: Bool | None = None

    @classmethod
    def of(cls, mask: Bool) -> Allowed:
        """The rows where `mask` (bool [n]) is true; it is never written to."""
        return cls(len(mask), ~mask)

    @property
    def forbidden(self) -> int:
        """How many rows are not allowed."""
        return self.n - self.left

    @property
    def mask(self) -> Bool:
        """bool [n], to be read; O(n) when it is first wanted."""
        if self._mask is None:
            self._mask = np.ones(self.n, dtype=np.bool_) if self._shut is None else ~self._shut
            self._mask[self._few] = False
        return self._mask

    def holds(self, rows: Nums) -> Bool:
        """Whether each of `rows` is allowed, bool [m]. O(m log forbidden)."""
        if self._mask is not None:
            return self._mask[rows]
        if len(self._few) == 0:
            return np.ones(len(rows), dtype=np.bool_) if self._shut is None else ~self._shut[rows]
        fine: Bool = self._few.take(self._few.searchsorted(rows), mode="clip") != rows
        if self._shut is not None:
            fine &= ~self._shut[rows]
        return fine

    def forbid(self, rows: Nums) -> None:
        """Forbids `rows`, in any order. O(m log m), or O(n) the first time that many are forbidden."""
        if len(rows) == 0:
            return
        if self._mask is None and len(rows) + len(self._few) <= _FEW:
            rising = np.sort(rows[self.holds(rows)])
            if (rising[1:] == rising[:-1]).any():
                rising = np.unique(rising)
            self._few = np.sort(np.concatenate([self._few, rising])) if len(self._few) else rising
            self.left -= len(rising)
        else:
            self.mask[rows] = False
            self.left = int(np.count_nonzero(self.mask))

    def keep(self, mask: Bool) -> None:
        """Forbids the rows where `mask` (bool [n]) is false. O(n)."""
        self._mask = self.mask & mask
        self.left = int(np.count_nonzero(self._mask))

    def keep_only(self, rows: Nums) -> None:
        """Forbids all rows but `rows`, in any order. O(n)."""
        kept = rows[self.holds(rows)]
        self._mask = np.zeros(self.n, dtype=np.bool_)
        self._mask[kept] = True
        self.left = len(np.unique(kept))

    def part(self, start: int, end: int) -> Allowed:
        """Those of the rows ``start:end``, numbered from 0 on."""
        if start == 0 and end == self.n:
            return self
        if self._mask is not None:
            return Allowed.of(self._mask[start:end])
        made = Allowed(end - start, None if self._shut is None else self._shut[start:end])
        low, high = self._few.searchsorted([start, end]).tolist()
        made.forbid(self._few[low:high] - np.int32(start))
        return made
