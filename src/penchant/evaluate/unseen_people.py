"""Protocol `users`: some people leave training altogether; they come with attributes alone, then with their first k events."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Int64, Nums, frozen, offsets_of
from penchant.data.dataset import Dataset
from penchant.data.questions import OVERALL, Questions, Targets, Task
from penchant.errors import BadData
from penchant.evaluate.protocol import Protocol, Stage
from penchant.rng import generator


def task(data: Dataset, protocol: Protocol, stage: Stage) -> Task:
    """Takes `people_share` of the people out (seeded); stage "valid" does the same among the rest with the next seed."""
    unseen = _drawn(data, protocol, protocol.seed)
    if stage == "valid":
        data = data.take(np.flatnonzero(~np.isin(data.interactions.user, unseen)))
        unseen = _drawn(data, protocol, protocol.seed + 1)
    train = data.take(np.flatnonzero(~np.isin(data.interactions.user, unseen)))
    if len(unseen) == 0 or len(train) == 0:
        raise BadData("protocol users: too few people; need at least two with events")
    # the first leads choices and verdicts: with nothing given, most models answer alike, so that comes last
    asked = {f"first {k}": _asked(data, train, unseen, k) for k in sorted(protocol.given, key=lambda k: k == 0)}
    return Task(train=train, asked=asked, refit="train + validation")


def _drawn(data: Dataset, protocol: Protocol, seed: int) -> Nums:
    people = np.flatnonzero(np.bincount(data.interactions.user, minlength=data.n_users))
    n = max(1, int(np.floor(protocol.people_share * len(people))))
    return np.sort(generator(seed).permutation(people)[:n]).astype(np.int32)


def _asked(data: Dataset, train: Dataset, unseen: Nums, k: int) -> Questions:
    """The people's first `k` events are the history; their other distinct items are the targets."""
    sequences = data.sequences
    low = sequences.offsets[unseen]
    high = np.minimum(low + k, sequences.offsets[unseen + 1])
    pairs = _pairs(data, low, high, sequences.offsets[unseen + 1])
    counts = np.bincount(pairs // data.n_items, minlength=len(unseen))
    end = int(train.interactions.at[-1]) + 1
    return Questions(
        data=data,
        sequences=sequences,
        user=frozen(unseen),
        at=np.full(len(unseen), end, dtype=np.int64),
        low=low,
        high=high,
        row=None,
        targets={OVERALL: Targets(offsets=offsets_of(counts), items=(pairs % data.n_items).astype(np.int32))},
        popularity=train.popularity,
        newest_row=None,
        candidates=data.seen_items,
        stranger=np.ones(len(unseen), dtype=np.bool_),
    )


def _pairs(data: Dataset, low: Int64, high: Int64, end: Int64) -> Int64:
    """Distinct (question, item) pairs after the given events, without the given items, as one number each, sorted."""
    rest, given = data.sequences.histories(high, end), data.sequences.histories(low, high)
    later = np.unique(rest.owner * data.n_items + rest.item)
    pairs: Int64 = later[~np.isin(later, given.owner * data.n_items + given.item)]
    return pairs
