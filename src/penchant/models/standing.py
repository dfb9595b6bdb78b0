"""Popularity of the moment beside the scores of a model."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Bool, Float32

_BEHIND = np.float32(1e-6)
"""Least share of the greatest score that popularity gets: enough to decide between equals, at any scale of scores."""


_CELLS = 1 << 16
"""Scores worked on at a time: with the counts beside them 512 kB, so that all passes but the first read a near cache."""


def add_popularity(scores: Float32, counts: Float32, known: Bool, weight: float, peak: Float32 | None = None) -> None:
    """Adds ``(1e-6 + weight) x greatest score x counts / their peak`` to each row, in place.

    The greatest score is that of the known items, so that an item that comes later changes nothing for them.

    Args:
        scores: float32 [B, n]; NaN is no opinion. An item that was chosen gets a score even there; in a row without any
            opinion all known items do.
        counts: float32 [B, n], choices as of each moment; overwritten.
        known: bool [n], whether the item had an event in the training log.
        weight: share of the greatest score that the peak of popularity counts, >= 0.
        peak: float32 [B], where the counts are of some items only: that of all.
    """
    at_once = max(1, _CELLS // max(scores.shape[1], 1))
    for start in range(0, len(scores), at_once):
        rows = slice(start, start + at_once)
        most = counts[rows].max(axis=1, initial=0.0) if peak is None else peak[rows]
        _add_popularity(scores[rows], counts[rows], known, _BEHIND + np.float32(weight), most)


def _add_popularity(scores: Float32, counts: Float32, known: Bool, share: np.float32, peak: Float32) -> None:
    late = None if known.all() else np.flatnonzero(~known)
    aside = None if late is None else scores[:, late]
    if aside is not None:
        scores[:, late] = np.nan
    # fmax leaves NaN out: only a row without any opinion is of size NaN, and counts as of size 1
    size = np.fmax.reduce(np.abs(scores), axis=1)
    if aside is not None:
        scores[:, late] = aside
    counts *= (share * np.where(size > 0, size, np.float32(1.0)) / np.where(peak > 0, peak, np.float32(1.0)))[:, None]
    silent = np.isnan(size)
    if silent.any():
        scores[np.ix_(silent, known)] = 0.0
    nothing = np.isnan(scores)
    scores += counts
    if nothing.any():
        nothing &= counts > 0
        np.copyto(scores, counts, where=nothing)
