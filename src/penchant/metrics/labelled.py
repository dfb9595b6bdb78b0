"""How well numbers foretell labels: area under the curve, log loss, calibration error; root mean square and absolute error.

All take weights, so that a bootstrap draws people by weighing their rows instead of copying them.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from penchant.errors import BadData
from penchant.metrics.shapes import REAL, checked

Float64s = npt.NDArray[np.float64]

BINS = 15
"""Bins of the calibration error, equally wide, as in Guo et al. 2017."""

_LEAST_CHANCE = 1e-7
"""Probabilities are kept this far from 0 and 1 for the log loss, as float32 answers need it."""


def auc(label: npt.ArrayLike, predicted: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """The chance that a row with label 1 is predicted above one with label 0; equals count half (Hanley & McNeil 1982).

    Args:
        label: 0 or 1 [R].
        predicted: real numbers [R]; only their order counts.
        weight: what each row counts [R], >= 0; None counts each once.

    Returns:
        0 .. 1, or NaN when one of the labels does not occur (or has no weight).

    Raises:
        BadData: wrong shapes or kinds.

    Of the pairs (1, 0) the first label 1 wins both, the second wins one and loses one: 3 of 4.

    >>> auc([1, 0, 1, 0], [0.9, 0.4, 0.3, 0.2])
    0.75
    """
    truth, guess, counts = _rows(label, predicted, weight)
    return float(Curve(truth, guess).areas(counts[None, :])[0])


class Curve:
    """Rows sorted by prediction once, so that the area under the curve can be taken with many weights.

    Args:
        label: 0 or 1, float64 [R].
        predicted: float64 [R].
    """

    def __init__(self, label: Float64s, predicted: Float64s) -> None:
        """Sorts the rows; O(R log R)."""
        self.order = np.argsort(predicted, kind="stable")
        ordered = predicted[self.order]
        new = np.ones(len(ordered), dtype=np.bool_)
        new[1:] = ordered[1:] != ordered[:-1]
        self.starts = np.flatnonzero(new)
        self.label = label[self.order]

    def areas(self, weights: Float64s) -> Float64s:
        """The weighted area for each row of `weights` (float64 [K, R]), float64 [K]; O(K R), about 3 K R floats."""
        weighed = weights[:, self.order]
        ones = np.add.reduceat(weighed * self.label, self.starts, axis=1)
        zeros = np.add.reduceat(weighed, self.starts, axis=1) - ones
        below = np.cumsum(zeros, axis=1) - zeros
        pairs = ones.sum(axis=1) * zeros.sum(axis=1)
        won = (ones * (below + zeros / 2)).sum(axis=1)
        area: Float64s = np.divide(won, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
        return area


def log_losses(label: npt.ArrayLike, predicted: npt.ArrayLike) -> Float64s:
    """``-log`` of the probability that each row's label was given, float64 [R]; its mean is the log loss.

    Args:
        label: 0 or 1 [R].
        predicted: probability of label 1 [R]; kept between 1e-7 and 1 - 1e-7.

    Raises:
        BadData: wrong shapes or kinds, or a probability outside 0 .. 1.

    >>> log_losses([1, 0], [0.5, 0.75]).round(4)
    array([0.6931, 1.3863])
    """
    truth, guess, _ = _rows(label, predicted, None)
    outside = ~((guess >= 0) & (guess <= 1))
    if outside.any():
        raise BadData(f"predicted: expected probabilities between 0 and 1, got {guess[outside][0]:g}")
    guess = np.clip(guess, _LEAST_CHANCE, 1 - _LEAST_CHANCE)
    return np.asarray(-np.log(np.where(truth > 0, guess, 1 - guess)))


def calibration_error(label: npt.ArrayLike, predicted: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """The expected calibration error: how far the mean prediction of a bin lies from the share of label 1 in it.

    Rows fall into `BINS` equally wide bins by their prediction, ``[0, 1/15), [1/15, 2/15) ..`` with 1 in the last; the
    distances count by the weight of their bin (Guo et al., "On Calibration of Modern Neural Networks", 2017, equation 3).
    It is 0 for one constant that is the share of label 1, so it says nothing about skill.

    Args:
        label: 0 or 1 [R].
        predicted: probability of label 1 [R].
        weight: what each row counts [R]; None counts each once.

    Returns:
        0 .. 1; NaN without rows.

    Two rows share the last bin: predicted 0.95 on average, and one of two has label 1.

    >>> round(calibration_error([1, 0], [0.96, 0.94]), 4)
    0.45
    """
    truth, guess, counts = _rows(label, predicted, weight)
    return float(calibration_errors(binned(truth, guess, np.zeros(len(truth), dtype=np.int64), 1, counts))[0])


def binned(
    label: Float64s, predicted: Float64s, group: npt.NDArray[np.int64], n_groups: int, weight: Float64s
) -> Float64s:
    """Sums of (weight, label, prediction) in each bin of each group, float64 [n_groups, 3, BINS]."""
    place = np.minimum((predicted * BINS).astype(np.int64), BINS - 1)
    cell, size = group * BINS + place, n_groups * BINS
    sums = [np.bincount(cell, weights=part, minlength=size) for part in (weight, weight * label, weight * predicted)]
    return np.stack([part.reshape(n_groups, BINS) for part in sums], axis=1)


def calibration_errors(sums: Float64s) -> Float64s:
    """The calibration error of each table of sums (float64 [K, 3, BINS]), float64 [K]; NaN where a table holds no row."""
    total = sums[:, 0].sum(axis=1)
    gaps = np.abs(sums[:, 1] - sums[:, 2]).sum(axis=1)
    errors: Float64s = np.divide(gaps, total, out=np.full(len(sums), np.nan), where=total > 0)
    return errors


def rmse(value: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """The root of the mean squared error; NaN without rows.

    >>> rmse([1.0, 5.0], [1.0, 3.0])
    1.4142135623730951
    """
    truth, guess, _ = _rows(value, predicted, None)
    return math.sqrt(float(np.square(truth - guess).mean())) if len(truth) else math.nan


def _rows(
    label: npt.ArrayLike, predicted: npt.ArrayLike, weight: npt.ArrayLike | None
) -> tuple[Float64s, Float64s, Float64s]:
    truth = checked("label", label, (None,), REAL).astype(np.float64)
    guess = checked("predicted", predicted, truth.shape, REAL).astype(np.float64)
    counts = np.ones(len(truth)) if weight is None else checked("weight", weight, truth.shape, REAL).astype(np.float64)
    return truth, guess, counts
