"""Circumstances and attributes as codes: every field becomes a whole number a row, with -1 where it is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from penchant.data.arrays import AnyArray, Bool, Float32, Int64, Nums, frozen
from penchant.data.dataset import Dataset
from penchant.data.features import Categories, Column, Numbers
from penchant.data.interactions import Interactions
from penchant.data.moments import hour_of_day, is_weekend
from penchant.data.vocabulary import Vocabulary
from penchant.models.circumstances import Lifts

_HOURS_A_BIN, _HOUR_BINS = 3, 8

_NUMBER_BINS = 5
"""A number is cut into so many parts of equal size."""

_MOST_VALUES = 200
"""A field with more values names things, it is no circumstance."""

_VISIT_MS = 6 * 3_600_000
"""A pause of this length ends a visit, where the log names no sessions."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Coded:
    """One field.

    Attributes:
        name: as declared, or "hour of day" and "weekend" for the clock.
        codes: int32 [n], one value a row (an event, or a person), -1 where it is not known.
        n_values: codes lie below it.
    """

    name: str
    codes: Nums
    n_values: int

    def table(self, codes: Nums, log: Interactions, n_items: int) -> Float32:
        """How much more each item is chosen at each value: log lift, float32 [n_values + 1, n_items]; the last row is 0.

        Args:
            codes: int32 [N], the value at each event of `log`.
        """
        values = Vocabulary.of(str(value) for value in range(self.n_values))
        counted = replace(log, context={self.name: Categories(frozen(codes), values)})
        return Lifts.of(counted, n_items, time_zone="UTC", timed=False).tables[self.name]


def circumstances(data: Dataset, cut: int) -> tuple[list[Coded], dict[str, str]]:
    """The fields of each event: the clock first, then what is declared; and why others are left out.

    Args:
        cut: numbers are binned by the events before it.
    """
    at, zone = data.interactions.at, data.schema.time_zone
    hour = np.minimum(hour_of_day(at, zone) // _HOURS_A_BIN, _HOUR_BINS - 1).astype(np.int32)
    found = [Coded(name="hour of day", codes=hour, n_values=_HOUR_BINS)]
    found.append(Coded(name="weekend", codes=is_weekend(at, zone).astype(np.int32), n_values=2))
    left_out = {}
    for name, column in data.interactions.context.items():
        coded = _coded(name, column, slice(0, cut))
        if isinstance(coded, str):
            left_out[name] = coded
        else:
            found.append(coded)
    # a log whose times are dates has one hour, and one of a single value tells nothing
    return [field for field in found if len(np.unique(field.codes[field.codes >= 0])) > 1], left_out


def attributes(columns: Mapping[str, Column]) -> tuple[list[Coded], dict[str, str]]:
    """Attributes of people as codes, and why others are left out."""
    found, left_out = [], {}
    for name, column in columns.items():
        coded = _coded(name, column, slice(None))
        if isinstance(coded, str):
            left_out[name] = coded
        elif len(np.unique(coded.codes[coded.codes >= 0])) > 1:
            found.append(coded)
        else:
            left_out[name] = "has the same value everywhere"
    return found, left_out


def _coded(name: str, column: Column, counted: slice) -> Coded | str:
    """The field, or why it cannot be one."""
    if isinstance(column, Categories):
        if len(column.names) > _MOST_VALUES:
            return f"has {len(column.names)} values; up to {_MOST_VALUES} are looked at"
        return Coded(name=name, codes=column.codes, n_values=len(column.names))
    if isinstance(column, Numbers):
        known = np.isfinite(column.values)
        inside = column.values[counted]
        edges = np.unique(np.quantile(inside[np.isfinite(inside)], _shares())) if np.isfinite(inside).any() else _none()
        codes = np.where(known, np.searchsorted(edges, column.values, side="right"), -1).astype(np.int32)
        return Coded(name=name, codes=frozen(codes), n_values=len(edges) + 1)
    return "is neither a category nor a number"


def _shares() -> AnyArray:
    return np.arange(1, _NUMBER_BINS) / _NUMBER_BINS


def _none() -> AnyArray:
    return np.zeros(0)


def begun_before(data: Dataset, cut: int) -> Bool:
    """Whether the visit of an event began before row `cut`, bool [N].

    The models have seen the beginning of such a visit with its circumstances, so that circumstances would tell which visit it
    is: a gain even where they do nothing.
    """
    log, rows = data.interactions, data.sequences.rows
    user, at = log.user[rows], log.at[rows]
    new = np.ones(len(rows), dtype=np.bool_)
    same = user[1:] == user[:-1]
    ends = at[1:] - at[:-1] > _VISIT_MS
    if log.session is not None:
        ends = log.session[rows][1:] != log.session[rows][:-1]
    new[1:] = ~same | ends
    visit = np.cumsum(new) - 1
    first = np.minimum.reduceat(rows, np.flatnonzero(new)) if len(rows) else np.zeros(0, dtype=np.int64)
    before = np.zeros(len(rows), dtype=np.bool_)
    before[rows] = first[visit] < cut
    return before


def likeness(first: Coded, second: Coded, rows: Int64) -> float:
    """How much the rarer-valued of two fields tells about the other: mutual information over the smaller entropy, 0 to 1."""
    both = rows[(first.codes[rows] >= 0) & (second.codes[rows] >= 0)]
    if len(both) == 0:
        return 0.0
    cells = np.bincount(
        first.codes[both].astype(np.int64) * second.n_values + second.codes[both],
        minlength=first.n_values * second.n_values,
    ).reshape(first.n_values, second.n_values)
    joint = cells / cells.sum()
    a, b = _entropy(joint.sum(axis=1)), _entropy(joint.sum(axis=0))
    return float((a + b - _entropy(joint.ravel())) / min(a, b)) if min(a, b) > 0 else 0.0


def _entropy(share: AnyArray) -> float:
    known = share[share > 0]
    return float(-(known * np.log(known)).sum())
