"""Published pasts beside a training log: what the strangers did, when, and how they are asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from penchant.data.dataset import Dataset
from penchant.data.features import Categories
from penchant.data.files import load
from penchant.data.intake.prefixes import read_prefixes
from penchant.data.intake.strangers import with_strangers
from penchant.data.questions import OVERALL
from penchant.data.schema import Schema
from penchant.evaluate.measuring import ModelSpec, measure
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.tasks import make_task
from penchant.train.run import Run

TRAIN = [{"session_id": "s", "item_id": item, "pos": pos} for pos, item in enumerate("abcab")] + [
    {"session_id": "t", "item_id": item, "pos": pos} for pos, item in enumerate("bc")
]
PREFIXES = {"prefix": [["c", "a"], ["c"], [], ["new"]], "target": ["b", "a", "a", "newer"]}


def asked(sessions: list[Any] | None = None, timed: bool = False) -> Dataset:
    """The training log with the pasts behind it."""
    rows = [{**row, "ts": 100 + i} for i, row in enumerate(TRAIN)] if timed else TRAIN
    prefixes = read_prefixes(PREFIXES if sessions is None else {**PREFIXES, "session": sessions})
    assert prefixes is not None
    found = with_strangers(load(rows, schema=Schema(repeats="allow")).dataset, prefixes)
    # the last target and its past are items of their own
    assert (found.unknown_targets, found.unknown_past) == (1, 1)
    return found.dataset


@pytest.mark.parametrize("timed", [False, True])
def test_each_row_is_a_stranger_with_that_past(timed: bool) -> None:
    data = asked(timed=timed)
    task = make_task(data, Protocol(name="column", per="event").resolved(data), "test")
    questions = task.asked["live"]
    history = questions.batch().history
    pasts = [data.items.ids_of(history.item[history.offsets[q] : history.offsets[q + 1]]) for q in range(4)]
    by_person = {data.users.id(int(user)): past for user, past in zip(questions.user, pasts, strict=True)}
    assert by_person == {"test:1": ["c", "a"], "test:2": ["c"], "test:3": [], "test:4": ["new"]}
    targets = questions.targets[OVERALL].items[np.argsort(questions.user)]
    assert data.items.ids_of(targets) == ["b", "a", "a", "newer"]
    # they are asked right after the training log, with a past that lies before that moment
    assert questions.stranger.all() and set(questions.at) == {int(task.train.interactions.at[-1]) + 1}
    assert (history.at < questions.at[history.owner]).all()
    assert sorted(data.items.ids_of(task.train.interactions.item)) == sorted("abcabbc")


def test_settings_are_chosen_without_a_look_at_pasts_or_targets() -> None:
    data = asked()
    made = make_task(data, Protocol(name="column", per="event").resolved(data), "valid")
    split = made.asked["live"].data.interactions.extra["split"]
    assert isinstance(split, Categories) and set(split.codes.tolist()) == {0}
    # the last event of each training session: its share of test rows, 4 of 11, is rounded down, but one at least
    assert len(made.train) == 5 and len(made.asked["live"]) == 2
    candidates = made.asked["live"].candidates
    assert candidates is not None and candidates.tolist() == [True, True, True, False, False]


def test_rows_of_one_session_count_as_one_person() -> None:
    protocol, spec = Protocol(name="column", per="event", k=(1,)), ModelSpec(label="m", model="markov", settings={})
    alone, together = asked(), asked(["x", "x", None, "y"])
    results = [
        measure(spec, data, protocol.resolved(data), Run(seed=7), budget=1).metrics["live"]["hit@1"]
        for data in (alone, together)
    ]
    # after a comes b, after c comes a; without a past the most popular is b; the last target is unknown
    assert results[0].tolist() == [1, 1, 0, 0]
    assert results[1].tolist() == [1, 0, 0]
