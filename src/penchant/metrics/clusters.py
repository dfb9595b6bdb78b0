"""Intervals for figures of labelled rows, and for the difference between two models, by drawing people with their rows.

The rows of one person resemble each other, so they are drawn together (a cluster bootstrap: Davison & Hinkley 1997, section
3.8; Field & Welsh 2007). It serves figures that are no mean over people, such as the area under the curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from penchant.metrics.intervals import Difference, Interval, Words, student_t
from penchant.metrics.labelled import Curve, binned, calibration_errors, log_losses
from penchant.rng import generator

Float64s = npt.NDArray[np.float64]
Figure = Callable[[Float64s], Float64s]
"""What each person counts (float64 [K, P]) -> the figure for each of the K draws (float64 [K])."""

N_DRAWS = 1000
"""Draws of people; the ends of a 95 % interval then vary by some 3 % of its width between seeds."""

LOWER_IS_BETTER = frozenset({"logloss", "calibration error", "rmse", "mae"})

_CELLS = 1 << 22
"""Weights of rows held at once: 32 MB, and three temporaries of this size."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """R labelled rows and what a model said about them.

    Attributes:
        person: int64 [R], 0 .. n_people - 1.
        truth: float64 [R], the label or value.
        predicted: float64 [R], finite.
    """

    person: npt.NDArray[np.int64]
    truth: Float64s
    predicted: Float64s
    n_people: int

    def of_labels(self) -> dict[str, Figure]:
        """Figures of labels 0 and 1: ``auc``, ``logloss`` and ``calibration error``."""
        curve = Curve(self.truth, self.predicted)
        sums = binned(self.truth, self.predicted, self.person, self.n_people, np.ones(len(self.truth)))
        flat = sums.reshape(self.n_people, -1)
        return {
            "auc": lambda counts: self._areas(curve, counts),
            "logloss": self._mean(log_losses(self.truth, self.predicted)),
            "calibration error": lambda counts: calibration_errors(
                (counts @ flat).reshape(len(counts), *sums.shape[1:])
            ),
        }

    def of_values(self) -> dict[str, Figure]:
        """Figures of values such as ratings: ``rmse`` and ``mae``."""
        gap = self.truth - self.predicted
        squared = self._mean(np.square(gap))
        return {"rmse": lambda counts: np.sqrt(squared(counts)), "mae": self._mean(np.abs(gap))}

    def _mean(self, values: Float64s) -> Figure:
        total = np.bincount(self.person, weights=values, minlength=self.n_people)
        rows = np.bincount(self.person, minlength=self.n_people).astype(np.float64)
        return lambda counts: (counts @ total) / (counts @ rows)

    def _areas(self, curve: Curve, counts: Float64s) -> Float64s:
        size = max(1, _CELLS // max(1, len(self.person)))
        parts = [curve.areas(counts[i : i + size][:, self.person]) for i in range(0, len(counts), size)]
        return np.concatenate(parts)


def drawn_people(n: int, seed: int, n_draws: int = N_DRAWS) -> Float64s:
    """How often each of `n` people is drawn when n are drawn with replacement, float64 [n_draws, n]."""
    return generator(seed, "people with their rows").multinomial(n, np.full(n, 1 / n), size=n_draws).astype(np.float64)


def with_intervals(figures: Mapping[str, Figure], draws: Float64s, level: float = 0.95) -> dict[str, Interval]:
    """Each figure with its interval; `draws` is what `drawn_people` gave, P people in each."""
    n = draws.shape[1]
    found = {}
    for name, figure in figures.items():
        value = float(figure(np.ones((1, n)))[0])
        spread = _around(value, figure(draws), n, level)
        low, high = _ends(spread, level)
        found[name] = Interval(mean=value, low=low, high=high, n=n)
    return found


def difference(name: str, a: Figure, b: Figure, draws: Float64s, level: float = 0.95) -> Difference:
    """The figure of model a minus that of model b, both over the same people drawn.

    The verdict knows which figures are better when they are lower (`LOWER_IS_BETTER`).
    """
    n = draws.shape[1]
    everyone = np.ones((1, n))
    value = float(a(everyone)[0] - b(everyone)[0])
    spread = _around(value, a(draws) - b(draws), n, level)
    if len(spread) == 0 or not math.isfinite(value):
        return Difference(
            difference=value, low=math.nan, high=math.nan, p_value=1.0, n=n, verdict="not distinguishable"
        )
    low, high = _ends(spread, level)
    beyond = int(min(np.count_nonzero(spread <= 0.0), np.count_nonzero(spread >= 0.0)))
    up: Words = "b is better" if name in LOWER_IS_BETTER else "a is better"
    down: Words = "a is better" if name in LOWER_IS_BETTER else "b is better"
    verdict: Words = up if low > 0 else down if high < 0 else "not distinguishable"
    p_value = min(1.0, 2.0 * (1 + beyond) / (1 + len(spread)))
    return Difference(difference=value, low=low, high=high, p_value=p_value, n=n, verdict=verdict)


def _around(value: float, drawn: Float64s, n: int, level: float) -> Float64s:
    """The draws, moved so that their mean is the value, and stretched for few people as `paired_bootstrap` does.

    Moved, because some figures are biased under resampling: the calibration error of a draw is greater than that of the rows.
    """
    drawn = drawn[np.isfinite(drawn)]
    if n < 2 or len(drawn) == 0:
        return np.zeros(0)
    upper = (1.0 + level) / 2.0
    stretch = math.sqrt(n / (n - 1)) * student_t(upper, n - 1) / NormalDist().inv_cdf(upper)
    moved: Float64s = value + stretch * (drawn - drawn.mean())
    return moved


def _ends(spread: Float64s, level: float) -> tuple[float, float]:
    if len(spread) == 0:
        return math.nan, math.nan
    low, high = np.quantile(spread, ((1.0 - level) / 2.0, (1.0 + level) / 2.0))
    return float(low), float(high)
