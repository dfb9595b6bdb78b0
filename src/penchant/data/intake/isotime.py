"""ISO 8601 texts, dates and datetimes as milliseconds since 1970 (UTC), and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import polars as pl

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONED = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
_NAIVE = (
    "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d",
    # day first, as dots always mean; slashes mean either and are refused
    "%d.%m.%Y %H:%M:%S%.f", "%d.%m.%Y %H:%M", "%d.%m.%Y",
)  # fmt: skip


def datetimes_as_ms(column: pl.Series, zone: str) -> tuple[pl.Series, bool]:
    """Milliseconds of a temporal column, int64, and whether some had no zone of their own.

    Those are read in `zone`. Missing are: missing cells, times of day, durations, and the hour that is skipped in spring. Of
    the hour that comes twice in autumn the first is taken.
    """
    import polars as pl

    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("ms"))
    if not isinstance(column.dtype, pl.Datetime):  # a time of day or a duration is no instant
        return pl.Series([None] * len(column), dtype=pl.Int64), False
    if column.dtype.time_zone is not None:
        return column.dt.epoch("ms"), False
    naive = column.null_count() < len(column)
    if zone == "UTC":
        return column.dt.epoch("ms"), naive
    return column.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.epoch("ms"), naive


def texts_as_ms(texts: pl.Series, zone: str) -> tuple[pl.Series, bool]:
    """Milliseconds of stripped texts, int64, missing where a text is no ISO 8601; and whether some had no zone."""
    import polars as pl

    found, naive = pl.Series([None] * len(texts), dtype=pl.Int64), False
    for form in (*_ZONED, *_NAIVE):
        left = texts.is_not_null() & found.is_null()
        if not left.any():
            return found, naive
        rows = texts.filter(left)
        if form in _ZONED:
            read = rows.str.to_datetime(form, strict=False, time_unit="ms", time_zone="UTC").dt.epoch("ms")
        else:
            read, local = datetimes_as_ms(rows.str.to_datetime(form, strict=False, time_unit="ms"), zone)
            naive = naive or local
        if read.null_count() < len(read):
            found = found.scatter(left.arg_true(), read)
    left = texts.is_not_null() & found.is_null()
    if left.any():
        rows = texts.filter(left)
        odd = {text: _odd_form(text, zone) for text in rows.unique().to_list()}
        naive = naive or any(local for _, local in odd.values())
        found = found.scatter(left.arg_true(), pl.Series([odd[text][0] for text in rows.to_list()], dtype=pl.Int64))
    return found, naive


def _odd_form(text: str, zone: str) -> tuple[int | None, bool]:
    """The rarer forms, such as 2024-W05-3 or 20240131T0930, and whether it names no zone."""
    try:
        moment = datetime.fromisoformat(text[:64])
    except ValueError:
        return None, False
    naive = moment.tzinfo is None
    if naive:
        local = moment.replace(tzinfo=ZoneInfo(zone))
        if local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) != moment:
            return None, True  # the hour that is skipped in spring
        moment = local
    return round((moment - _EPOCH).total_seconds() * 1000), naive


def iso(at: int) -> str:
    """Milliseconds since 1970 as ISO 8601 text in UTC, to the second."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
