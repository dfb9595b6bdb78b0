"""What the clock on the wall says at many instants: local hour of the day and weekend."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from penchant.context import time_zone
from penchant.data.arrays import Bool, Float32, Int64

_HOUR_MS = 3_600_000
_DAY_HOURS = 24
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""


def local_ms(at: Int64, zone: str) -> Int64:
    """Milliseconds since 1970 on the local clock, int64 [n], of instants in UTC; O(n + distinct hours)."""
    if zone == "UTC" or len(at) == 0:
        return at
    place = time_zone(zone)
    hours, which = np.unique(at // _HOUR_MS, return_inverse=True)
    offsets = [datetime.fromtimestamp(hour * 3600, UTC).astimezone(place).utcoffset() for hour in hours.tolist()]
    shift = np.asarray([0 if o is None else int(o.total_seconds() * 1000) for o in offsets], dtype=np.int64)
    local: Int64 = at + shift[which]
    return local


def hour_of_day(at: Int64, zone: str = "UTC") -> Float32:
    """Local hour, float32 [n] in [0, 24)."""
    within_day = local_ms(at, zone) % (_DAY_HOURS * _HOUR_MS)
    return (within_day / _HOUR_MS).astype(np.float32)


def weekday(at: Int64, zone: str = "UTC") -> Int64:
    """Local day of the week, int64 [n]: 0 is Monday, 6 is Sunday."""
    day: Int64 = (local_ms(at, zone) // (_DAY_HOURS * _HOUR_MS) + _EPOCH_WEEKDAY) % 7
    return day


def is_weekend(at: Int64, zone: str = "UTC") -> Bool:
    """Whether the local day is Saturday or Sunday, bool [n]."""
    weekend: Bool = weekday(at, zone) >= 5
    return weekend
