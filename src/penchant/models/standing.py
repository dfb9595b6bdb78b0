"""Popularity of the moment beside the scores of a model."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Bool, Float32

_BEHIND = np.float32(1e-6)
"""Least share of the greatest score that popularity gets: enough to decide between equals, at any scale of scores."""


def add_popularity(scores: Float32, counts: Float32, known: Bool, weight: float) -> None:
    """Adds ``(1e-6 + weight) x greatest score x counts / their peak`` to each row, in place.

    Args:
        scores: float32 [B, n]; NaN is no opinion. An item that was chosen gets a score even there; in a row without any
            opinion all known items do.
        counts: float32 [B, n], choices as of each moment; overwritten.
        known: bool [n], whether the item had an event in the training log.
        weight: share of the greatest score that the peak of popularity counts, >= 0.
    """
    peak = counts.max(axis=1, keepdims=True)
    np.divide(counts, np.where(peak > 0, peak, 1.0), out=counts)
    nothing = np.isnan(scores)
    scores[np.ix_(nothing.all(axis=1), known)] = 0.0
    scores[nothing & (counts > 0)] = 0.0
    # fmax and fmin leave NaN out; a row that is still all NaN compares as false and counts as of size 1
    size = np.maximum(np.fmax.reduce(scores, axis=1), -np.fmin.reduce(scores, axis=1))
    counts *= (_BEHIND + np.float32(weight)) * np.where(size > 0, size, np.float32(1.0))[:, None]
    scores += counts
