"""Labelled rows as questions whose answer is a number: what came of a person meeting an item."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Bool, Float32, Int64, frozen
from penchant.data.dataset import Dataset
from penchant.data.questions import OVERALL, Questions, Targets, Task
from penchant.rng import generator

CARVED_SHARE = 0.1
"""Share of the train rows that selects settings where no row is called valid."""


def has_labels(value: Float32) -> bool:
    """Whether the values of a log are the labels 0 and 1, both of them: then an event of value 0 is no choice."""
    return bool(((value == 0) | (value == 1)).all()) and len(value) > 0 and 0 < float(value.mean()) < 1


def asked_rows(data: Dataset, train: Dataset, rows: Int64) -> Questions:
    """A question for each of the rows (int64 [Q], rising) of `data`; its history is what `train` holds of the person.

    In a log with times only what is strictly earlier, in one without all of it.
    """
    log, sequences = data.interactions, train.sequences
    user = log.user[rows]
    high = sequences.places_before(user, log.at[rows]) if data.timed else sequences.offsets[user + 1]
    end = int(train.interactions.at[-1]) + 1 if len(train) else 0
    return Questions(
        data=data,
        sequences=sequences,
        user=frozen(user),
        at=frozen(log.at[rows]) if data.timed else np.full(len(rows), end, dtype=np.int64),
        low=sequences.offsets[user],
        high=high,
        row=rows,
        targets={OVERALL: Targets.single(log.item[rows])},
        popularity=train.popularity,
        newest_row=None,
        candidates=None,
        stranger=np.diff(sequences.offsets)[user] == 0,
        labels=frozen(log.value[rows]),
    )


def carved(data: Dataset, which: Bool, share: float, seed: int) -> Bool:
    """The newest share of the rows `which` (at least one), or of a log without times a seeded draw, bool [N]."""
    rows = np.flatnonzero(which)
    n = max(1, int(share * len(rows)))
    picked = rows[-n:] if data.timed else generator(seed, "labelled validation").choice(rows, n, replace=False)
    found = np.zeros(len(data), dtype=np.bool_)
    found[picked] = True
    return found


def labelled_rehearsal(train: Dataset, seed: int) -> Task:
    """A tenth of the rows of a labelled log as questions to models that are fitted on the rest; see `carved`."""
    asked = carved(train, np.ones(len(train), dtype=np.bool_), CARVED_SHARE, seed)
    rest = train.take(np.flatnonzero(~asked))
    return Task(train=rest, asked={"live": asked_rows(train, rest, np.flatnonzero(asked).astype(np.int64))})
