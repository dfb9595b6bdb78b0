"""What a model is asked: B moments of B people, in numbers. (The padded form for networks will live here too, alone.)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from penchant.data.arrays import Int64, Nums, frozen
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
