"""Published pasts and targets beside a training log: each row becomes a stranger who did just that."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from penchant.data.arrays import Nums, frozen
from penchant.data.dataset import Dataset
from penchant.data.features import Categories, Numbers
from penchant.data.intake.prefixes import Prefixes
from penchant.data.intake.two_logs import behind
from penchant.data.interactions import Interactions
from penchant.data.profiles import missing_rows
from penchant.data.strings import Strings
from penchant.data.vocabulary import Vocabulary

SPLIT = ("train", "given", "test")
"""What `extra["split"]` says of each event: fitted on, part of a past that came with a target, or such a target."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """A training log with questions of strangers behind it.

    Attributes:
        unknown_targets: questions whose target is not in the training log.
        unknown_past: events of all pasts with such an item.
    """

    dataset: Dataset
    unknown_targets: int
    unknown_past: int


def with_strangers(train: Dataset, prefixes: Prefixes) -> Asked:
    """The training log with a new person for each row: the row's past in order (split "given"), then its target ("test").

    The target lies one step of time after the last event of the training log and the past in the steps just before it, as when
    a service is asked with a history that has no times. Items that only the questions know are numbered after the others and
    have no attributes; circumstances are missing. An event is of the first kind, a target of the first kind that may be one.
    Rows that share a session keep that in `session`.
    """
    items = train.items.extended(prefixes.items)
    number = items.numbers(prefixes.items)[0]
    people = Strings.of(f"{prefixes.name}:{line}" for line in prefixes.lines.tolist())
    users = Vocabulary(train.users.ids.joined(people))
    later, split = _later(train, prefixes, number)
    if train.interactions.session is None and prefixes.session is not None:
        none = np.full(len(train), -1, dtype=np.int64)
        train = replace(train, interactions=replace(train.interactions, session=frozen(none)))
    known = np.append(train.seen_items, np.zeros(len(items) - train.n_items, dtype=np.bool_))
    return Asked(
        dataset=behind(train, users, items, later, split),
        unknown_targets=int((~known[number[prefixes.target]]).sum()),
        unknown_past=int((~known[number[prefixes.past]]).sum()),
    )


def _later(train: Dataset, prefixes: Prefixes, number: Nums) -> tuple[Interactions, Categories]:
    """The pasts and targets as events sorted by time, and which of them are targets; `number` is that of each place."""
    length = np.diff(prefixes.offsets) + 1
    owner = np.repeat(np.arange(len(prefixes), dtype=np.int32), length)
    end = np.cumsum(length)
    place = np.arange(len(owner)) - np.repeat(end - length, length)
    steps = np.repeat(length, length) - place  # 1 is the target
    item = np.empty(len(owner), dtype=np.int32)
    item[steps == 1], item[steps > 1] = number[prefixes.target], number[prefixes.past]
    aimed = next((i for i, kind in enumerate(train.schema.kinds.values()) if kind.target), 0)
    by_time = np.argsort(-steps, kind="stable")
    log = Interactions(
        user=frozen(train.n_users + owner[by_time]),
        item=frozen(item[by_time]),
        at=frozen((int(train.interactions.at[-1]) + 2 - steps)[by_time]),
        kind=frozen(np.where(steps == 1, aimed, 0).astype(np.int8)[by_time]),
        value=np.ones(len(owner), dtype=np.float32),
        context={name: _missing(column, len(owner)) for name, column in train.interactions.context.items()},
        session=None if prefixes.session is None else frozen(prefixes.session[owner[by_time]].astype(np.int64)),
        order=frozen(place[by_time].astype(np.int64)),
    )
    return log, Categories(frozen(np.where(steps == 1, 2, 1).astype(np.int32)[by_time]), Vocabulary.of(SPLIT))


def _missing(column: Categories | Numbers, n: int) -> Categories | Numbers:
    made = missing_rows(column, n)
    assert isinstance(made, Categories | Numbers)
    return made
