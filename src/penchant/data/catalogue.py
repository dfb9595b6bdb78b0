"""What a fitted model keeps of its world: the items with their attributes, and the people with their recent past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data.features import Categories, FeatureTable, Texts
from penchant.data.popularity import PopularityLog
from penchant.data.schema import Schema
from penchant.data.sequences import Sequences
from penchant.data.vocabulary import Vocabulary


@dataclass(frozen=True, kw_only=True, eq=False)
class Catalogue:
    """All items, their attributes and how often they were chosen; `timed` is False when the log had no timestamps."""

    schema: Schema
    items: Vocabulary
    item_features: FeatureTable
    popularity: PopularityLog
    timed: bool = True

    def title(self, item: int) -> str | None:
        """The title of an item number, or None where the catalogue has none."""
        column = self.item_features.columns.get(self.schema.title or "")
        if isinstance(column, Texts):
            return column.values[item] or None
        if isinstance(column, Categories) and column.codes[item] >= 0:
            return column.names.id(int(column.codes[item]))
        return None


@dataclass(frozen=True, kw_only=True, eq=False)
class People:
    """Known people, their attributes and their events."""

    users: Vocabulary
    user_features: FeatureTable
    sequences: Sequences

    def nobody(self) -> People:
        """Nobody, but with the same attributes and circumstances, so that strangers are encoded as before."""
        none = np.zeros(0, dtype=np.int64)
        log = self.sequences.log.take(none)
        return People(
            users=Vocabulary.of([]), user_features=self.user_features.take(none), sequences=Sequences.of(log, 0)
        )
