"""Protocol `replay`: the model is frozen at a cut, then later events are asked one by one, as the service would have been.

Each question knows the person's events strictly earlier in time, the time and circumstances of the event, and popularity over
strictly earlier events. History *live* grows with the test events; *frozen* ends at the cut (empty for strangers).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.arrays import Int64, frozen
from penchant.data.dataset import Dataset
from penchant.errors import BadData
from penchant.evaluate.protocol import Protocol, Stage
from penchant.evaluate.questions import OVERALL, Questions, Targets, Task
from penchant.rng import generator


def cut_row(data: Dataset, protocol: Protocol) -> int:
    """The first test row: ``floor((1 - test_share) N)``, or the first event at or after `test_from`."""
    if protocol.test_from is not None:
        return int(np.searchsorted(data.interactions.at, protocol.test_from, side="left"))
    return int(np.floor((1 - protocol.test_share) * len(data)))


def cut_for(data: Dataset, protocol: Protocol, stage: Stage) -> tuple[Dataset, int]:
    """The log of a stage and its cut; stage "valid" plays the same game inside the training part.

    Raises:
        BadData: one side of the cut is empty.
    """
    cut = cut_row(data, protocol)
    if stage == "valid":
        data, protocol = data.take(slice(0, cut)), protocol.changed(test_from=None)
        cut = cut_row(data, protocol)
    if cut == 0 or cut == len(data):
        raise BadData(
            f"protocol {protocol.name}: the cut leaves {cut} of {len(data)} events for training; need some on both sides"
        )
    return data, cut


def task(data: Dataset, protocol: Protocol, stage: Stage) -> Task:
    """One question for each drawn event after the cut, with a live and with a frozen history."""
    data, cut = cut_for(data, protocol, stage)
    train = data.take(slice(0, cut))
    live = _live(data, train, cut, protocol)
    # the history ends at the person's first event that is not in training
    later = np.append(np.flatnonzero(data.sequences.rows >= cut), len(data))
    frozen_high = np.minimum(live.high, later[np.searchsorted(later, live.low)])
    frozen_questions = replace(live, high=frozen_high)
    return Task(train=train, asked={"live": live, "frozen": frozen_questions}, refit="train + validation")


def _live(data: Dataset, train: Dataset, cut: int, protocol: Protocol) -> Questions:
    rows = drawn_rows(data, cut, protocol)
    log, sequences = data.interactions, data.sequences
    place = sequences.place_of_rows()[rows]
    low = sequences.offsets[log.user[rows]]
    high = sequences.first_of_instant()[place]
    if protocol.repeats == "exclude":
        fresh = ~repeated(data, rows, low, high)
        rows, low, high = rows[fresh], low[fresh], high[fresh]
    user = log.user[rows]
    if protocol.request_time == "event":
        at, popularity = log.at[rows], data.popularity
    else:
        at, popularity = np.full(len(rows), log.at[cut], dtype=np.int64), train.popularity
    return Questions(
        data=data,
        sequences=sequences,
        user=frozen(user),
        at=frozen(at),
        low=low,
        high=high,
        row=rows if protocol.request_time == "event" else None,
        targets={OVERALL: Targets.single(log.item[rows])},
        popularity=popularity,
        newest_row=rows,
        candidates=None,
        stranger=np.bincount(train.interactions.user, minlength=data.n_users)[user] == 0,
    )


def drawn_rows(data: Dataset, cut: int, protocol: Protocol) -> Int64:
    """Rows asked, rising: at most `max_questions` of each person's target events from `cut` on.

    People are taken in the order of their first such event; ``choice`` without replacement is called only for people with
    more, from ``default_rng(seed)``.
    """
    log = data.interactions
    kinds = [data.schema.kind_number(name) for name in protocol.targets or data.schema.kinds]
    later = cut + np.flatnonzero(np.isin(log.kind[cut:], kinds))
    by_person = later[np.argsort(log.user[later], kind="stable")]
    starts = np.flatnonzero(np.diff(log.user[by_person], prepend=-1))
    groups = np.split(by_person, starts[1:]) if len(by_person) else []
    groups.sort(key=lambda rows: int(rows[0]))
    rng = generator(protocol.seed)
    limit = protocol.max_questions
    chosen = [rows if len(rows) <= limit else rng.choice(rows, limit, replace=False) for rows in groups]
    return np.sort(np.concatenate(chosen)).astype(np.int64) if chosen else np.zeros(0, dtype=np.int64)


def repeated(data: Dataset, rows: Int64, low: Int64, high: Int64) -> np.ndarray:
    """Whether the item of each row is in the history at the places ``low:high``, bool [Q]."""
    histories = data.sequences.histories(low, high)
    same = histories.item == data.interactions.item[rows][histories.owner]
    found = np.zeros(len(rows), dtype=np.bool_)
    found[histories.owner[same]] = True
    return found
