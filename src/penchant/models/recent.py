"""Which events of each person a model folder keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.catalogue import People
from penchant.data.sequences import Sequences

KEPT_EVENTS = 1_000
"""Newest events of each person that a model folder keeps in any case."""


def recent(people: People, least: int = KEPT_EVENTS) -> People:
    """The people with the newest `least` events of each, and before those the newest event with each other item.

    The latter keep "nothing seen is recommended" true for people with a longer past.
    """
    sequences = people.sequences
    log, n = sequences.log, len(sequences.rows)
    kept = np.repeat(sequences.offsets[1:], np.diff(sequences.offsets)) - np.arange(n) <= least
    if bool(kept.all()):
        return people
    pairs = log.user.astype(np.int64) * (int(log.item.max()) + 1) + log.item
    newest_first = sequences.rows[::-1]
    kept[n - 1 - np.unique(pairs[newest_first], return_index=True)[1]] = True
    log = log.take(np.sort(sequences.rows[kept]))
    return replace(people, sequences=Sequences.of(log, len(sequences)))
