"""How often each item was chosen *as of* an instant: nothing at or after the instant counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import Bool, Float32, Float64, Int64, Nums, frozen

_FORGOTTEN = 40.0
"""Half-lives after which an event no longer counts (2^-40 of its weight)."""

_STANDSTILL = 20.0
"""Half-lives without any event after which fading stops: a log that ended long ago keeps its order of popularity."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PopularityLog:
    """Who chose what when, kept to answer for any instant.

    Attributes:
        item: int32 [N], by rising time.
        at: int64 [N], milliseconds since 1970 (UTC), never falling.
        weight: float32 [N] >= 0, weight of the event's kind.
        user: int32 [N], so that counts within a group of people can be taken.
        n_items: size of the catalogue.
    """

    item: Nums
    at: Int64
    weight: Float32
    user: Nums
    n_items: int

    def within(self, people: Bool) -> PopularityLog:
        """The log of the people where `people` (bool [n_users]) is true."""
        return self._of(people[self.user])

    def without(self, items: Bool) -> PopularityLog:
        """The log less the items where `items` (bool [n_items]) is true."""
        return self._of(~items[self.item])

    def _of(self, which: Bool) -> PopularityLog:
        return PopularityLog(
            item=frozen(self.item[which]),
            at=frozen(self.at[which]),
            weight=frozen(self.weight[which]),
            user=frozen(self.user[which]),
            n_items=self.n_items,
        )

    def as_of(self, at: Int64, *, half_life: float | None = None, window: float | None = None) -> Float32:
        """Counts strictly before each instant.

        Args:
            at: int64 [B], milliseconds, any order.
            half_life: an event of this age (milliseconds) counts half; None means no decay. Older than forty half-lives it
                does not count at all, so that an answer does not depend on what else is asked. Twenty half-lives after the
                newest event before the instant, all stay as they are.
            window: only events of at most this age (milliseconds) count; None means all.

        Returns:
            float32 [B, n_items]. O(N + B n_items) time, O(B n_items) memory.
        """
        counts = np.empty((len(at), self.n_items), dtype=np.float32)
        state: Float64 = np.zeros(self.n_items)
        inside: Int64 = np.zeros(self.n_items, dtype=np.int64)
        low = high = 0
        reference = 0
        for b in np.argsort(at, kind="stable").tolist():
            moment = int(at[b])
            end = int(np.searchsorted(self.at, moment, side="left"))
            oldest = [] if window is None else [moment - int(window)]
            if half_life is not None:
                if end:
                    moment = min(moment, int(self.at[end - 1]) + int(_STANDSTILL * half_life) + 1)
                oldest.append(moment - int(_FORGOTTEN * half_life))
            start = int(np.searchsorted(self.at, max(oldest), side="left")) if oldest else 0
            if start >= high:
                # nothing counted so far is young enough
                state[:], inside[:] = 0.0, 0
                low = high = start
            elif half_life is not None and moment != reference:
                state *= 2.0 ** ((reference - moment) / half_life)
            reference = moment
            self._add(state, inside, slice(high, end), moment, half_life, 1)
            self._add(state, inside, slice(low, start), moment, half_life, -1)
            left = self.item[low:start]
            # subtraction leaves tiny rests, which must not rank an item above those that never counted
            state[left] = np.where(inside[left] > 0, np.maximum(state[left], 0.0), 0.0)
            low, high = start, end
            counts[b] = state
        return counts

    def _add(self, state: Float64, inside: Int64, rows: slice, moment: int, half_life: float | None, sign: int) -> None:
        """Adds (or with sign -1 takes away) the weights of these rows to `state`, and their number to `inside`."""
        items = self.item[rows]
        if len(items) == 0:
            return
        weight = self.weight[rows].astype(np.float64) * sign
        if half_life is not None:
            weight *= 2.0 ** ((self.at[rows] - moment) / half_life)
        if len(items) < self.n_items // 4:
            np.add.at(state, items, weight)
            np.add.at(inside, items, sign)
        else:
            state += np.bincount(items, weights=weight, minlength=self.n_items)
            inside += sign * np.bincount(items, minlength=self.n_items)
