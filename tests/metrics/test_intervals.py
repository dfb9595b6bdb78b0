"""Intervals and the paired bootstrap: known values, and how often they are right on simulated data."""

from __future__ import annotations

import math
import time
import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest

from penchant.errors import BadConfig, BadData
from penchant.metrics.intervals import Interval, mean_interval, paired_bootstrap, student_t


def figures(rng: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
    """Like ndcg per person: 0 for seven in ten, else uniform on 0 .. 1; the true mean is .3 x .5 = .15."""
    return np.asarray(rng.random(n) * (rng.random(n) < 0.3))


@pytest.mark.parametrize(
    ("df", "table", "allowed"),
    # Printed t tables, probability .975.
    [(1, 12.706, 1e-4), (2, 4.303, 1e-4), (3, 3.182, 1.3e-3), (5, 2.571, 3e-4), (10, 2.228, 1e-4), (120, 1.980, 1e-4)],
)
def test_student_t_against_the_printed_table(df: int, table: float, allowed: float) -> None:
    assert student_t(0.975, df) == pytest.approx(table, rel=allowed)


def test_student_t_against_scipy() -> None:
    stats = pytest.importorskip("scipy.stats", reason="scipy is the second implementation of the t quantile")
    for df in (1, 2, 10, 11, 30, 300, 10_000_000):
        for probability in (0.8, 0.95, 0.975, 0.995):
            assert student_t(probability, df) == pytest.approx(stats.t.ppf(probability, df), rel=4e-5)
    for df in range(3, 10):
        assert student_t(0.975, df) == pytest.approx(stats.t.ppf(0.975, df), rel=1.3e-3)
        assert student_t(0.025, df) == pytest.approx(-student_t(0.975, df))


def test_mean_interval_by_hand() -> None:
    # Mean 2, standard deviation 1, t(2) = 4.3027: half width 4.3027 / sqrt(3) = 2.4842. The NaN does not count.
    found = mean_interval([1.0, math.nan, 2.0, 3.0])
    assert (found.mean, found.n) == (2.0, 3)
    assert (found.low, found.high) == pytest.approx((2 - 2.4842, 2 + 2.4842), abs=1e-4)


def test_mean_interval_of_too_few_people() -> None:
    one, nobody = mean_interval([0.25, math.nan]), mean_interval([])
    assert (one.mean, one.n) == (0.25, 1)
    assert nobody.n == 0
    assert all(math.isnan(end) for end in (one.low, one.high, nobody.low, nobody.high, nobody.mean))


def test_mean_interval_of_equal_values_has_no_width() -> None:
    assert mean_interval([0.5] * 8) == Interval(mean=0.5, low=0.5, high=0.5, n=8)


@pytest.mark.parametrize(("n", "level"), [(100, 0.95), (1000, 0.95), (1000, 0.8)])
def test_mean_interval_holds_the_true_mean_as_often_as_it_says(n: int, level: float) -> None:
    rng = np.random.default_rng(1)
    found = [mean_interval(figures(rng, n), level) for _ in range(1500)]
    share = np.mean([interval.low <= 0.15 <= interval.high for interval in found])
    # Three standard errors of a share over 1,500 trials, and 0.5 points for the skew that n = 100 still feels.
    assert abs(share - level) < 3 * math.sqrt(level * (1 - level) / 1500) + 0.005


@pytest.mark.parametrize("n", [10, 40, 300])
def test_paired_bootstrap_raises_a_false_alarm_one_time_in_twenty(n: int) -> None:
    rng = np.random.default_rng(2)
    found = [paired_bootstrap(figures(rng, n), figures(rng, n), seed=trial, n_boot=400) for trial in range(800)]
    alarms = np.mean([difference.verdict != "not distinguishable" for difference in found])
    # Three standard errors of 5 % over 800 trials are .023.
    assert 0.027 < alarms < 0.073
    # The p-value tells the same story: under the null, half of them lie below one half.
    assert np.mean([difference.p_value < 0.5 for difference in found]) == pytest.approx(0.5, abs=0.06)


def test_a_true_difference_is_found_with_its_size_and_sign() -> None:
    rng = np.random.default_rng(3)
    b = figures(rng, 2000)
    a = b + rng.normal(0.02, 0.1, 2000)
    found = paired_bootstrap(a, b, seed=7)
    assert found.verdict == "a is better"
    assert found.low < 0.02 < found.high
    assert found.p_value < 0.01
    # Normal theory: half width 1.96 x .1 / sqrt(2000) = .00438.
    assert (found.high - found.low) / 2 == pytest.approx(0.00438, rel=0.08)
    turned = paired_bootstrap(b, a, seed=7)
    assert turned.verdict == "b is better"
    assert turned.difference == pytest.approx(-found.difference)


def test_the_verdict_and_the_p_value_agree_at_the_level() -> None:
    rng = np.random.default_rng(4)
    for trial in range(100):
        found = paired_bootstrap(figures(rng, 60) + 0.06, figures(rng, 60), seed=trial, n_boot=1000)
        # Near .05 the two may differ by the finite number of draws.
        if not 0.045 < found.p_value < 0.055:
            assert (found.p_value < 0.05) == (found.verdict == "a is better")


def test_identical_models_are_not_distinguishable() -> None:
    a = figures(np.random.default_rng(5), 100)
    found = paired_bootstrap(a, a, seed=1)
    assert (found.difference, found.low, found.high) == (0.0, 0.0, 0.0)
    assert (found.p_value, found.n, found.verdict) == (1.0, 100, "not distinguishable")


def test_rounding_is_no_difference() -> None:
    a = np.full(50, 0.3)
    assert paired_bootstrap(np.nextafter(a, 1), a, seed=1).verdict == "not distinguishable"
    assert paired_bootstrap(a + 1e-6, a, seed=1).verdict == "a is better"


def test_people_without_both_values_are_left_out() -> None:
    a = np.array([0.1, math.nan, 0.4, 0.9, 0.3])
    b = np.array([0.2, 0.5, 0.1, math.nan, 0.1])
    found = paired_bootstrap(a, b, seed=1)
    # Left: -.1, .3, .2.
    assert found.n == 3
    assert found.difference == pytest.approx(0.4 / 3)
    alone = paired_bootstrap([0.5, math.nan], [0.1, 0.2], seed=1)
    assert (alone.n, alone.verdict, alone.p_value) == (1, "not distinguishable", 1.0)
    assert math.isnan(alone.low)
    assert math.isnan(paired_bootstrap([], [], seed=1).difference)


def test_the_same_seed_gives_the_same_answer_and_another_one_nearly() -> None:
    rng = np.random.default_rng(6)
    a, b = figures(rng, 200), figures(rng, 200)
    assert paired_bootstrap(a, b, seed=1) == paired_bootstrap(a, b, seed=1)
    other = paired_bootstrap(a, b, seed=2)
    assert other != paired_bootstrap(a, b, seed=1)
    assert other.low == pytest.approx(paired_bootstrap(a, b, seed=1).low, abs=0.005)


def test_six_thousand_people_take_under_a_second_and_a_hundred_megabytes() -> None:
    rng = np.random.default_rng(7)
    a, b = figures(rng, 6000), figures(rng, 6000)
    started = time.process_time()
    paired_bootstrap(a, b, seed=1, n_boot=2000)
    assert time.process_time() - started < 1.0
    tracemalloc.start()
    try:
        paired_bootstrap(a, b, seed=1, n_boot=2000)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(BadData, match=r"b: expected real numbers of shape \[2\], got float64 of shape \[1\]"):
        paired_bootstrap([0.1, 0.2], [0.1], seed=1)
    with pytest.raises(BadData, match="values: expected real numbers"):
        mean_interval(["x", "y"])
    for level in (0.0, 1.0, 95.0):
        with pytest.raises(BadConfig, match="between 0 and 1"):
            mean_interval([1.0, 2.0], level)
    with pytest.raises(BadConfig, match="n_boot is 10"):
        paired_bootstrap([0.1], [0.1], seed=1, n_boot=10)
