"""Questions from inside a log: which events, which histories, and items hidden on purpose."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.arrays import frozen
from penchant.data.questions import OVERALL
from penchant.models.rehearsal import blocks, prepared, rehearsal
from tests.evaluate.logs import dataset, random_log
from tests.toy import toy_dataset


def test_the_newest_tenth_with_live_histories():
    data = toy_dataset()  # 20 events: the last two are asked
    task = rehearsal(data)
    assert len(task.train) == 18
    asked = task.asked["live"]
    assert asked.targets[OVERALL].items.tolist() == [3, 4]  # ann d on day 5.5, cid e on day 6
    (block,) = blocks(task, most=100, seed=1)
    # ann: a b c a; cid: b c a, strictly earlier
    assert block.batch.history.item.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert bool(block.allowed[:, :7].all())  # repeats are allowed
    assert not block.allowed[:, 7].any()  # h has not occurred yet


def test_without_times_the_last_event_of_each_person_is_asked():
    at = np.arange(6)
    data = dataset(np.asarray([0, 0, 1, 0, 1, 2]), np.asarray([0, 1, 2, 3, 0, 1]), at, repeats="exclude")
    object.__setattr__(data, "timed", False)
    task = rehearsal(data)
    # person 2 has one event only, which stays for training
    assert task.asked["last"].targets[OVERALL].items.tolist() == [3, 0]
    assert task.train.interactions.item.tolist() == [0, 1, 2, 1]
    (block,) = blocks(task, most=10, seed=1)
    # what was chosen before is not asked again
    assert block.allowed.tolist() == [[False, False, True, True], [True, True, False, True]]


def test_people_are_drawn_whole():
    task = rehearsal(random_log(2, n=2000, people=10))
    every = sum(len(block.batch) for block in blocks(task, most=10_000, seed=1))
    some = [block.batch.user for block in blocks(task, most=every // 2, seed=1)]
    people, counts = np.unique(np.concatenate(some), return_counts=True)
    assert 0 < len(people) < 10
    assert counts.sum() <= every // 2
    asked = task.asked["live"].user
    assert counts.tolist() == [int((asked == person).sum()) for person in people]


def test_items_are_hidden_where_new_ones_are_rare():
    rng = np.random.default_rng(4)
    data = dataset(rng.integers(0, 20, 3000), rng.integers(0, 40, 3000), np.arange(3000) * 1000, repeats="allow")
    task = prepared(None, data, True, 0.25, seed=5)
    plain = prepared(None, data, False, 0.25, seed=5)
    hidden = plain.train.seen_items & ~task.train.seen_items
    assert hidden.sum() == int(0.25 * plain.train.seen_items.sum())
    # nobody has chosen them, as far as popularity knows
    log = task.asked["live"].popularity
    assert not np.isin(log.item, np.flatnonzero(hidden)).any()
    assert len(log.item) == (~hidden[data.interactions.item]).sum()


def test_nothing_is_hidden_where_the_answers_are_new_anyway():
    n = 400
    user, item = np.arange(n) % 7, np.arange(n) % 20
    item[n - 40 :] = 20 + np.arange(40) % 5  # the newest tenth is about five new items
    data = dataset(user, item, np.arange(n) * 1000, repeats="allow")
    task = prepared(None, data, True, 0.25, seed=5)
    assert task.train.seen_items.sum() == 20


def test_unreal_questions_teach_nothing():
    task = rehearsal(toy_dataset())
    both = task.__class__(
        train=task.train,
        asked={"live": task.asked["live"], "frozen": task.asked["live"]},
        unreal=frozenset({"frozen"}),
    )
    assert sum(len(block.batch) for block in blocks(both, most=100, seed=1)) == 2


@pytest.mark.parametrize("exclude", [True, False])
def test_targets_that_may_not_be_recommended_are_no_targets(exclude: bool):
    data = toy_dataset()
    task = rehearsal(data)
    object.__setattr__(task, "exclude", exclude)
    user = frozen(np.asarray([0], dtype=np.int32))
    again = task.asked["live"].take(np.asarray([0]))
    # ann is asked for a, which she had
    object.__setattr__(
        again, "targets", {OVERALL: again.targets[OVERALL].single(frozen(np.asarray([0], dtype=np.int32)))}
    )
    assert again.user == user
    one = task.__class__(train=task.train, asked={"live": again}, exclude=exclude)
    (block,) = blocks(one, most=10, seed=1)
    assert block.targets.n.tolist() == [0 if exclude else 1]


def test_a_basket_is_one_question_with_several_right_answers():
    # person 0 chooses items 3 and 4 in one instant, after 0, 1 and 2; the newest tenth are the last two rows
    user = np.asarray([1] * 15 + [0, 0, 0, 0, 0])
    item = np.asarray([5] * 15 + [0, 1, 2, 3, 4])
    at = np.append(np.arange(18), [18, 18]) * 1000
    task = rehearsal(dataset(user, item, at, repeats="allow"))
    assert len(task.asked["live"]) == 2
    (block,) = blocks(task, most=10, seed=1)
    assert block.targets.items.tolist() == [3, 4]
    assert block.batch.history.item.tolist() == [0, 1, 2]
    assert block.allowed.all()
