"""Protocol `cold`: items that no training row mentions compete with known ones in a single ranking ("cold-mixed").

Needs a split column whose test (and valid) rows are about items without train rows. Of each person's train rows 20 % become
warm targets; the rest is fitted and is the history; the person's test rows are cold targets.
"""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Bool, Int64, Nums, frozen, offsets_of
from penchant.data.dataset import Dataset
from penchant.data.features import Categories
from penchant.data.questions import OVERALL, Questions, Targets, Task
from penchant.errors import BadData
from penchant.evaluate.protocol import Protocol, Stage
from penchant.rng import generator

WARM_SHARE = 0.2


def task(data: Dataset, protocol: Protocol, stage: Stage) -> Task:
    """Stage "valid" uses the valid rows in the same way, with the next seed; raises BadData without such a split."""
    split = data.interactions.extra.get("split")
    if not isinstance(split, Categories):
        raise BadData("protocol cold: the log has no split column (train, valid, test); name it with --split-column")
    is_train = split.codes == split.names.number("train")
    is_cold = split.codes == split.names.number(stage)
    if not is_train.any() or not is_cold.any():
        raise BadData(
            f'protocol cold: expected rows with split "train" and "{stage}", found only: {", ".join(split.names)}'
        )
    warm = _warm_rows(data, is_train, protocol.seed + (stage == "valid"))
    train = data.take(np.flatnonzero(is_train & ~warm))
    candidates = np.zeros(data.n_items, dtype=np.bool_)
    candidates[data.interactions.item[is_train | is_cold]] = True
    people = np.unique(data.interactions.user[warm | is_cold])
    groups = {OVERALL: warm | is_cold, "warm": warm, "cold": is_cold}
    sequences = train.sequences
    asked = Questions(
        data=data,
        sequences=sequences,
        user=frozen(people.astype(np.int32)),
        at=np.full(len(people), int(data.interactions.at[-1]) + 1, dtype=np.int64),
        low=sequences.offsets[people],
        high=sequences.offsets[people + 1],
        row=None,
        targets={name: _targets(data, train, which, people) for name, which in groups.items()},
        popularity=train.popularity,
        newest_row=None,
        candidates=frozen(candidates),
        stranger=np.diff(sequences.offsets)[people] == 0,
    )
    return Task(train=train, asked={"frozen": asked}, refit="train only: the valid rows are about other items")


def _warm_rows(data: Dataset, is_train: Bool, seed: int) -> Bool:
    """Draws over the train rows ordered by person (by rising id) and, within a person, as in the file."""
    rank = np.empty(data.n_users, dtype=np.int64)
    rank[_by_id(data)] = np.arange(data.n_users)
    rows = np.flatnonzero(is_train)
    rows = rows[np.argsort(rank[data.interactions.user[rows]], kind="stable")]
    warm = np.zeros(len(data), dtype=np.bool_)
    warm[rows[generator(seed).random(len(rows)) < WARM_SHARE]] = True
    return warm


def _by_id(data: Dataset) -> Int64:
    ids = data.users.ids.to_list()
    if all(text.isdigit() for text in ids):
        return np.argsort(np.asarray([int(text) for text in ids]), kind="stable").astype(np.int64)
    return np.asarray(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)


def _targets(data: Dataset, train: Dataset, which: Bool, people: Int64 | Nums) -> Targets:
    """Distinct items of the chosen rows of each person that are not in the person's remaining rows."""
    log, n = data.interactions, data.n_items
    pairs = np.unique(log.user[which].astype(np.int64) * n + log.item[which])
    past = train.interactions.user.astype(np.int64) * n + train.interactions.item
    pairs = pairs[~np.isin(pairs, past)]
    counts = np.bincount(np.searchsorted(people, pairs // n), minlength=len(people))
    return Targets(offsets=offsets_of(counts), items=(pairs % n).astype(np.int32))
