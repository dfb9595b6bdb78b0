"""Protocol `last`: one held-out event per person; and how events that are held out one by one are asked for."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Int64, frozen
from penchant.data.dataset import Dataset
from penchant.data.questions import OVERALL, Questions, Targets, Task
from penchant.data.replayed import repeated
from penchant.errors import BadData
from penchant.evaluate.protocol import Protocol, Stage


def task(data: Dataset, protocol: Protocol, stage: Stage) -> Task:
    """Leave-one-out: the last event of each person is test, the second-last is validation.

    Raises:
        BadData: nobody has an event left to train on.
    """
    sequences = data.sequences
    n = np.diff(sequences.offsets)
    back = 1 if stage == "test" else 2
    people = np.flatnonzero(n > back)
    places = sequences.offsets[people + 1] - back
    held = np.zeros(len(data), dtype=np.bool_)
    for step in range(1, back + 1):
        some = np.flatnonzero(n >= step)
        held[sequences.rows[sequences.offsets[some + 1] - step]] = True
    train = data.take(np.flatnonzero(~held))
    if len(train) == 0:
        raise BadData(
            f"protocol last: expected people with {back + 1} events or more, found none; nothing is left to train on"
        )
    newest = sequences.rows[sequences.offsets[np.flatnonzero(n) + 1] - 1]
    known = data if stage == "test" else data.take(np.setdiff1d(np.arange(len(data)), newest))
    return Task(
        train=train, asked={"live": asked_per_event(data, train, places, protocol, known)}, refit="train + validation"
    )


def asked_per_event(data: Dataset, train: Dataset, places: Int64, protocol: Protocol, known: Dataset) -> Questions:
    """One question for the event at each place of ``data.sequences``; its history is all that comes before it.

    `known` is the log without the rows that the stage may not look at: where popularity and candidates come from.
    """
    log, sequences = data.interactions, data.sequences
    rows = sequences.rows[places]
    low = sequences.offsets[log.user[rows]]
    if protocol.repeats == "exclude":
        fresh = ~repeated(data, rows, low, places)
        rows, low, places = rows[fresh], low[fresh], places[fresh]
    knows_time = protocol.request_time == "event"
    end = int(train.interactions.at[-1]) + 1
    user = log.user[rows]
    return Questions(
        data=data,
        sequences=sequences,
        user=frozen(user),
        at=frozen(log.at[rows]) if knows_time else np.full(len(rows), end, dtype=np.int64),
        low=low,
        high=places,
        row=rows if knows_time else None,
        targets={OVERALL: Targets.single(log.item[rows])},
        popularity=known.popularity if knows_time else train.popularity,
        newest_row=None,
        candidates=known.seen_items,
        stranger=np.bincount(train.interactions.user, minlength=data.n_users)[user] == 0,
    )
