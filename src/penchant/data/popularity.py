"""How often each item was chosen *as of* an instant: nothing at or after the instant counts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from penchant.data.arrays import ArrayT, Bool, Float32, Int64, Nums, frozen
from penchant.data.fading_counts import FadingCounts

_FORGOTTEN = 40.0
"""Half-lives after which an event no longer counts (2^-40 of its weight)."""

_STANDSTILL = 20.0
"""Half-lives without any event after which fading stops: a log that ended long ago keeps its order of popularity."""

_STRETCH = 1 << 14
"""Events of the log between the places whose counts are kept."""

_STEPS = 16
"""Counts are kept so many times in a half-life after the newest event: few events are forgotten in between."""

_KEPT_CELLS = 4_000_000
"""Counts that are kept at most: 64 MB."""


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
    _kept: dict[_Key, FadingCounts] = field(default_factory=dict, init=False, repr=False)
    _later: dict[_Key, FadingCounts] = field(default_factory=dict, init=False, repr=False)

    def extended(self, item: Nums, at: Int64, weight: Float32, *, n_items: int | None = None) -> PopularityLog:
        """The log with more events, in any order of time, of people it does not know; O(N) time and memory.

        Among events of one instant those that are here come first. Kept counts of what lies before the new events go along.

        Args:
            item, at, weight: of each new event, as above.
            n_items: size of the catalogue, which may have grown.
        """
        order = np.argsort(at, kind="stable")
        item, at, weight = item[order], at[order], weight[order]
        places = np.searchsorted(self.at, at, side="right")
        nobody = np.full(len(item), -1, dtype=np.int32)
        parts = {"item": item, "at": at, "weight": weight, "user": nobody}
        made = PopularityLog(
            **{key: frozen(_put(getattr(self, key), places, part)) for key, part in parts.items()},
            n_items=self.n_items if n_items is None else n_items,
        )
        whole = int(places[0]) if len(places) else len(self.at)
        made._kept.update({key: counts for key, counts in self._kept.copy().items() if key[0] <= whole})
        return made

    def within(self, people: Bool) -> PopularityLog:
        """The log of the people where `people` (bool [n_users]) is true; people without a number there are not."""
        known = np.append(people, np.False_)
        return self._of(known[np.where((self.user >= 0) & (self.user < len(people)), self.user, len(people))])

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
        late = self._is_late(at) if window is None else np.zeros(len(at), dtype=np.bool_)
        for b in np.flatnonzero(late).tolist():
            self._faded(int(at[b]), half_life, counts[b])
        early: Int64 = np.flatnonzero(~late)
        if len(early):
            self._counted(at, early, counts, half_life, window)
        return counts

    def of_items(self, at: Int64, items: Nums, *, half_life: float | None = None) -> tuple[Float32, Float32]:
        """Counts of some items, float32 [B, C], and of the most frequent item, float32 [B], as `as_of` gives them.

        O(B C) after the newest event, once its counts are kept.
        """
        counts = np.empty((len(at), len(items)), dtype=np.float32)
        peak = np.zeros(len(at), dtype=np.float32)
        if self.n_items == 0:
            return counts, peak
        newest = int(self.at[-1]) if len(self.at) else None
        for b, moment in enumerate(at.tolist()):
            if newest is None or moment <= newest:
                counts[b], peak[b] = self._among_all(moment, items, half_life)
                continue
            kept, fading, changed, values = self._newest(moment, half_life)
            first, second = kept.greatest
            counts[b] = kept.state[items] * fading
            peak[b] = kept.state[first] * fading
            if len(changed) == 0:
                continue
            place = np.minimum(np.searchsorted(changed, items), len(changed) - 1)
            np.copyto(counts[b], values[place], where=changed[place] == items)
            where = int(np.searchsorted(changed, first))
            if where < len(changed) and changed[where] == first:
                peak[b] = values[where]
                if values[where] < np.float32(second * fading):
                    # another is the most frequent now, and all must be looked at
                    counts[b], peak[b] = self._among_all(moment, items, half_life)
        return counts, peak

    def _among_all(self, moment: int, items: Nums, half_life: float | None) -> tuple[Float32, np.float32]:
        row = self.as_of(np.asarray([moment], dtype=np.int64), half_life=half_life)[0]
        return row[items], row.max()

    def _is_late(self, at: Int64) -> Bool:
        """Whether an instant comes after every event, bool [B]."""
        late: Bool = at > (self.at[-1] if len(self.at) else np.iinfo(np.int64).max)
        return late

    def _faded(self, moment: int, half_life: float | None, counts: Float32) -> None:
        """Writes the counts at an instant after every event to `counts`, float32 [n_items]."""
        kept, fading, changed, values = self._newest(moment, half_life)
        np.multiply(kept.state, fading, out=counts, casting="same_kind")
        counts[changed] = values

    def _newest(self, moment: int, half_life: float | None) -> tuple[FadingCounts, float, Nums, Float32]:
        """Kept counts, what they are multiplied with, and items, rising, of which events were forgotten since, with counts.

        What is kept does not depend on what was asked before: the same events give the same counts, bit by bit.
        """
        last = int(self.at[-1])
        step, since = 0, 0
        if half_life is not None:
            span = half_life / _STEPS
            step = min(int((moment - last - 1) / span), int(_STANDSTILL * _STEPS))
            since = int(step * span)
        key = (step, half_life, None)
        kept = self._later.get(key)
        if kept is None:
            kept = self._begun(last + 1, half_life)
            if since:
                kept.move(self, *self._span(last + 1 + since, half_life, None))
            self._keep(self._later, key, kept)
        start, _, now = self._span(moment, half_life, None)
        fading = kept.fading(now)
        changed, values = kept.without(self, start)
        return kept, fading, changed, (values * fading).astype(np.float32)

    def _counted(self, at: Int64, which: Int64, counts: Float32, half_life: float | None, window: float | None) -> None:
        """Writes the counts at ``at[which]`` to these rows of `counts`."""
        order = which[np.argsort(at[which], kind="stable")]
        starts, ends, moments = self._spans(at[order], half_life, window)
        running = self._stretch(int(starts[0]), int(ends[0]), half_life, window)
        before, said = -1, (-1, -1, -1)
        for b, *span in zip(order.tolist(), starts.tolist(), ends.tolist(), moments.tolist(), strict=True):
            if tuple(span) == said:
                counts[b] = counts[before]
                continue
            running.move(self, *span)
            np.multiply(running.state, running.fading(span[2]), out=counts[b], casting="same_kind")
            before, said = b, tuple(span)

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

    def _span(self, moment: int, half_life: float | None, window: float | None) -> tuple[int, int, int]:
        """The same of one instant: a server asks for one at a time, and arrays of one number take five times as long."""
        end = int(self.at.searchsorted(moment, side="left"))
        now, oldest = moment, None if window is None else moment - int(window)
        if half_life is not None and end:
            now = min(moment, int(self.at[end - 1]) + int(_STANDSTILL * half_life) + 1)
        if half_life is not None and len(self.at):
            forgotten = now - int(_FORGOTTEN * half_life)
            oldest = forgotten if oldest is None else max(oldest, forgotten)
        start = 0 if oldest is None else int(self.at.searchsorted(oldest, side="left"))
        return min(start, end), end, now

    def _begun(self, moment: int, half_life: float | None) -> FadingCounts:
        """Counts at an instant."""
        start, end, now = self._span(moment, half_life, None)
        counts = self._stretch(start, end, half_life, None)
        counts.move(self, start, end, now)
        return counts

    def _stretch(self, start: int, end: int, half_life: float | None, window: float | None) -> FadingCounts:
        """Counts of rows up to the last stretch that ends at or before `end`, to be moved on."""
        place = end // _STRETCH * _STRETCH
        if place <= start:
            return FadingCounts.none(self, start, half_life)
        key = (place, half_life, window)
        kept = self._kept.get(key)
        if kept is None:
            # just after the newest event: every later question starts at the same row or a later one
            low, _, moment = self._span(int(self.at[place - 1]) + 1, half_life, window)
            kept = FadingCounts.none(self, low, half_life)
            kept.move(self, low, place, moment)
            self._keep(self._kept, key, kept)
        return kept.copied(self.n_items)

    def _keep(self, where: dict[_Key, FadingCounts], key: _Key, counts: FadingCounts) -> None:
        while len(where) >= max(2, _KEPT_CELLS // max(self.n_items, 1)):
            where.pop(next(iter(where.copy())), None)
        where[key] = counts


_Key = tuple[int, float | None, float | None]


def _put(old: ArrayT, places: Int64, new: ArrayT) -> ArrayT:
    """`old` with each of `new` put before the place (of `old`, rising) that is said."""
    if len(places) == 0 or int(places[0]) == len(old):
        return np.concatenate([old, new.astype(old.dtype)])  # type: ignore[return-value]
    return np.insert(old, places, new)  # type: ignore[return-value]
