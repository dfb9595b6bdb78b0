"""Each person's events in order, without copying the log, and ragged histories cut from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from penchant.data.arrays import Bool, Float32, Int64, Kinds, Nums, frozen, offsets_of, ragged_positions
from penchant.data.features import Categories, Numbers
from penchant.data.interactions import Interactions


@dataclass(frozen=True, kw_only=True, eq=False)
class Histories:
    """The pasts of B queries, oldest event first; query b owns the elements ``offsets[b]:offsets[b+1]``.

    Attributes:
        offsets: int64 [B+1].
        item, at, kind, value: one element an event, as in `Interactions`.
        context: circumstances of each event, by field name.
    """

    offsets: Int64
    item: Nums
    at: Int64
    kind: Kinds
    value: Float32
    context: Mapping[str, Categories | Numbers] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of queries."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Int64:
        """Events of each query, int64 [B]."""
        return np.diff(self.offsets)

    @property
    def owner(self) -> Int64:
        """Query number of each event, int64 [total]."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    @property
    def age(self) -> Int64:
        """Place of each event counted from the newest of its query: 0 is the newest. int64 [total]."""
        return np.repeat(self.offsets[1:], self.lengths) - 1 - np.arange(len(self.item), dtype=np.int64)

    def keep(self, which: Bool) -> Histories:
        """Only the events where `which` (bool [total]) is true; queries stay, perhaps with nothing."""
        if bool(which.all()):
            return self
        before = np.concatenate([[0], np.cumsum(which, dtype=np.int64)])
        return self._picked(frozen(before[self.offsets]), np.flatnonzero(which))

    def last(self, n: int) -> Histories:
        """Only the newest `n` events of each query."""
        return self.keep(self.age < n) if bool((self.lengths > n).any()) else self

    def take(self, rows: Int64) -> Histories:
        """The histories of the queries `rows` (int [m]) in that order."""
        length = self.lengths[rows]
        return self._picked(frozen(offsets_of(length)), ragged_positions(self.offsets[rows], length))

    def _picked(self, offsets: Int64, positions: Int64) -> Histories:
        return Histories(
            offsets=offsets,
            item=frozen(self.item[positions]),
            at=frozen(self.at[positions]),
            kind=frozen(self.kind[positions]),
            value=frozen(self.value[positions]),
            context={name: column.take(positions) for name, column in self.context.items()},
        )

    @classmethod
    def empty(cls, n: int) -> Histories:
        """`n` queries without a past."""
        return cls(
            offsets=np.zeros(n + 1, dtype=np.int64),
            item=np.zeros(0, dtype=np.int32),
            at=np.zeros(0, dtype=np.int64),
            kind=np.zeros(0, dtype=np.int8),
            value=np.zeros(0, dtype=np.float32),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Sequences:
    """The log ordered by person: person u owns places ``offsets[u]:offsets[u+1]``, oldest first.

    Attributes:
        rows: int64 [N], row of the log at each place.
        offsets: int64 [n_users+1].
        log: the log that `rows` points into.
    """

    rows: Int64
    offsets: Int64
    log: Interactions

    @classmethod
    def of(cls, log: Interactions, n_users: int) -> Sequences:
        """Orders by person, then by the log's `order` column where it has one, else by time. O(N log N)."""
        rows = np.argsort(log.user, kind="stable") if log.order is None else np.lexsort((log.order, log.user))
        counts = np.bincount(log.user, minlength=n_users)
        return cls(rows=frozen(rows.astype(np.int64)), offsets=frozen(offsets_of(counts)), log=log)

    def __len__(self) -> int:
        """Number of people."""
        return len(self.offsets) - 1

    def place_of_rows(self) -> Int64:
        """The place of every row of the log, int64 [N] (the inverse of `rows`)."""
        place = np.empty(len(self.rows), dtype=np.int64)
        place[self.rows] = np.arange(len(self.rows), dtype=np.int64)
        return place

    def first_of_instant(self) -> Int64:
        """For each place, the first place of the same person with the same time, int64 [N].

        What lies before it is what is known *strictly earlier*: events that share a second (a basket, a page) never
        tell about each other.
        """
        n = len(self.rows)
        if n == 0:
            return np.zeros(0, dtype=np.int64)
        at, user = self.log.at[self.rows], self.log.user[self.rows]
        if self.log.order is not None:
            # a named order may disagree with time: what is known ends at the first event that is not earlier
            instants, rank = np.unique(at, return_inverse=True)
            key = user.astype(np.int64) * len(instants) + rank
            return np.searchsorted(np.maximum.accumulate(key), key, side="left").astype(np.int64)
        new = np.ones(n, dtype=np.bool_)
        new[1:] = (at[1:] != at[:-1]) | (user[1:] != user[:-1])
        return np.maximum.accumulate(np.where(new, np.arange(n, dtype=np.int64), 0))

    def places_before(self, user: Nums, at: Int64) -> Int64:
        """For each pair, the end of the places of `user` with an event strictly earlier than `at`, int64 [B].

        Where a named order disagrees with time, the end is before the first event that is not earlier.

        Args:
            user: int32 [B], known people only; a stranger has no places.
        """
        if self.log.order is None:
            return self._first_not_before(self.offsets[user], self.offsets[user + 1], at)
        ends = np.empty(len(user), dtype=np.int64)
        for i, (person, moment) in enumerate(zip(user.tolist(), at.tolist(), strict=True)):
            low, high = int(self.offsets[person]), int(self.offsets[person + 1])
            own = self.log.at[self.rows[low:high]]
            ends[i] = low + np.searchsorted(np.maximum.accumulate(own), moment, side="left")
        return ends

    def _first_not_before(self, low: Int64, high: Int64, at: Int64) -> Int64:
        """The first place of each range ``low:high`` with a time of `at` or later, else its end; halves all at once."""
        low, high = low.copy(), high.copy()
        while (low < high).any():
            # an empty range looks at a place that exists, and stays as it is
            middle = np.minimum((low + high) // 2, len(self.rows) - 1)
            earlier = (self.log.at[self.rows[middle]] < at) & (low < high)
            low = np.where(earlier, middle + 1, low)
            high = np.where(earlier, high, np.minimum(middle, high))
        return low

    def histories(self, low: Int64, high: Int64) -> Histories:
        """The events at the places ``low[b]:high[b]`` for each query b."""
        length = np.maximum(high - low, 0)
        picked = self.rows[ragged_positions(low, length)]
        log = self.log
        return Histories(
            offsets=frozen(offsets_of(length)),
            item=frozen(log.item[picked]),
            at=frozen(log.at[picked]),
            kind=frozen(log.kind[picked]),
            value=frozen(log.value[picked]),
            context={name: column.take(picked) for name, column in log.context.items()},
        )
