"""What each ablation changes, and what it leaves."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.questions import Questions
from penchant.data.sequences import Histories
from penchant.evaluate.ledger.signals import delayed, newest_shuffled, rotated, shuffled, swapped
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.tasks import make_task
from tests.evaluate.logs import DAY, random_log


@pytest.fixture(scope="module")
def questions() -> Questions:
    data = random_log(repeats="allow")
    return make_task(data, Protocol(max_questions=6).resolved(data), "test").asked["live"]


@pytest.fixture
def history(questions: Questions) -> Histories:
    return questions.sequences.histories(questions.low, questions.high)


def test_a_swap_gives_the_past_of_another_person_up_to_the_same_moment(questions: Questions) -> None:
    told = swapped(questions)
    rows, log = questions.sequences.rows, questions.data.interactions
    for q in range(len(questions)):
        own = log.user[rows[told.low[q] : told.high[q]]]
        assert (own != questions.user[q]).all()
        assert len(np.unique(own)) <= 1
        # all of it, and nothing that is not strictly earlier
        donor = np.flatnonzero(log.user == own[0]) if len(own) else np.zeros(0, dtype=np.int64)
        earlier = donor[log.at[donor] < questions.at[q]]
        assert sorted(rows[told.low[q] : told.high[q]].tolist()) == earlier.tolist()
    assert (told.user == questions.user).all() and told.targets is questions.targets


def test_somebody_alone_gets_an_empty_past(questions: Questions) -> None:
    alone = questions.take(np.flatnonzero(questions.user == questions.user[0]))
    told = swapped(alone)
    assert (told.high - told.low).tolist() == [0] * len(alone)


def test_a_delay_hides_only_the_newest(questions: Questions) -> None:
    told = delayed(questions, 3 * DAY)
    rows, at = questions.sequences.rows, questions.data.interactions.at
    assert (told.low == questions.low).all() and (told.high <= questions.high).all()
    assert (told.high < questions.high).any()
    for q in range(len(questions)):
        hidden = at[rows[told.high[q] : questions.high[q]]]
        shown = at[rows[told.low[q] : told.high[q]]]
        limit = questions.at[q] - 3 * DAY
        assert (hidden >= limit).all() and (shown < limit).all()


def _same_choices(before: Histories, after: Histories) -> None:
    """Each query keeps its moments in order, and the same choices (item and kind together) in some order."""
    assert (before.offsets == after.offsets).all() and (before.at == after.at).all()
    for low, high in zip(before.offsets[:-1], before.offsets[1:], strict=True):
        assert sorted(before.item[low:high].tolist()) == sorted(after.item[low:high].tolist())


def test_shuffling_moves_choices_and_leaves_moments(history: Histories) -> None:
    told = shuffled(history, np.random.default_rng(1))
    _same_choices(history, told)
    assert (told.item != history.item).mean() > 0.5


def test_only_the_newest_change_places(history: Histories) -> None:
    told = newest_shuffled(history, np.random.default_rng(1), 4)
    _same_choices(history, told)
    old = history.age >= 4
    assert (told.item[old] == history.item[old]).all()
    assert (told.item[~old] != history.item[~old]).any()


def test_a_rotation_keeps_what_follows_what() -> None:
    # one past of seven different items and one of a single item
    item = np.asarray([10, 11, 12, 13, 14, 15, 16, 20], dtype=np.int32)
    history = Histories(
        offsets=np.asarray([0, 7, 8]),
        item=item,
        at=np.arange(8, dtype=np.int64),
        kind=np.zeros(8, dtype=np.int8),
        value=np.ones(8, dtype=np.float32),
    )
    for seed in range(20):
        told = rotated(history, np.random.default_rng(seed))
        _same_choices(history, told)
        seams = np.flatnonzero(np.diff(told.item[:7]) != 1)
        # one seam, and the newest is never the newest of before
        assert len(seams) == 1 and told.item[6] != 16
        assert told.item[7] == 20
