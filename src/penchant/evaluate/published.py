"""Protocol `column`: a published split names the rows that train, those that select settings and those that are test.

A split is judged as it was published: with `per` "event" every test row is a question of its own, asked with what came before
it in the person's order; with `per` "person" each person gets one list, judged on all the person's test items at once
(recall@k is then hits over relevant items, and people without a test item are not asked).

Where a split has no valid rows, some train rows select settings, in a second cut made as the first one was. Many published
logs were thinned to a core (people and items with ten events, say) *before* they were cut, so an item that is rare in train
has lost more than its share to test, and a filter that favours popular items looks better on rows drawn from train than it is.
With `core` the train rows are thinned in the same way first, which brings that back.

A test of published pasts and targets (see `penchant.data.intake.strangers`) asks each of its rows as a stranger with that past.
Figures are means over people, and there each row is a person of its own, so that recall@k is a mean over rows, as published;
where the rows say which session they belong to, those of one session count together as one person, because they are not
independent, and a long session weighs no more than a short one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from penchant.data.arrays import Bool, Float64, Int64, frozen, offsets_of
from penchant.data.dataset import Dataset
from penchant.data.features import Categories
from penchant.data.questions import OVERALL, Questions, Targets, Task
from penchant.errors import BadData
from penchant.evaluate.held_out import asked_per_event
from penchant.evaluate.protocol import Protocol, Stage
from penchant.rng import generator

GIVEN = "given"
"""Rows that are the past of a test row and of nothing else; settings are chosen without a look at them."""

CARVED_SHARE = 0.2
"""Share of each person's train rows that selects settings where a split has no valid rows; less where it tests less."""


def task(data: Dataset, protocol: Protocol, stage: Stage) -> Task:
    """`train` rows train, `valid` rows select, `test` rows are targets, rows with any other name are history only.

    Where the split has no valid rows, stage "valid" asks for some of the train rows and fits on the others (see `_carved`).

    Raises:
        BadData: the log has no split column, it names no row of a needed kind, or no train row can be set aside.
    """
    split = data.interactions.extra.get("split")
    if not isinstance(split, Categories):
        raise BadData("protocol column: the log has no split column; name it with --split-column")
    rows = {name: split.codes == split.names.number(name) for name in ("train", "valid", "test", GIVEN)}
    for name in ("train", "test"):
        if not rows[name].any():
            listed = ", ".join(split.names)
            raise BadData(f'protocol column: expected rows with split "{name}", found only: {listed}')
    refit = "train only, as the published split asks"
    if not rows["valid"].any():
        refit += f"; it has no valid rows: {_how(data, protocol, _share(rows))} selected settings"
    train, asked = rows["train"], rows[stage]
    if stage == "valid":
        shown = ~(rows["test"] | rows[GIVEN])
        if not asked.any():
            train = _in_core(data, train, protocol.core)
            asked = _carved(data, train, protocol, _share(rows))
            if not asked.any():
                within = f" of a core of {protocol.core}" if protocol.core > 1 else ""
                raise BadData(
                    f"protocol column: no person has two train rows{within}, so none is left to select settings by"
                )
            shown &= train | ~rows["train"]
            train = train & ~asked
        # choosing must not look at a test row, not even as a history
        data, train, asked = data.take(shown), train[shown], asked[shown]
    fitted = data.take(train)
    kinds = [data.schema.kind_number(name) for name in protocol.targets or data.schema.kinds]
    wanted = asked & np.isin(data.interactions.kind, kinds)
    if protocol.per == "event":
        places = np.flatnonzero(wanted[data.sequences.rows]).astype(np.int64)
        questions = asked_per_event(data, fitted, places, protocol, data)
        if stage == "test" and rows[GIVEN].any():
            questions = _by_session(questions, wanted)
        return Task(train=fitted, asked={"live": questions}, refit=refit)
    return Task(
        train=fitted, asked={"frozen": _per_person(data, fitted, data.take(~asked), wanted, protocol)}, refit=refit
    )


def _by_session(questions: Questions, wanted: Bool) -> Questions:
    """The same questions, those of one session as questions of one person, the first of them, where the log has sessions."""
    log = questions.data.interactions
    if log.session is None:
        return questions
    stated = wanted & (log.session >= 0)
    _, first, session = np.unique(log.session[stated], return_index=True, return_inverse=True)
    speaker = np.arange(questions.data.n_users, dtype=np.int32)
    speaker[log.user[stated]] = log.user[stated][first][session]
    return replace(questions, user=frozen(speaker[questions.user]))


def _ordered(data: Dataset) -> bool:
    return data.timed or data.interactions.order is not None


def _share(rows: Mapping[str, Bool]) -> float:
    """The share of each person's train rows that selects settings: like that of test, `CARVED_SHARE` at most."""
    test, train = int(rows["test"].sum()), int(rows["train"].sum())
    return min(CARVED_SHARE, test / (test + train))


def _how(data: Dataset, protocol: Protocol, share: float) -> str:
    which = "the newest" if _ordered(data) else "a seeded draw of"
    core = f", thinned to people and items with {protocol.core} of them," if protocol.core > 1 else ""
    return f"{which} {share:.0%} of each person's train rows{core}"


def _in_core(data: Dataset, train: Bool, least: int) -> Bool:
    """The train rows that are left when people and items with fewer than `least` of them go, until nobody has to, bool [N]."""
    log, rows = data.interactions, np.flatnonzero(train)
    while True:
        kept = np.ones(len(rows), dtype=np.bool_)
        for codes in (log.user[rows], log.item[rows]):
            kept &= np.bincount(codes)[codes] >= least
        if kept.all():
            break
        rows = rows[kept]
    core = np.zeros(len(data), dtype=np.bool_)
    core[rows] = True
    return core


def _carved(data: Dataset, train: Bool, protocol: Protocol, share: float) -> Bool:
    """Which rows select settings, bool [N]: of each person's train rows a share, the newest or else drawn by the seed.

    The share is rounded down, but one row at least; a person with a single train row keeps it.
    """
    rows = data.sequences.rows[train[data.sequences.rows]]
    user = data.interactions.user[rows]
    rank: Float64 | Int64 = np.arange(len(rows))
    if not _ordered(data):
        rank = generator(protocol.seed, "carved validation").random(len(rows))
    rows = rows[np.lexsort((-rank, user))]
    held = np.bincount(user, minlength=data.n_users)
    wanted = np.where(held > 1, np.maximum(1, np.floor(share * held)), 0)
    place = np.arange(len(rows)) - np.repeat(offsets_of(held)[:-1], held)
    chosen = np.zeros(len(data), dtype=np.bool_)
    chosen[rows[place < np.repeat(wanted, held)]] = True
    return chosen


def _per_person(data: Dataset, train: Dataset, past: Dataset, wanted: Bool, protocol: Protocol) -> Questions:
    """One question for each person with a right answer: the distinct items of the rows `wanted`; the history is in `past`."""
    log, n, sequences = data.interactions, data.n_items, past.sequences
    pairs: Int64 = np.unique(log.user[wanted].astype(np.int64) * n + log.item[wanted])
    if protocol.repeats == "exclude":
        pairs = pairs[~np.isin(pairs, past.interactions.user.astype(np.int64) * n + past.interactions.item)]
    people, counts = np.unique(pairs // n, return_counts=True)
    return Questions(
        data=data,
        sequences=sequences,
        user=frozen(people.astype(np.int32)),
        at=np.full(len(people), int(train.interactions.at[-1]) + 1, dtype=np.int64),
        low=sequences.offsets[people],
        high=sequences.offsets[people + 1],
        row=None,
        targets={OVERALL: Targets(offsets=offsets_of(counts), items=frozen((pairs % n).astype(np.int32)))},
        popularity=train.popularity,
        newest_row=None,
        candidates=data.seen_items,
        stranger=np.bincount(train.interactions.user, minlength=data.n_users)[people] == 0,
    )
