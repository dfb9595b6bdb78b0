"""Figures of a sorted log that a report shows: how dense it is, how often people repeat, and exact copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import Int64, Kinds, Nums

_ROWS_AT_ONCE = 1_000_000


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
    """The figures of a log in order of time. O(N log N) time; about 40 bytes for each of a million rows at a time.

    Args:
        timed: whether `at` are real times; without them there are no copies.
    """
    n = len(user)
    n_users, n_items = (int(part.max()) + 1 if n else 1 for part in (user, item))
    again = np.zeros(n, dtype=np.bool_)
    copies: list[Int64] = []
    # pairs of different people never meet, so one range of people after the other keeps the memory small
    n_parts = -(-n // _ROWS_AT_ONCE) or 1
    step = -(-n_users // n_parts)
    for low in range(0, n_users, step):
        row = np.flatnonzero((user >= low) & (user < low + step)) if n_parts > 1 else np.arange(n)
        pair = user[row].astype(np.int64) * n_items + item[row]
        order = np.argsort(pair, kind="stable")
        row, pair = row[order], pair[order]
        later = np.flatnonzero(pair[1:] == pair[:-1]) + 1
        again[row[later]] = True
        if timed:
            copies.append(_copies(pair, row, later, at, kind))
    repeats = int(again.sum())
    last = again[n - max(1, n // 10) :] if n else again
    return LogFigures(
        n_pairs=n - repeats,
        repeats=repeats / max(n, 1),
        repeats_last_tenth=float(last.mean()) if n else 0.0,
        copies=np.sort(np.concatenate(copies)) if copies else np.zeros(0, dtype=np.int64),
    )


def _copies(pair: Int64, row: Int64, later: Int64, at: Int64, kind: Kinds) -> Int64:
    """Rows that repeat pair, time and kind: looked for only where neighbours share pair and time.

    `later` are the places whose pair is that of the place before.
    """
    later = later[at[row[later]] == at[row[later - 1]]]
    places = np.union1d(later, later - 1)
    keys = np.stack([pair[places], at[row[places]], kind[row[places]].astype(np.int64), row[places]])
    keys = keys[:, np.lexsort(keys[::-1])]
    same = (keys[:3, 1:] == keys[:3, :-1]).all(axis=0)
    found: Int64 = keys[3, 1:][same]
    return found
