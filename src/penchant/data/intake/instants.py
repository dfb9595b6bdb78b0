"""Timestamps of any kind as milliseconds since 1970 (UTC). The unit is found from all rows, not from the first ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from penchant.data.arrays import AnyArray, Bool, Bytes, Int64
from penchant.data.intake.cells import numbers_of_text
from penchant.data.intake.isotime import datetimes_as_ms, texts_as_ms
from penchant.data.intake.validation import rule_number
from penchant.data.schema import TimeUnit

if TYPE_CHECKING:
    import polars as pl

UNITS = ("s", "ms", "us", "ns")
_PER_MS = {"s": 1e-3, "ms": 1.0, "us": 1e3, "ns": 1e6}
_CLASS_BOUNDS = np.asarray([1e11, 1e14, 1e17])
"""A number below the first is in seconds (up to the year 5138), below the second in milliseconds (from March 1973), ..."""

_YEAR_MS = 31_556_952_000
FAR_FUTURE = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)
LONE_FUTURE = 5 * _YEAR_MS
"""An event so much later than 99.9 % of at least a thousand is taken for a wrong clock."""

_LIVELY = (int(datetime(1990, 1, 1, tzinfo=UTC).timestamp() * 1000), FAR_FUTURE)
"""Where logs of real events lie; outside, a number may well be a relative time, and nothing is concluded from its size."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """The times of a log.

    Attributes:
        at: int64 [N], milliseconds since 1970 (UTC); 0 where there is a fault.
        faults: uint8 [N], number of the rule that the time breaks, 0 for none.
        unit: ``s ms us ns iso datetime``: what most rows are.
        naive: whether texts or datetimes without a zone were read, in the schema's time zone.
    """

    at: Int64
    faults: Bytes
    unit: str
    naive: bool


class Clockwork:
    """Collects timestamps batch by batch.

    Args:
        unit: the schema's `time_unit`; with ``auto`` the size of most numbers decides.
        zone: the zone of texts and datetimes that name none.
    """

    def __init__(self, unit: TimeUnit = "auto", zone: str = "UTC") -> None:
        self._unit, self._zone = unit, zone
        self._numbers: list[AnyArray] = []  # int64 or float64, as they came; 0 where bad
        self._dated: list[Bool | None] = []  # rows that are milliseconds already; None for no row
        self._bad: list[Bool | None] = []
        self._n_dated = self._n_typed = 0
        self._classes = np.zeros(len(UNITS), dtype=np.int64)
        self._sums = np.zeros(len(UNITS))
        self._naive = False

    def add(self, column: pl.Series) -> None:
        """Takes the next rows: numbers, texts, dates or datetimes."""
        kind = column.dtype
        if kind.is_temporal():
            self._keep(*self._of_datetimes(column), typed=True)
        elif kind.is_float():
            self._keep_numbers(column)
        elif kind.is_integer() or kind.is_decimal():
            import polars as pl

            whole = column.cast(pl.Float64) if kind.is_decimal() else column.cast(pl.Int64, strict=False)
            self._keep_numbers(whole)
        else:
            self._keep_text(column)

    def finish(self) -> Moments:
        """All rows in milliseconds; frees what was collected."""
        n = sum(len(part) for part in self._numbers)
        unit = self._found_unit()
        at, faults = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.uint8)
        start = 0
        # one batch after the other, each given up at once, so that the log is not held twice
        while self._numbers:
            numbers, dated, bad = self._numbers.pop(0), self._dated.pop(0), self._bad.pop(0)
            end = start + len(numbers)
            self._convert(numbers, dated, bad, unit, at[start:end], faults[start:end])
            start = end
        _mark_lone_future(at, faults)
        at[faults > 0] = 0
        most = unit if self._n_dated * 2 <= n else "datetime" if self._n_typed * 2 > n else "iso"
        return Moments(at=at, faults=faults, unit=most, naive=self._naive)

    def _found_unit(self) -> str:
        if self._unit not in ("auto", "iso"):
            return self._unit
        total = int(self._classes.sum())
        median_class = int(np.searchsorted(np.cumsum(self._classes), (total + 1) // 2)) if total else 0
        return UNITS[median_class]

    def _keep(self, numbers: AnyArray, dated: Bool | None, bad: Bool | None, typed: bool = False) -> None:
        self._numbers.append(numbers)
        self._dated.append(dated)
        self._bad.append(bad if bad is not None and bad.any() else None)
        n = 0 if dated is None else int(dated.sum())
        self._n_dated += n
        self._n_typed += n if typed else 0
        plain = numbers if dated is None and bad is None else numbers[~_any_of(dated, bad, len(numbers))]
        if len(plain):
            size = np.abs(plain).astype(np.float64)
            classes = np.searchsorted(_CLASS_BOUNDS, size, side="right")
            self._classes += np.bincount(classes, minlength=len(UNITS))
            self._sums += np.bincount(classes, weights=plain.astype(np.float64), minlength=len(UNITS))

    def _keep_numbers(self, column: pl.Series) -> None:
        bad = column.is_null().to_numpy()
        if column.dtype.is_float():
            bad = bad | ~column.is_finite().fill_null(value=False).to_numpy()
            numbers = np.where(bad, 0.0, column.fill_null(0.0).to_numpy())
        else:
            numbers = column.fill_null(0).to_numpy().astype(np.int64)
        dated = None
        if self._unit == "iso":
            bad = np.ones(len(numbers), dtype=np.bool_)
        self._keep(numbers, dated, bad if bad.any() else None)

    def _keep_text(self, column: pl.Series) -> None:
        import polars as pl

        texts = column.cast(pl.String, strict=False).str.strip_chars()
        whole = texts.cast(pl.Int64, strict=False)
        left = texts.filter(whole.is_null() & texts.is_not_null() & (texts != ""))
        if not len(left) and self._unit != "iso":
            return self._keep_numbers(whole)
        numbers = whole.fill_null(0).to_numpy().astype(np.int64)
        bad = whole.is_null().to_numpy() if self._unit != "iso" else np.ones(len(numbers), dtype=np.bool_)
        dated = np.zeros(len(numbers), dtype=np.bool_)
        if self._unit in ("auto", "iso"):
            found = self._of_texts(texts.set(whole.is_not_null(), None) if self._unit == "auto" else texts)
            dated = found.is_not_null().to_numpy()
            numbers = np.where(dated, found.fill_null(0).to_numpy(), numbers)
            bad = bad & ~dated
        if self._unit != "iso" and bad.any():
            fractions = numbers_of_text(texts).fill_null(float("nan")).to_numpy()
            usable = bad & np.isfinite(fractions)
            if usable.any():
                # nanoseconds lose a little here, but texts with fractions are never nanoseconds
                numbers = np.where(usable, fractions, numbers.astype(np.float64))
                bad = bad & ~usable
        return self._keep(numbers, dated if dated.any() else None, bad)

    def _of_datetimes(self, column: pl.Series) -> tuple[Int64, Bool, Bool]:
        found, naive = datetimes_as_ms(column, self._zone)
        self._naive = self._naive or naive
        bad = found.is_null().to_numpy()
        return found.fill_null(0).to_numpy().astype(np.int64), np.ones(len(bad), dtype=np.bool_), bad

    def _of_texts(self, texts: pl.Series) -> pl.Series:
        found, naive = texts_as_ms(texts, self._zone)
        self._naive = self._naive or naive
        return found

    def _convert(
        self, numbers: AnyArray, dated: Bool | None, bad: Bool | None, unit: str, at: Int64, faults: Bytes
    ) -> None:
        """Writes one batch into its part of `at` and `faults`."""
        per_ms = _PER_MS[unit]
        limit = FAR_FUTURE * per_ms if dated is None else np.where(dated, FAR_FUTURE, FAR_FUTURE * per_ms)
        far, negative = numbers >= limit, numbers < 0
        usable = np.where(far | negative, 0, numbers)
        if unit == "s" and usable.dtype.kind == "i":
            scaled = usable * 1000
        elif usable.dtype.kind == "i":
            scaled = usable // round(per_ms)
        else:
            scaled = np.floor(usable / per_ms + 1e-6).astype(np.int64)
        at[:] = scaled if dated is None else np.where(dated, usable.astype(np.int64), scaled)
        faults[far] = rule_number("far_future")
        faults[negative] = rule_number("negative_timestamp")
        faults[self._off_unit(numbers, dated, unit)] = rule_number("timestamp_unit")
        if bad is not None:
            faults[bad] = rule_number("bad_timestamp")

    def _off_unit(self, numbers: AnyArray, dated: Bool | None, unit: str) -> Bool:
        """Numbers that make sense in another unit only, in a log whose other times are those of real events."""
        own = UNITS.index(unit)
        count = int(self._classes[own])
        mean = self._sums[own] / count / _PER_MS[unit] if count else 0.0
        if not _LIVELY[0] <= mean < _LIVELY[1]:
            return np.zeros(len(numbers), dtype=np.bool_)
        classes = np.searchsorted(_CLASS_BOUNDS, numbers.astype(np.float64), side="right")
        in_own_unit = numbers / np.asarray([_PER_MS[name] for name in UNITS])[classes]
        off: Bool = (classes != own) & (in_own_unit >= _LIVELY[0]) & (in_own_unit < _LIVELY[1])
        return off if dated is None else off & ~dated


def _any_of(first: Bool | None, second: Bool | None, n: int) -> Bool:
    both = np.zeros(n, dtype=np.bool_)
    for mask in (first, second):
        if mask is not None:
            both |= mask
    return both


def _mark_lone_future(at: Int64, faults: Bytes) -> None:
    good = at[faults == 0]
    if len(good) < 1000 or int(good.max()) - int(good.min()) <= LONE_FUTURE:
        return
    place = int(0.999 * (len(good) - 1))
    latest = int(np.partition(good, place)[place])
    faults[(faults == 0) & (at > latest + LONE_FUTURE)] = rule_number("far_future")
