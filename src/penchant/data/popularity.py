"""How often each item was chosen *as of* an instant: nothing at or after the instant counts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from penchant.data.arrays import Bool, Float32, Float64, Int64, Nums, frozen

_FORGOTTEN = 40.0
"""Half-lives after which an event no longer counts (2^-40 of its weight)."""

_STANDSTILL = 20.0
"""Half-lives without any event after which fading stops: a log that ended long ago keeps its order of popularity."""

_STRETCH = 1 << 14
"""Events of the log between the places whose counts are kept."""

_KEPT_CELLS = 4_000_000
"""Counts that are kept at most: 64 MB."""

_REBASE = 64.0
"""Half-lives after which counts are expressed relative to a newer instant, long before float64 overflows."""


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
    _kept: dict[tuple[int, float | None, float | None], _Counts] = field(default_factory=dict, init=False, repr=False)

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
            float32 [B, n_items]. O(B n_items) time, plus O(N) for the first call in a stretch of the log; later ones find the
            counts of its beginning. O(B n_items) memory.
        """
        counts = np.empty((len(at), self.n_items), dtype=np.float32)
        if len(at) == 0:
            return counts
        order = np.argsort(at, kind="stable")
        starts, ends, moments = self._spans(at[order], half_life, window)
        running = self._begun(int(starts[0]), int(ends[0]), half_life, window)
        before, said = -1, (-1, -1, -1)
        for b, *span in zip(order.tolist(), starts.tolist(), ends.tolist(), moments.tolist(), strict=True):
            if tuple(span) == said:
                counts[b] = counts[before]
                continue
            running.move(self, *span)
            np.multiply(running.state, running.fading(span[2]), out=counts[b], casting="same_kind")
            before, said = b, tuple(span)
        return counts

    def _spans(self, at: Int64, half_life: float | None, window: float | None) -> tuple[Int64, Int64, Int64]:
        """The rows ``start:end`` that count at each instant, and the instant that their age is counted from."""
        ends = np.searchsorted(self.at, at, side="left")
        moments = at
        oldest = np.full(len(at), np.iinfo(np.int64).min)
        if window is not None:
            oldest = at - int(window)
        if half_life is not None and len(self.at):
            newest = np.where(ends > 0, self.at[np.maximum(ends - 1, 0)], at)
            moments = np.minimum(at, newest + int(_STANDSTILL * half_life) + 1)
            oldest = np.maximum(oldest, moments - int(_FORGOTTEN * half_life))
        return np.minimum(np.searchsorted(self.at, oldest, side="left"), ends), ends, moments

    def _begun(self, start: int, end: int, half_life: float | None, window: float | None) -> _Counts:
        """Counts of rows up to the last stretch that ends at or before `end`: always those that a fresh log would give."""
        place = end // _STRETCH * _STRETCH
        if place <= start:
            return _Counts.none(self, start, half_life)
        key = (place, half_life, window)
        kept = self._kept.get(key)
        if kept is None:
            # just after the newest event: every later question starts at the same row or a later one
            low, _, moment = (int(part[0]) for part in self._spans(self.at[place - 1 : place] + 1, half_life, window))
            kept = _Counts.none(self, low, half_life)
            kept.move(self, low, place, moment)
            while len(self._kept) >= max(1, _KEPT_CELLS // max(self.n_items, 1)):
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[key] = kept
        return kept.copied()


@dataclass(kw_only=True, eq=False)
class _Counts:
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

    @classmethod
    def none(cls, log: PopularityLog, start: int, half_life: float | None) -> _Counts:
        """Nothing counted yet; the first row will be `start`."""
        return cls(
            state=np.zeros(log.n_items), inside=np.zeros(log.n_items, dtype=np.int64), low=start, high=start,
            reference=int(log.at[start]) if start < len(log.at) else 0, half_life=half_life,
        )  # fmt: skip

    def copied(self) -> _Counts:
        """The same, with arrays of its own."""
        return _Counts(
            state=self.state.copy(), inside=self.inside.copy(), low=self.low, high=self.high,
            reference=self.reference, half_life=self.half_life,
        )  # fmt: skip

    def fading(self, moment: int) -> float:
        """What `state` is multiplied with at that instant."""
        return 1.0 if self.half_life is None else 2.0 ** ((self.reference - moment) / self.half_life)

    def move(self, log: PopularityLog, start: int, end: int, moment: int) -> None:
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

    def _add(self, log: PopularityLog, rows: slice, sign: int) -> None:
        """Adds (or with sign -1 takes away) the weights of these rows to `state`, and their number to `inside`."""
        items = log.item[rows]
        if len(items) == 0:
            return
        weight = log.weight[rows].astype(np.float64) * sign
        if self.half_life is not None:
            weight *= np.exp2((log.at[rows] - self.reference) / self.half_life)
        if len(items) < len(self.state) // 4:
            np.add.at(self.state, items, weight)
            np.add.at(self.inside, items, sign)
        else:
            self.state += np.bincount(items, weights=weight, minlength=len(self.state))
            self.inside += sign * np.bincount(items, minlength=len(self.inside))
