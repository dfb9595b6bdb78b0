"""Questions with known answers from inside a training log: what a composite model learns from how to weigh its members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from penchant.data.arrays import Bool, offsets_of
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.questions import OVERALL, Questions, Targets, Task, first_rows, people_of
from penchant.data.replayed import drawn_rows, replayed
from penchant.rng import generator

SHARE = 0.1
"""Part of the log, the newest, that the questions are about."""

MOST_OF_ONE = 20
"""Questions about one person."""

_ENOUGH_NEW = 0.02
"""Share of right answers that must be items without events, for what is learned about such items to hold."""

BLOCK_CELLS = 4_000_000
"""Scores of one member that are held at once (16 MB)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """One block of questions.

    Attributes:
        batch: the questions as a model sees them.
        allowed: bool [B, n_items], what may be recommended.
        targets: the right answers; those that may not be recommended are left out.
    """

    batch: QueryBatch
    allowed: Bool
    targets: Targets


def rehearsal(train: Dataset) -> Task:
    """The newest tenth of a log as questions to models that are fitted on the rest.

    A log without times has no newest part: there the last event of each person is asked.
    """
    if not train.timed:
        return _last_events(train)
    cut = max(1, int((1 - SHARE) * len(train)))
    kinds = [number for number, kind in enumerate(train.schema.kinds.values()) if kind.target]
    rows = drawn_rows(train, cut, kinds, MOST_OF_ONE, seed=7)
    exclude = train.schema.repeats == "exclude"
    asked = replayed(train, cut, rows, exclude=exclude)
    return Task(train=train.take(slice(0, cut)), asked={"live": asked}, exclude=exclude)


def prepared(valid: Task | None, train: Dataset, hide: bool, share: float, seed: int) -> Task:
    """The questions to learn from: those that were given, else those of `rehearsal`, with hidden items where there is need.

    Args:
        hide: whether some member can say anything about items without events.
        share: of the items that are then hidden from the members, unless enough answers are such items anyway.
    """
    task = valid or rehearsal(train)
    if not hide or share == 0 or len(task.train) == 0:
        return task
    known = task.train.seen_items
    new = [
        float((~known[q.targets[OVERALL].items]).mean()) for q in task.asked.values() if len(q.targets[OVERALL].items)
    ]
    return task if new and max(new) >= _ENOUGH_NEW else _with_hidden_items(task, share, seed)


def _with_hidden_items(task: Task, share: float, seed: int) -> Task:
    """The members never see some of the items with events, as if these had just arrived."""
    items = np.flatnonzero(task.train.seen_items)
    hidden = np.zeros(task.train.n_items, dtype=np.bool_)
    hidden[generator(seed, "hidden items").permutation(items)[: int(share * len(items))]] = True
    left = np.flatnonzero(~hidden[task.train.interactions.item])
    if len(left) == 0:
        return task
    asked = {name: replace(q, popularity=q.popularity.without(hidden)) for name, q in task.asked.items()}
    return replace(task, train=task.train.take(left), asked=asked)


def _last_events(data: Dataset) -> Task:
    sequences = data.sequences
    people = np.flatnonzero(np.diff(sequences.offsets) > 1).astype(np.int32)
    places = sequences.offsets[people + 1] - 1
    rows = sequences.rows[places]
    held = np.zeros(len(data), dtype=np.bool_)
    held[rows] = True
    train = data.take(np.flatnonzero(~held))
    end = int(data.interactions.at[-1]) + 1 if len(data) else 0
    asked = Questions(
        data=data,
        sequences=sequences,
        user=people,
        at=np.full(len(people), end, dtype=np.int64),
        low=sequences.offsets[people],
        high=places,
        row=None,
        targets={OVERALL: Targets.single(data.interactions.item[rows])},
        popularity=train.popularity,
        newest_row=None,
        candidates=None,
        stranger=np.zeros(len(people), dtype=np.bool_),
    )
    return Task(train=train, asked={"last": asked}, exclude=data.schema.repeats == "exclude")


def blocks(task: Task, *, most: int, seed: int) -> Iterator[Asked]:
    """The questions of a task that a service could be asked, at most `most` of each way of asking, people drawn by the seed."""
    for name, questions in task.asked.items():
        if name not in task.unreal:
            yield from _blocks(_by_instant(_drawn(questions, most, seed)), task.exclude)


def _drawn(questions: Questions, most: int, seed: int) -> Questions:
    if len(questions) <= most:
        return questions
    people = generator(seed, "rehearsal").permutation(np.sort(people_of(questions)))
    counts = np.bincount(questions.user, minlength=int(people.max()) + 1)[people]
    return questions.of_people(people[: max(1, int(np.searchsorted(np.cumsum(counts), most, side="right")))])


def _by_instant(questions: Questions) -> Questions:
    """Questions about one person in one moment as one question with several right answers.

    The items of a basket have no order: to learn that one of them is right and the others are wrong would be noise.
    """
    if questions.row is None or len(questions) < 2:
        return questions
    order = np.lexsort((questions.row, questions.at, questions.user))
    user, at = questions.user[order], questions.at[order]
    new = np.append(True, (user[1:] != user[:-1]) | (at[1:] != at[:-1]))
    newest = np.append(np.flatnonzero(new)[1:], len(order)) - 1
    answers = questions.targets[OVERALL].take(order)
    moment = np.repeat(np.cumsum(new) - 1, answers.n)
    n_items = questions.data.n_items
    pairs = np.unique(moment * n_items + answers.items)
    merged = Targets(offsets=offsets_of(np.bincount(pairs // n_items)), items=(pairs % n_items).astype(np.int32))
    # the newest row of a moment is taken, so that all of its items count as known
    return replace(questions.take(order[newest]), targets={OVERALL: merged})


def _blocks(questions: Questions, exclude: bool) -> Iterator[Asked]:
    size = max(1, min(256, BLOCK_CELLS // max(1, questions.data.n_items)))
    first = first_rows(questions.data)
    for start in range(0, len(questions), size):
        part = questions.take(np.arange(start, min(start + size, len(questions)), dtype=np.int64))
        batch = part.batch()
        allowed = part.allowed(first)
        if exclude:
            seen = part.seen(batch.history)
            allowed[seen.owner, seen.item] = False
        yield Asked(batch=batch, allowed=allowed, targets=_reachable(part.targets[OVERALL], allowed))


def _reachable(targets: Targets, allowed: Bool) -> Targets:
    owner = np.repeat(np.arange(len(allowed), dtype=np.int64), targets.n)
    keep = allowed[owner, targets.items]
    counts = np.bincount(owner[keep], minlength=len(allowed))
    return Targets(offsets=offsets_of(counts), items=targets.items[keep])
