"""A log with its vocabularies and attributes: what models are fitted on and protocols cut."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from penchant.data.arrays import AnyArray, Bool, Float32, frozen
from penchant.data.catalogue import Catalogue, People
from penchant.data.features import FeatureTable
from penchant.data.interactions import Interactions
from penchant.data.popularity import PopularityLog
from penchant.data.schema import Schema
from penchant.data.sequences import Sequences
from penchant.data.vocabulary import Vocabulary


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Columnar and read-only.

    Attributes:
        users, items: vocabularies; people and items without a single event are in them too.
        interactions: the log, sorted by time.
        user_features, item_features: one row a person, one row an item.
        timed: False when the log had no timestamps; then `at` only counts the events in their order.
        name: short name shown in reports.
    """

    schema: Schema
    users: Vocabulary
    items: Vocabulary
    interactions: Interactions
    user_features: FeatureTable
    item_features: FeatureTable
    timed: bool = True
    name: str = "log"

    def __post_init__(self) -> None:
        """Checks that the tables have a row for each person and item."""
        if self.user_features.n_rows != len(self.users) or self.item_features.n_rows != len(self.items):
            raise ValueError("dataset: attribute tables must have one row for each id of their vocabulary")

    def __repr__(self) -> str:
        """One line; the columns themselves would fill a screen."""
        return f"Dataset({self.name!r}, {len(self):,} events, {self.n_users:,} people, {self.n_items:,} items)"

    @property
    def n_users(self) -> int:
        """Number of people in the vocabulary."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items in the vocabulary."""
        return len(self.items)

    def __len__(self) -> int:
        """Number of events."""
        return len(self.interactions)

    @cached_property
    def sequences(self) -> Sequences:
        """The events of each person in order."""
        return Sequences.of(self.interactions, self.n_users)

    @cached_property
    def kind_weight(self) -> Float32:
        """Weight of each event kind by its number, float32 [n_kinds]."""
        return frozen(np.asarray([kind.weight for kind in self.schema.kinds.values()], dtype=np.float32))

    @cached_property
    def popularity(self) -> PopularityLog:
        """Who chose what when."""
        log = self.interactions
        return PopularityLog(
            item=log.item, at=log.at, weight=frozen(self.kind_weight[log.kind]), user=log.user, n_items=self.n_items
        )

    @cached_property
    def seen_items(self) -> Bool:
        """Whether an item has at least one event here, bool [n_items]."""
        return frozen(np.bincount(self.interactions.item, minlength=self.n_items) > 0)

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that change with any event (who, what, when, kind)."""
        sha = hashlib.sha256()
        log = self.interactions
        ids = (self.users.ids.blob, self.users.ids.offsets, self.items.ids.blob, self.items.ids.offsets)
        for column in (log.user, log.item, log.at, log.kind, log.value, *ids):
            sha.update(np.ascontiguousarray(column).data)
        return sha.hexdigest()[:16]

    def take(self, rows: AnyArray | slice) -> Dataset:
        """The same people and items with only the events at `rows` (rising numbers, booleans or a slice)."""
        return replace(self, interactions=self.interactions.take(rows))

    def catalogue(self) -> Catalogue:
        """What a model needs to know of the items."""
        return Catalogue(
            schema=self.schema,
            items=self.items,
            item_features=self.item_features,
            popularity=self.popularity,
            timed=self.timed,
        )

    def people(self) -> People:
        """What a model needs to know of the people."""
        return People(users=self.users, user_features=self.user_features, sequences=self.sequences)
