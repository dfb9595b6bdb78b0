"""How often each item was chosen *as of* an instant: nothing at or after the instant counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import Bool, Float32, Float64, Int64, Nums, frozen

_FORGOTTEN = 40.0
"""Half-lives after which an event no longer counts (2^-40 of its weight)."""


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
        which = people[self.user]
        return PopularityLog(
            item=frozen(self.item[which]),
            at=frozen(self.at[which]),
            weight=frozen(self.weight[which]),
            user=frozen(self.user[which]),
            n_items=self.n_items,
        )

    def before(self, at: int) -> PopularityLog:
        """The log strictly before `at` (milliseconds)."""
        end = int(np.searchsorted(self.at, at, side="left"))
        return PopularityLog(
            item=self.item[:end], at=self.at[:end], weight=self.weight[:end], user=self.user[:end], n_items=self.n_items
        )

    def as_of(self, at: Int64, *, half_life: float | None = None, window: float | None = None) -> Float32:
        """Counts strictly before each instant.

        Args:
            at: int64 [B], milliseconds, any order.
            half_life: an event of this age (milliseconds) counts half; None means no decay.
            window: only events younger than this (milliseconds) count; None means all.

        Returns:
            float32 [B, n_items]. O(N + B n_items) time, O(B n_items) memory.
        """
        counts = np.empty((len(at), self.n_items), dtype=np.float32)
        state: Float64 = np.zeros(self.n_items)
        low = high = 0
        reference = 0
        reach = _reach(half_life, window)
        for i, b in enumerate(np.argsort(at, kind="stable").tolist()):
            moment = int(at[b])
            end = int(np.searchsorted(self.at, moment, side="left"))
            start = 0 if reach is None else int(np.searchsorted(self.at, moment - reach, side="left"))
            if i == 0:
                low = high = start
                reference = moment
            if half_life is not None and moment != reference:
                state *= 2.0 ** ((reference - moment) / half_life)
                reference = moment
            self._add(state, high, end, moment, half_life, 1.0)
            if window is not None:
                self._add(state, low, min(start, end), moment, half_life, -1.0)
                low = max(low, start)
            high = end
            counts[b] = state
        # subtraction leaves tiny rests where the true count is 0
        return np.maximum(counts, 0.0) if window is not None else counts

    def _add(self, state: Float64, low: int, high: int, moment: int, half_life: float | None, sign: float) -> None:
        if high <= low:
            return
        weight = self.weight[low:high].astype(np.float64) * sign
        if half_life is not None:
            weight *= 2.0 ** ((self.at[low:high] - moment) / half_life)
        items = self.item[low:high]
        if high - low < self.n_items // 4:
            np.add.at(state, items, weight)
        else:
            state += np.bincount(items, weights=weight, minlength=self.n_items)


def _reach(half_life: float | None, window: float | None) -> int | None:
    limits = [limit for limit in (window, None if half_life is None else _FORGOTTEN * half_life) if limit is not None]
    return int(min(limits)) if limits else None
