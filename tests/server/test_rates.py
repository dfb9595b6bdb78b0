"""A bucket for each key."""

from __future__ import annotations

import pytest

from penchant.server.problems import Problem
from penchant.server.rates import Rates


def test_a_bucket_holds_its_burst_and_fills_up_evenly() -> None:
    rates = Rates(rate=2.0, burst=1.5)
    for _ in range(3):
        rates.take("a", now=10.0)
    with pytest.raises(Problem) as refused:
        rates.take("a", now=10.0)
    # empty, and half a second for the next one
    assert refused.value.retry_after == pytest.approx(0.5)
    rates.take("b", now=10.0)
    rates.take("a", now=10.5)
    with pytest.raises(Problem):
        rates.take("a", now=10.9)
    rates.take("a", now=11.0)


def test_a_long_pause_saves_up_no_more_than_the_burst() -> None:
    rates = Rates(rate=2.0, burst=1.5)
    rates.take("a", now=0.0)
    for _ in range(3):
        rates.take("a", now=1_000.0)
    with pytest.raises(Problem):
        rates.take("a", now=1_000.0)


def test_a_rate_of_nothing_limits_nothing() -> None:
    rates = Rates(rate=0.0, burst=1.0)
    for _ in range(1_000):
        rates.take("a", now=0.0)
    assert rates._buckets == {}
