"""Circumstances of a moment, and what the clock itself tells about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from penchant.errors import BadConfig

Context = Mapping[str, str | float]
"""Field name -> value, as declared by the schema; the time is not in it."""

_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
"""0001-01-01T00:00:00 and 9999-12-31T23:59:59 UTC in seconds since 1970: what a calendar can show."""


def time_zone(name: str) -> tzinfo:
    """The time zone called `name` (``"UTC"``, ``"Europe/Berlin"``); raises BadConfig when it does not exist."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise BadConfig(f'time_zone: expected a zone such as "Europe/Berlin", got "{name}"') from fault


def hour_of_day(at: float, zone: tzinfo = UTC) -> float:
    """Hours since local midnight, in [0, 24), of `at` (seconds since 1970, UTC)."""
    moment = datetime.fromtimestamp(at, zone)
    return moment.hour + moment.minute / 60 + moment.second / 3600


def day_of_week(at: float, zone: tzinfo = UTC) -> int:
    """Local weekday of `at` (seconds since 1970, UTC): 0 is Monday, 6 is Sunday."""
    return datetime.fromtimestamp(at, zone).weekday()


def parse_instant(text: str) -> float:
    """Seconds since 1970 (UTC) of an ISO 8601 text or of a number of seconds; without a zone it is taken as UTC.

    Raises:
        BadConfig: the text is neither.
    """
    wrong = f'expected a time such as "2025-03-01T08:30" or seconds since 1970, got "{text}"'
    try:
        return checked_instant(float(text), wrong)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as fault:
        raise BadConfig(wrong) from fault
    return checked_instant((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp(), wrong)


def is_instant(at: float) -> bool:
    """Whether `at` (seconds since 1970, UTC) is a moment of the calendar, years 1 to 9999.

    Seconds beyond it are milliseconds by mistake more often than not.
    """
    return _FIRST_SECOND <= at <= _LAST_SECOND


def checked_instant(at: float, message: str) -> float:
    """The same `at` when it is a moment of the calendar; raises BadConfig with `message` otherwise."""
    if not is_instant(at):
        raise BadConfig(message)
    return at
