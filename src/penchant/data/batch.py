"""What a model is asked: B moments of B people, in numbers; and ragged pasts as rectangles, the only padding there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from penchant.data.arrays import Bool, Int64, Nums, frozen
from penchant.data.features import Categories, FeatureTable, Numbers
from penchant.data.popularity import PopularityLog
from penchant.data.sequences import Histories

NOBODY = -1
"""The user number of a stranger."""


@dataclass(frozen=True, kw_only=True, eq=False)
class QueryBatch:
    """B queries.

    Attributes:
        at: int64 [B], the moments, milliseconds since 1970 (UTC).
        user: int32 [B], number of each person, `NOBODY` for a stranger.
        history: what each person did strictly before `at`.
        user_features: attributes of each person, B rows.
        context: circumstances of each moment, B rows a field.
        items: attributes of the whole catalogue as it is now; it may have grown since a model was fitted.
        popularity: who chose what; counts must be taken as of `at`.
        time_zone: where the clock on the wall is read.
        is_moment: False when `at` only bounds what is known and one list serves many moments; then neither the hour nor the
            weekday of `at` means anything.
    """

    at: Int64
    user: Nums
    history: Histories
    user_features: FeatureTable
    items: FeatureTable
    popularity: PopularityLog
    context: Mapping[str, Categories | Numbers] = field(default_factory=dict)
    time_zone: str = "UTC"
    is_moment: bool = True

    def __post_init__(self) -> None:
        """Checks that all parts speak of the same B queries."""
        b = len(self.at)
        if not (len(self.user) == len(self.history) == self.user_features.n_rows == b):
            raise ValueError(f"query batch: parts of different lengths, expected {b} rows each")

    def __len__(self) -> int:
        """Number of queries."""
        return len(self.at)

    @property
    def n_items(self) -> int:
        """Size of the catalogue now."""
        return self.items.n_rows

    def take(self, rows: Int64) -> QueryBatch:
        """The queries `rows` (int [m]) in that order."""
        return replace(
            self,
            at=frozen(self.at[rows]),
            user=frozen(self.user[rows]),
            history=self.history.take(rows),
            user_features=self.user_features.take(rows),
            context={name: column.take(rows) for name, column in self.context.items()},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class SequenceBatch:
    """B pasts as rectangles [B, T], each filled from the left: what is padded lies behind the newest event.

    A net in which a place sees only what came before it so never sees padding, and needs no mask against it.

    Attributes:
        length: int64 [B], events of each past; T is the greatest or a little more, and 1 at least.
        item: int64 [B, T]; `n_items` where padded.
        at: int64 [B, T], milliseconds; the newest time of the past where padded.
        real: bool [B, T], whether a place holds an event.
    """

    length: Int64
    item: Int64
    at: Int64
    real: Bool

    @classmethod
    def of(cls, length: Int64, item: Nums, at: Int64, *, n_items: int, step: int = 1, most: int = 1) -> Self:
        """The ragged values `item` and `at` (one element an event, past after past, oldest first) as rectangles.

        Args:
            step: T is a multiple of it, or `most`: libraries prepare themselves for each shape, so few shapes are faster.
            most: T is rounded up to so many places at most.
        """
        longest = int(length.max(initial=1))
        wide = max(longest, min(-(-longest // step) * step, most))
        real = np.arange(wide) < length[:, None]
        items = np.full(real.shape, n_items, dtype=np.int64)
        items[real] = item
        times = np.zeros(real.shape, dtype=np.int64)
        times[real] = at
        times = np.maximum.accumulate(times, axis=1)
        return cls(length=length, item=items, at=times, real=real)

    @classmethod
    def of_histories(cls, histories: Histories, *, n_items: int, max_len: int) -> Self:
        """The newest `max_len` events of each past."""
        newest = histories.last(max_len)
        return cls.of(newest.lengths, newest.item, newest.at, n_items=n_items)
