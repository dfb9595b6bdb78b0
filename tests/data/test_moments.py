"""Local hour and weekend, against the standard library."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.moments import hour_of_day, is_weekend
from penchant.errors import BadConfig

INSTANTS = st.lists(st.integers(0, 4_000_000_000_000), min_size=1, max_size=20)


@given(INSTANTS, st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]))
def test_agrees_with_the_calendar(at: list[int], zone: str) -> None:
    place = UTC if zone == "UTC" else ZoneInfo(zone)
    local = [datetime.fromtimestamp(t / 1000, UTC).astimezone(place) for t in at]
    expected = [moment.hour + moment.minute / 60 + moment.second / 3600 for moment in local]
    got = hour_of_day(np.asarray(at, dtype=np.int64), zone)
    assert got.tolist() == pytest.approx(expected, abs=1e-3)
    assert is_weekend(np.asarray(at, dtype=np.int64), zone).tolist() == [m.weekday() >= 5 for m in local]


def test_summer_time_is_kept_apart() -> None:
    # noon UTC is 13:00 in Berlin in January and 14:00 in July
    noon = [datetime(2025, month, 15, 12, tzinfo=UTC).timestamp() * 1000 for month in (1, 7)]
    assert hour_of_day(np.asarray(noon, dtype=np.int64), "Europe/Berlin").tolist() == [13.0, 14.0]


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(BadConfig, match="Mars/Base"):
        hour_of_day(np.asarray([0], dtype=np.int64), "Mars/Base")
