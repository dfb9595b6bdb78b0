"""Protocol `users`: some people leave training altogether; they come with attributes alone, then with their first k events.

With `given_share` they come once, with that share of their distinct items; the others are the targets ("fold-in"). The given
items are drawn by the seed, whatever their time, as in Liang, Krishnan, Hoffman and Jebara, "Variational Autoencoders for
Collaborative Filtering", WWW 2018, section 4.2, and keep their order; people with fewer than five items are not asked, as in
the code of that paper. Where `given_which` is "oldest" the history is instead what came before the first target, so that
nothing later tells about it.
"""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Bool, Int64, Nums, frozen, offsets_of
from penchant.data.dataset import Dataset
from penchant.data.questions import OVERALL, Questions, Targets, Task
from penchant.data.sequences import Sequences
from penchant.errors import BadData
from penchant.evaluate.protocol import Protocol, Stage
from penchant.rng import generator

FEWEST_ITEMS = 5
"""A person with fewer distinct items is not asked when a share of them is given."""


def task(data: Dataset, protocol: Protocol, stage: Stage) -> Task:
    """Takes `people_share` of the people out (seeded); stage "valid" does the same among the rest with the next seed."""
    unseen = _drawn(data, protocol, protocol.seed)
    if stage == "valid":
        data = data.take(np.flatnonzero(~np.isin(data.interactions.user, unseen)))
        unseen = _drawn(data, protocol, protocol.seed + 1)
    train = data.take(np.flatnonzero(~np.isin(data.interactions.user, unseen)))
    if len(unseen) == 0 or len(train) == 0:
        raise BadData("protocol users: too few people; need at least two with events")
    if protocol.given_share is not None:
        some = {f"{protocol.given_share:.0%} given": _asked_share(data, train, unseen, protocol)}
        return Task(train=train, asked=some, refit="train + validation")
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
    return _questions(data, train, unseen, sequences, low, high, pairs)


def _questions(
    data: Dataset, train: Dataset, unseen: Nums, shown: Sequences, low: Int64, high: Int64, pairs: Int64
) -> Questions:
    """One question a person; `pairs` are the right answers as `_pairs` gives them."""
    counts = np.bincount(pairs // data.n_items, minlength=len(unseen))
    end = int(train.interactions.at[-1]) + 1
    return Questions(
        data=data,
        sequences=shown,
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


def _asked_share(data: Dataset, train: Dataset, unseen: Nums, protocol: Protocol) -> Questions:
    """A share of each person's distinct items is given, the others are the targets."""
    assert protocol.given_share is not None
    n = np.bincount(_distinct(data, unseen)[0] // data.n_items, minlength=len(unseen))
    # as many targets as the share leaves, rounded down; 1 - .8 is less than .2 by a hair
    n_targets = np.floor((1 - protocol.given_share) * n + 1e-9).astype(np.int64)
    able = (n >= FEWEST_ITEMS) & (n_targets > 0)
    unseen, n, n_targets = unseen[able], n[able], n_targets[able]
    if len(unseen) == 0:
        raise BadData(
            f"protocol users: none of the people who left training has {FEWEST_ITEMS} items and a target among them"
        )
    pairs, first = _distinct(data, unseen)
    owner, drawn = pairs // data.n_items, protocol.given_which == "drawn"
    rank = generator(protocol.seed, "given share").random(len(pairs)) if drawn else first
    place = np.arange(len(pairs)) - np.repeat(offsets_of(n)[:-1], n)
    hidden = np.zeros(len(pairs), dtype=np.bool_)
    hidden[np.lexsort((rank, owner))] = place >= np.repeat(n - n_targets, n)
    targets = pairs[hidden]
    if drawn:
        shown = data.take(~_among(data, unseen, targets)).sequences
        return _questions(data, train, unseen, shown, shown.offsets[unseen], shown.offsets[unseen + 1], targets)
    low, whole = data.sequences.offsets[unseen], data.sequences
    high = whole.offsets[unseen + 1].copy()
    # `first` counts through the pasts of all of them, one after the other
    start = offsets_of(high - low)[:-1]
    np.minimum.at(high, owner[hidden], (low - start)[owner[hidden]] + first[hidden])
    return _questions(data, train, unseen, whole, low, high, targets)


def _distinct(data: Dataset, people: Nums) -> tuple[Int64, Int64]:
    """Distinct (person, item) pairs as in `_pairs`, sorted, and the first event of each, counted through all pasts."""
    past = data.sequences.histories(data.sequences.offsets[people], data.sequences.offsets[people + 1])
    pairs, first = np.unique(past.owner * data.n_items + past.item, return_index=True)
    return pairs, first.astype(np.int64)


def _among(data: Dataset, people: Nums, pairs: Int64) -> Bool:
    """Which events are one of the pairs (as in `_pairs`, by place in `people`), bool [N]."""
    place = np.full(data.n_users, -1, dtype=np.int64)
    place[people] = np.arange(len(people))
    keys = place[data.interactions.user] * data.n_items + data.interactions.item
    found: Bool = np.isin(keys, pairs)
    return found
