"""How sure one can be of a mean over people, and of the difference between two models asked the same questions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from penchant.errors import BadConfig
from penchant.metrics.shapes import REAL, checked
from penchant.rng import generator

Float64s = npt.NDArray[np.float64]
Words = Literal["a is better", "b is better", "not distinguishable"]

_CELLS = 1 << 18
"""People drawn at once by `paired_bootstrap`: 1 MB of numbers and 2 MB of differences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean over people and the interval that holds the true mean with the level asked for.

    Attributes:
        mean: NaN when nobody has a value.
        low: lower end; NaN for fewer than two people.
        high: upper end; NaN for fewer than two people.
        n: people with a value.
    """

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The mean of a - b over the people that have both, and what may be said about it.

    Attributes:
        difference: mean of a - b; NaN when nobody has both values.
        low: lower end of the interval; NaN for fewer than two people.
        high: upper end of the interval; NaN for fewer than two people.
        p_value: two-sided, 0 .. 1; 1 for fewer than two people.
        n: people with both values.
        verdict: "a is better" when the whole interval lies above 0, "b is better" when it lies below 0, else "not
            distinguishable". It takes higher values as better.
    """

    difference: float
    low: float
    high: float
    p_value: float
    n: int
    verdict: Words


def mean_interval(values: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Mean and Student-t interval, mean +- t(n - 1) x standard deviation / sqrt(n).

    Why t and not a bootstrap: it needs no seed, costs one pass, and is exact for normal values at any n. For figures
    that are 0 for seven people in ten, a 95 % interval held the true mean in 87 % of simulations with 10 people, 92 %
    with 30, 94.5 % with 100 and more. It is symmetric, so for a handful of people an end can leave 0 .. 1: nothing is
    cut off, to show how little is known.

    Args:
        values: real numbers [P], one per person; NaN and infinite ones are left out.
        level: the wished chance to hold the true mean, between 0 and 1.

    Raises:
        BadData: wrong shape or kind.
        BadConfig: a level outside 0 .. 1.

    Mean 2, standard deviation 1, t = 4.303 for two degrees of freedom: 2 +- 4.303 / sqrt(3).

    >>> found = mean_interval([1.0, 2.0, 3.0])
    >>> round(found.low, 3), round(found.high, 3), found.n
    (-0.484, 4.484, 3)
    """
    _check_level(level)
    known = checked("values", values, (None,), REAL).astype(np.float64)
    known = known[np.isfinite(known)]
    n = len(known)
    mean = float(known.mean()) if n else math.nan
    if n < 2:
        return Interval(mean=mean, low=math.nan, high=math.nan, n=n)
    half = student_t((1.0 + level) / 2.0, n - 1) * float(known.std(ddof=1)) / math.sqrt(n)
    return Interval(mean=mean, low=mean - half, high=mean + half, n=n)


def student_t(probability: float, df: int) -> float:
    """Quantile of Student's t distribution with `df` degrees of freedom (1 or more).

    Exact for one and two degrees; else the expansion around the normal quantile of Abramowitz & Stegun 26.7.5. At
    probability .975 its relative error is .0012 for 3 degrees, .0001 for 5 and below .000004 from 10 on (compared
    with scipy in the tests); at .995 it is .008 for 3 degrees and .00003 for 10.

    >>> round(student_t(0.975, 30), 4)
    2.0423
    """
    if df == 1:
        return math.tan(math.pi * (probability - 0.5))
    if df == 2:
        return (2.0 * probability - 1.0) * math.sqrt(2.0 / (4.0 * probability * (1.0 - probability)))
    x = NormalDist().inv_cdf(probability)
    terms = (
        (x**3 + x) / 4.0,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96.0,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384.0,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160.0,
    )
    correction: float = sum(term / float(df) ** power for power, term in enumerate(terms, start=1))
    return x + correction


def paired_bootstrap(
    a: npt.ArrayLike, b: npt.ArrayLike, *, seed: int, n_boot: int = 2000, level: float = 0.95
) -> Difference:
    """Compares two models on the same people by drawing people with replacement (Efron & Tibshirani 1993, chapter 13).

    The interval is the percentile interval, stretched around the mean for small n: a bootstrap of n people is too
    narrow by the factor sqrt((n - 1) / n) and by normal over t quantile (Hesterberg, The American Statistician 2015).
    The stretch is 1.22 for 10 people and 1.006 for 300. The p-value is twice the share of the same stretched draws on
    the far side of 0, so it agrees with the interval at `level`; it is never below 2 / (n_boot + 1).

    Args:
        a: real numbers [P], one per person, higher is better.
        b: real numbers [P], the same people in the same order. People whose a or b is NaN or infinite are left out.
        seed: of the draws; the same seed gives the same answer.
        n_boot: how many times n people are drawn, 100 or more.
        level: of the interval, between 0 and 1.

    Raises:
        BadData: wrong shapes or kinds.
        BadConfig: a level outside 0 .. 1 or too few draws.

    >>> paired_bootstrap([0.5, 0.7, 0.6], [0.5, 0.7, 0.6], seed=7).verdict
    'not distinguishable'
    """
    _check_level(level)
    if n_boot < 100:
        raise BadConfig(f"n_boot is {n_boot}: expected 100 or more draws for an interval")
    first = checked("a", a, (None,), REAL).astype(np.float64)
    second = checked("b", b, first.shape, REAL).astype(np.float64)
    both = np.isfinite(first) & np.isfinite(second)
    gap = first[both] - second[both]
    # Two ways to add the same numbers differ in the last bits; that is no difference between models.
    gap[np.isclose(first[both], second[both], rtol=1e-12, atol=1e-15)] = 0.0
    n = len(gap)
    mean = float(gap.mean()) if n else math.nan
    if n < 2:
        nothing = math.nan
        return Difference(difference=mean, low=nothing, high=nothing, p_value=1.0, n=n, verdict="not distinguishable")
    upper = (1.0 + level) / 2.0
    stretch = math.sqrt(n / (n - 1)) * student_t(upper, n - 1) / NormalDist().inv_cdf(upper)
    drawn = mean + stretch * (_drawn_means(gap, generator(seed), n_boot) - mean)
    low, high = (float(end) for end in np.quantile(drawn, (1.0 - upper, upper)))
    beyond = int(min(np.count_nonzero(drawn <= 0.0), np.count_nonzero(drawn >= 0.0)))
    verdict: Words = "a is better" if low > 0 else "b is better" if high < 0 else "not distinguishable"
    return Difference(
        difference=mean, low=low, high=high, p_value=min(1.0, 2.0 * (1 + beyond) / (1 + n_boot)), n=n, verdict=verdict
    )


def _drawn_means(gap: Float64s, rng: np.random.Generator, n_boot: int) -> Float64s:
    """Means of n_boot samples with replacement: float64 [n_boot]. Held at once: `_CELLS` draws, or one sample."""
    n = len(gap)
    block = max(1, _CELLS // n)
    means = np.empty(n_boot)
    for start in range(0, n_boot, block):
        size = min(block, n_boot - start)
        means[start : start + size] = gap[rng.integers(0, n, size=(size, n), dtype=np.int32)].mean(axis=1)
    return means


def _check_level(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise BadConfig(f"level is {level}: expected a chance between 0 and 1, such as 0.95")
