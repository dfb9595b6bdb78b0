"""Circumstances of a moment, and what the clock itself tells about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from penchant.errors import BadConfig

Context = Mapping[str, str | float]
"""Field name -> value, as declared by the schema; the time is not in it."""


def time_zone(name: str) -> tzinfo:
    """The time zone called `name` (``"UTC"``, ``"Europe/Berlin"``); raises BadConfig when it does not exist."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as fault:
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
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as fault:
        raise BadConfig(f'expected a time such as "2025-03-01T08:30" or seconds since 1970, got "{text}"') from fault
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
