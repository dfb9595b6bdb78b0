"""How much more, or less, an item is chosen in given circumstances than at other times.

For each context field f of kind category, with the value v in the moment, the lift of item i is

    log [ (n(i, v) + prior p(v)) / (n(i) + prior) ] - log p(v)

with n(i, v) the training events of i in circumstances v, n(i) those where f is known, and p(v) the share of v among all events.
The lifts of the fields add up, as in naive Bayes, and ``exp(strength x sum)`` multiplies a model's score: contextual
post-filtering (Panniello et al. 2009, "Experimental comparison of pre- vs. post-filtering approaches in context-aware
recommender systems"). The clock counts as two fields: the hour of the day in eight bins, and weekend against working day.

Cost: O(N fields) to count; 4 n_items values bytes a field to keep; O(B n_items fields) to score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import AnyArray, Float32, Int64, Nums, frozen
from penchant.data.batch import QueryBatch
from penchant.data.features import Categories
from penchant.data.interactions import Interactions
from penchant.data.moments import hour_of_day, is_weekend

PRIOR = 20.0
"""Events that an item must have before its own circumstances count more than those of all items."""

_HOURS_A_BIN = 3.0
_CLOCK = {"@hour": 8, "@weekend": 2}
"""Fields that every moment has, and how many values each has; no declared field can begin with an @."""

_MOST_VALUES = 200
"""A field with more values is left out: it names things, not circumstances."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lifts:
    """Field -> log lift float32 [n_values + 1, n_items]; the last row is 0 and stands for a value that is missing."""

    tables: Mapping[str, Float32]

    @classmethod
    def of(cls, log: Interactions, n_items: int, *, time_zone: str, timed: bool) -> Lifts:
        """Counts a training log."""
        fields: dict[str, tuple[Nums, int]] = {}
        if timed:
            clock = _clock(log.at, time_zone)
            fields |= {name: (clock[name], n) for name, n in _CLOCK.items()}
        for name, column in log.context.items():
            if isinstance(column, Categories) and len(column.names) <= _MOST_VALUES:
                fields[name] = (column.codes, len(column.names))
        return cls(tables={name: _table(codes, n, log.item, n_items) for name, (codes, n) in fields.items()})

    def total(self, batch: QueryBatch, n_items: int, items: Nums | None = None) -> Float32:
        """The sum of the log lifts of all fields in each moment, float32 [B, n_items]; 0 for items that came later.

        With `items` (int32 [C]) only those of these items, float32 [B, C].
        """
        total = np.zeros((len(batch), n_items if items is None else len(items)), dtype=np.float32)
        clock = _clock(batch.at, batch.time_zone) if batch.is_moment else {}
        for name, table in self.tables.items():
            codes = clock.get(name)
            column = batch.context.get(name)
            if codes is None and isinstance(column, Categories):
                codes = np.where(column.codes < len(table) - 1, column.codes, -1)
            if codes is None:
                continue
            # -1, a missing value, reads the last row, which is 0
            if items is None:
                total[:, : table.shape[1]] += table[codes]
            else:
                here = items < table.shape[1]
                total[:, here] += table[codes[:, None], items[here]]
        return total

    def multiply(self, scores: Float32, batch: QueryBatch, strength: float, items: Nums | None = None) -> None:
        """Multiplies the positive scores by ``exp(strength x lift)``, in place.

        scores: float32 [B, n], n >= n_items; or [B, C], of these `items` (int32 [C]).
        """
        total = self.total(batch, scores.shape[1], items)
        np.exp(total * np.float32(strength), out=total)
        np.multiply(scores, total, out=scores, where=scores > 0)

    def packed(self) -> dict[str, AnyArray]:
        """The tables as named arrays."""
        return {f"lift.{name}": table for name, table in self.tables.items()}

    @classmethod
    def unpacked(cls, arrays: Mapping[str, AnyArray]) -> Lifts | None:
        """What `packed` returned, found among other arrays; None where there is nothing of it."""
        tables = {name.removeprefix("lift."): array for name, array in arrays.items() if name.startswith("lift.")}
        return cls(tables=tables) if tables else None


def _clock(at: Int64, time_zone: str) -> dict[str, Nums]:
    hours = np.minimum(hour_of_day(at, time_zone) // _HOURS_A_BIN, _CLOCK["@hour"] - 1)
    return {"@hour": hours.astype(np.int32), "@weekend": is_weekend(at, time_zone).astype(np.int32)}


def _table(codes: Nums, n_values: int, item: Nums, n_items: int) -> Float32:
    known = codes >= 0
    cells = np.bincount(codes[known].astype(np.int64) * n_items + item[known], minlength=n_values * n_items)
    counts = cells.reshape(n_values, n_items).astype(np.float32)
    share = counts.sum(axis=1, keepdims=True) / max(counts.sum(), 1.0)
    # a value that never occurs tells nothing; the row stays 0
    share = np.where(share > 0, share, 1.0)
    lift = np.log((counts + PRIOR * share) / (counts.sum(axis=0) + PRIOR)) - np.log(share)
    lift[counts.sum(axis=1) == 0] = 0.0
    table: Float32 = np.concatenate([lift, np.zeros((1, n_items))]).astype(np.float32)
    return frozen(table)
