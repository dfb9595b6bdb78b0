"""Timestamps of every kind become milliseconds, and what cannot be one is named."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
from hypothesis import given

from penchant.data.intake.instants import Clockwork, Moments
from penchant.data.intake.isotime import iso
from penchant.data.intake.validation import rule_name
from penchant.data.schema import TimeUnit

T0 = 1_700_000_000  # 2023-11-14T22:13:20Z


def read(*columns: Any, unit: TimeUnit = "auto", zone: str = "UTC") -> Moments:
    clock = Clockwork(unit, zone)
    for column in columns:
        clock.add(column if isinstance(column, pl.Series) else pl.Series(column, strict=False))
    return clock.finish()


def rules(moments: Moments) -> list[str]:
    return [rule_name(int(fault)) if fault else "" for fault in moments.faults]


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_the_unit_is_found_by_size(unit: str, factor: int) -> None:
    numbers = [(T0 + i) * factor for i in range(3)]
    for column in (numbers, [float(n) for n in numbers], [str(n) for n in numbers], [f" {n} " for n in numbers]):
        moments = read(column)
        assert (moments.unit, moments.at.tolist()) == (unit, [T0 * 1000, T0 * 1000 + 1000, T0 * 1000 + 2000])
        assert not moments.faults.any()


def test_fractions_of_a_second_are_kept() -> None:
    assert read([T0 + 0.25, T0 + 0.001]).at.tolist() == [T0 * 1000 + 250, T0 * 1000 + 1]
    assert read([f"{T0}.25", f"{T0}"]).at.tolist() == [T0 * 1000 + 250, T0 * 1000]


@pytest.mark.parametrize(
    "text",
    [
        "2023-11-14T22:13:20Z", "2023-11-14 22:13:20Z", "2023-11-14T23:13:20+01:00", "2023-11-14 22:13:20.000+00:00",
        "2023-11-14T22:13:20", "2023-11-14 22:13:20.0", "20231114T221320Z", "2023-W46-2T22:13:20",
    ],
)  # fmt: skip
def test_iso_text_in_its_many_forms(text: str) -> None:
    moments = read([text])
    assert (moments.unit, moments.at.tolist()) == ("iso", [T0 * 1000])


def test_dates_and_mixed_forms() -> None:
    moments = read(["2023-11-14", "2023-11-14T22:13", "2023-11-14T22:13:20Z", "14.11.2023", "14/11/2023"])
    assert moments.at.tolist() == [T0 * 1000 - 80_000_000, T0 * 1000 - 20_000, T0 * 1000, T0 * 1000 - 80_000_000, 0]
    assert rules(moments) == ["", "", "", "", "bad_timestamp"]
    assert moments.naive


def test_times_without_zone_are_in_the_zone_of_the_schema() -> None:
    # Berlin is one hour ahead in November; 02:30 on 2021-03-28 was skipped there
    moments = read(["2023-11-14T23:13:20", "2021-03-28T02:30:00"], zone="Europe/Berlin")
    assert moments.at.tolist() == [T0 * 1000, 0]
    assert rules(moments) == ["", "bad_timestamp"]


def test_typed_columns() -> None:
    moment = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    zoned, naive = pl.Series([moment]), pl.Series([moment.replace(tzinfo=None)])
    for column in (zoned, naive, zoned.cast(pl.Datetime("ns", "UTC")), naive.cast(pl.Datetime("us"))):
        moments = read(column)
        assert (moments.unit, moments.at.tolist()) == ("datetime", [T0 * 1000])
    assert read(pl.Series([date(1970, 1, 2), None])).at.tolist() == [86_400_000, 0]
    assert rules(read(pl.Series([moment.time()]))) == ["bad_timestamp"]


def test_what_is_no_time_is_named() -> None:
    moments = read([float(T0), float("nan"), float("inf"), None, -1.0, 4.2e9, 1e30, float(T0) * 1000])
    assert rules(moments) == [
        "", "bad_timestamp", "bad_timestamp", "bad_timestamp", "negative_timestamp", "far_future", "far_future",
        "timestamp_unit",
    ]  # fmt: skip
    assert moments.at.tolist() == [T0 * 1000, 0, 0, 0, 0, 0, 0, 0]


def test_the_unit_is_that_of_most_rows_in_all_batches() -> None:
    moments = read([T0 * 1000], [T0, T0, T0])
    assert moments.unit == "s"
    assert rules(moments) == ["timestamp_unit", "", "", ""]
    moments = read([T0], [T0 * 1000] * 3)
    assert (moments.unit, rules(moments)) == ("ms", ["timestamp_unit", "", "", ""])


def test_numbers_and_iso_text_may_share_a_column() -> None:
    moments = read([str(T0), "2023-11-14T22:13:20Z", str(T0)])
    assert (moments.unit, moments.at.tolist()) == ("s", [T0 * 1000] * 3)


def test_a_declared_unit_is_law() -> None:
    assert read([5_000, 7_000], unit="ms").at.tolist() == [5_000, 7_000]
    assert rules(read([str(T0), "2023-11-14"], unit="iso")) == ["bad_timestamp", ""]
    assert rules(read(["2023-11-14"], unit="s")) == ["bad_timestamp"]


def test_small_relative_times_are_seconds() -> None:
    moments = read([0, 1, 2, 100])
    assert (moments.unit, moments.at.tolist()) == ("s", [0, 1000, 2000, 100_000])


def test_a_lone_wrong_clock_is_found_among_many() -> None:
    times = np.arange(2000) + T0
    times[7] += 6 * 366 * 86_400
    assert [i for i, rule in enumerate(rules(read(times.tolist()))) if rule] == [7]
    # the same gap in a short log may be real
    assert rules(read(times[:10].tolist())) == [""] * 10


@given(st.lists(st.integers(0, 4_102_444_799_999), min_size=1, max_size=20), st.integers(1, 5))
def test_iso_text_and_datetimes_come_back_to_the_millisecond(instants: list[int], size: int) -> None:
    texts = [datetime.fromtimestamp(t / 1000, UTC).isoformat(timespec="milliseconds") for t in instants]
    batches = [texts[i : i + size] for i in range(0, len(texts), size)]
    assert read(*batches).at.tolist() == instants
    assert read(pl.Series(instants, dtype=pl.Int64).cast(pl.Datetime("ms", "UTC"))).at.tolist() == instants


def test_instants_are_shown_in_utc() -> None:
    assert iso(T0 * 1000 + 999) == "2023-11-14T22:13:20Z"
