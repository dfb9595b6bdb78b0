"""Figures of a sorted log that a report shows: how dense it is, how often people repeat, and exact copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import AnyArray, Int64, Kinds, Nums


@dataclass(frozen=True, kw_only=True, eq=False)
class LogFigures:
    """Of N events.

    Attributes:
        n_pairs: distinct (person, item) pairs.
        repeats: share of events whose pair occurred in an earlier row, in [0, 1].
        repeats_last_tenth: the same among the last tenth of the rows (at least one).
        copies: int64 [m], rising rows that equal an earlier row in person, item, time and kind.
    """

    n_pairs: int
    repeats: float
    repeats_last_tenth: float
    copies: Int64


def log_figures(user: Nums, item: Nums, at: Int64, kind: Kinds, *, timed: bool) -> LogFigures:
    """The figures of a log in order of time. O(N log N) time, 24 bytes a row while it runs.

    Args:
        timed: whether `at` are real times; without them there are no copies.
    """
    n = len(user)
    n_items = int(item.max()) + 1 if n else 1
    pair = user.astype(np.int64) * n_items + item
    row: AnyArray = np.argsort(pair, kind="stable").astype(np.int32 if n < 2**31 else np.int64)
    pair = pair[row]
    again = np.zeros(n, dtype=np.bool_)
    again[1:] = pair[1:] == pair[:-1]
    copies = np.zeros(0, dtype=np.int64)
    if timed and again.any():
        copies = _copies(pair, row, again, at, kind)
    del pair
    last = np.asarray(row) >= n - max(1, n // 10)
    repeats = int(again.sum())
    return LogFigures(
        n_pairs=n - repeats,
        repeats=repeats / max(n, 1),
        repeats_last_tenth=float(again[last].mean()) if n else 0.0,
        copies=copies,
    )


def _copies(pair: Int64, row: AnyArray, again: AnyArray, at: Int64, kind: Kinds) -> Int64:
    """Rows that repeat pair, time and kind: looked for only where neighbours share pair and time."""
    later = np.flatnonzero(again)
    later = later[at[row[later]] == at[row[later - 1]]]
    if not len(later):
        return np.zeros(0, dtype=np.int64)
    places = np.union1d(later, later - 1)
    keys = np.stack([pair[places], at[row[places]], kind[row[places]].astype(np.int64), row[places].astype(np.int64)])
    order = np.lexsort(keys[::-1])
    keys = keys[:, order]
    same = (keys[:3, 1:] == keys[:3, :-1]).all(axis=0)
    found: Int64 = np.sort(keys[3, 1:][same])
    return found
