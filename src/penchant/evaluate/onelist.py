"""Protocol `time`: one list per person, asked at the cut, judged on everything the person did later."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Int64, Nums, frozen, offsets_of
from penchant.data.dataset import Dataset
from penchant.data.questions import OVERALL, Questions, Targets, Task
from penchant.evaluate.protocol import Protocol, Stage
from penchant.evaluate.replay import cut_for


def task(data: Dataset, protocol: Protocol, stage: Stage) -> Task:
    """One question for each person with events on both sides of the cut."""
    data, cut = cut_for(data, protocol, stage)
    train = data.take(slice(0, cut))
    sequences = train.sequences
    user, item = _later_pairs(data, train, cut, protocol)
    people, counts = np.unique(user, return_counts=True)
    asked = Questions(
        data=data,
        sequences=sequences,
        user=frozen(people.astype(np.int32)),
        at=np.full(len(people), data.interactions.at[cut], dtype=np.int64),
        low=sequences.offsets[people],
        high=sequences.offsets[people + 1],
        row=None,
        targets={OVERALL: Targets(offsets=offsets_of(counts), items=frozen(item))},
        popularity=train.popularity,
        newest_row=None,
        candidates=data.seen_items,
        stranger=np.zeros(len(people), dtype=np.bool_),
    )
    return Task(train=train, asked={"frozen": asked}, refit="train + validation")


def _later_pairs(data: Dataset, train: Dataset, cut: int, protocol: Protocol) -> tuple[Nums, Nums]:
    """Distinct (person, item) pairs of test target events of people with training events, sorted by person."""
    log = data.interactions
    kinds = [data.schema.kind_number(name) for name in protocol.targets or data.schema.kinds]
    trained = np.bincount(train.interactions.user, minlength=data.n_users) > 0
    rows = cut + np.flatnonzero(np.isin(log.kind[cut:], kinds) & trained[log.user[cut:]])
    pairs: Int64 = np.unique(log.user[rows].astype(np.int64) * data.n_items + log.item[rows])
    if protocol.repeats == "exclude":
        past = train.interactions.user.astype(np.int64) * data.n_items + train.interactions.item
        pairs = pairs[~np.isin(pairs, past)]
    return (pairs // data.n_items).astype(np.int32), (pairs % data.n_items).astype(np.int32)
