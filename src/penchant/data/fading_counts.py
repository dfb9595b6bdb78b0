"""Counts of choices that fade with age, as a log moves on: events come in at one end and are forgotten at the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from penchant.data.arrays import Float32, Float64, Int64, Nums

_REBASE = 64.0
"""Half-lives after which counts are expressed relative to a newer instant, long before float64 overflows."""


class Choices(Protocol):
    """What is counted; see `penchant.data.popularity.PopularityLog`."""

    @property
    def item(self) -> Nums:
        """Of each row, int32 [N]."""

    @property
    def at(self) -> Int64:
        """Of each row, int64 [N], never falling."""

    @property
    def weight(self) -> Float32:
        """Of each row, float32 [N]."""

    @property
    def n_items(self) -> int:
        """Size of the catalogue."""


@dataclass(kw_only=True, eq=False)
class FadingCounts:
    """Decayed counts of the rows ``low:high`` of a log, as it moves on.

    Attributes:
        state: float64 [n_items], what each item counts, were it `reference` (milliseconds) now.
        inside: int64 [n_items], rows of each item.
    """

    state: Float64
    inside: Int64
    low: int
    high: int
    reference: int
    half_life: float | None
    _without: tuple[int, tuple[Nums, Float64]] | None = field(default=None, repr=False)

    @classmethod
    def none(cls, log: Choices, start: int, half_life: float | None) -> FadingCounts:
        """Nothing counted yet; the first row will be `start`."""
        return cls(
            state=np.zeros(log.n_items), inside=np.zeros(log.n_items, dtype=np.int64), low=start, high=start,
            reference=int(log.at[start]) if start < len(log.at) else 0, half_life=half_life,
        )  # fmt: skip

    @cached_property
    def greatest(self) -> tuple[int, float]:
        """The item that counts most, and what the next one counts in `state`; only for counts that do not move any more."""
        first = int(self.state.argmax())
        others = max(self.state[:first].max(initial=0.0), self.state[first + 1 :].max(initial=0.0))
        return first, float(others)

    def copied(self, n_items: int) -> FadingCounts:
        """The same, with arrays of its own, for a catalogue that has grown to `n_items`."""
        more = n_items - len(self.state)
        return FadingCounts(
            state=np.append(self.state, np.zeros(more)), inside=np.append(self.inside, np.zeros(more, dtype=np.int64)),
            low=self.low, high=self.high, reference=self.reference, half_life=self.half_life,
        )  # fmt: skip

    def without(self, log: Choices, start: int) -> tuple[Nums, Float64]:
        """What `move` would make of `state` if the rows before `start` no longer counted: items int32 [m], rising, and values.

        Only of the items that these rows are about; for counts that do not move any more.
        """
        kept = self._without
        if kept is not None and kept[0] == start:
            return kept[1]
        rows = slice(self.low, start)
        items, place, count = np.unique(log.item[rows], return_inverse=True, return_counts=True)
        weight = np.bincount(place, weights=self._weights(log, rows), minlength=len(items))
        left = np.where(self.inside[items] > count, np.maximum(self.state[items] - weight, 0.0), 0.0)
        self._without = start, (items, left)
        return items, left

    def fading(self, moment: int) -> float:
        """What `state` is multiplied with at that instant."""
        return 1.0 if self.half_life is None else 2.0 ** ((self.reference - moment) / self.half_life)

    def move(self, log: Choices, start: int, end: int, moment: int) -> None:
        """Counts the rows ``start:end`` instead, none of which may lie before those counted so far."""
        if start >= self.high:
            # nothing counted so far is young enough
            self.state[:], self.inside[:] = 0.0, 0
            self.low = self.high = start
            self.reference = moment
        elif self.half_life is not None and moment - self.reference > _REBASE * self.half_life:
            self.state *= self.fading(moment)
            self.reference = moment
        self._add(log, slice(self.high, end), 1)
        if start > self.low:
            self._add(log, slice(self.low, start), -1)
            left = log.item[self.low : start]
            # subtraction leaves tiny rests, which must not rank an item above those that never counted
            self.state[left] = np.where(self.inside[left] > 0, np.maximum(self.state[left], 0.0), 0.0)
        self.low, self.high = start, end

    def _add(self, log: Choices, rows: slice, sign: int) -> None:
        """Adds (or with sign -1 takes away) the weights of these rows to `state`, and their number to `inside`."""
        items = log.item[rows]
        if len(items) == 0:
            return
        weight = self._weights(log, rows) * sign
        if len(items) < len(self.state) // 4:
            np.add.at(self.state, items, weight)
            np.add.at(self.inside, items, sign)
        else:
            self.state += np.bincount(items, weights=weight, minlength=len(self.state))
            self.inside += sign * np.bincount(items, minlength=len(self.inside))

    def _weights(self, log: Choices, rows: slice) -> Float64:
        weight = log.weight[rows].astype(np.float64)
        if self.half_life is not None:
            weight *= np.exp2((log.at[rows] - self.reference) / self.half_life)
        return weight
