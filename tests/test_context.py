"""Time: zones, hours, weekdays, and instants as people write them."""

from __future__ import annotations

from datetime import UTC

import pytest

from penchant.context import day_of_week, hour_of_day, parse_instant, time_zone
from penchant.errors import BadConfig

MONDAY = 1_736_121_600
"""Monday 2025-01-06 00:00 UTC."""


def test_the_clock_on_the_wall() -> None:
    berlin = time_zone("Europe/Berlin")
    assert time_zone("UTC") is UTC
    assert hour_of_day(MONDAY + 1800) == 0.5
    # in January Berlin is an hour ahead; in July (day 181 later) two
    assert hour_of_day(MONDAY, berlin) == 1.0
    assert hour_of_day(MONDAY + 181 * 86_400, berlin) == 2.0
    assert (day_of_week(MONDAY), day_of_week(MONDAY - 1), day_of_week(MONDAY - 1, berlin)) == (0, 6, 0)


@pytest.mark.parametrize("name", ["Mars/X", "", "../etc/passwd", "Europe", "x" * 5000, "a\0b"])
def test_a_zone_that_does_not_exist(name: str) -> None:
    with pytest.raises(BadConfig, match='time_zone: expected a zone such as "Europe/Berlin"'):
        time_zone(name)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2025-01-06", MONDAY),
        ("2025-01-06T00:30", MONDAY + 1800),
        ("2025-01-06T01:00+01:00", MONDAY),
        ("2025-01-06T00:00:00Z", MONDAY),
        ("1736121600", MONDAY),
        ("-1.5", -1.5),
    ],
)
def test_instants(text: str, seconds: float) -> None:
    assert parse_instant(text) == seconds


@pytest.mark.parametrize("text", ["", "now", "2025-13-01", "nan", "inf", "-inf", "1e30", "1736121600000"])
def test_what_is_no_instant(text: str) -> None:
    # the last one is in milliseconds: the year 57000
    with pytest.raises(BadConfig, match='expected a time such as "2025-03-01T08:30"'):
        parse_instant(text)
