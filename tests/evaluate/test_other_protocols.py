"""Protocols `time`, `last`, `column`, `users` and `cold`, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.questions import OVERALL
from penchant.errors import BadConfig, BadData
from penchant.evaluate.protocol import Protocol, Stage
from penchant.evaluate.tasks import make_task
from tests.evaluate.logs import dataset, random_log


def test_time_asks_once_for_all_later_items() -> None:
    # cut at 8 of 10... share .2; person 0 later takes 3 (new) and 0 (seen); person 1 is new and is not asked
    user = np.asarray([0, 0, 0, 2, 2, 2, 0, 2, 0, 0, 1, 0])
    item = np.asarray([0, 1, 2, 0, 1, 3, 1, 2, 3, 0, 4, 3])
    data = dataset(user, item, np.arange(12) * 1000)
    protocol = Protocol(name="time", test_share=0.34).resolved(data)
    asked = make_task(data, protocol, "test").asked["frozen"]
    # floor(.66 * 12) = 7: rows 7.. are test; person 0 takes {3}, person 2 takes item 2
    assert asked.user.tolist() == [0, 2]
    assert asked.targets[OVERALL].items.tolist() == [3, 2]
    assert asked.at.tolist() == [7000, 7000]


def test_time_keeps_seen_targets_where_repeats_are_allowed() -> None:
    user = np.asarray([0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    item = np.asarray([0, 1, 2, 0, 1, 2, 0, 1, 0, 3])
    data = dataset(user, item, np.arange(10) * 1000, repeats="allow")
    asked = make_task(data, Protocol(name="time", test_share=0.2).resolved(data), "test").asked["frozen"]
    assert asked.targets[OVERALL].items.tolist() == [0, 3]


def test_rolling_cuts_end_earlier_and_earlier() -> None:
    data = random_log(1, n=1000)
    protocol = Protocol(name="time", cuts=5).resolved(data)
    sizes = [len(make_task(data, protocol, "test", cut).train) for cut in range(3)]
    # 1000, 900 and 800 events, of which nine tenths train
    assert sizes == [900, 810, 720]


def test_last_holds_out_one_event_and_validates_on_the_one_before() -> None:
    user = np.asarray([0, 1, 0, 1, 0, 2, 1])
    item = np.asarray([0, 0, 1, 1, 2, 3, 3])
    data = dataset(user, item, np.arange(7) * 1000)
    protocol = Protocol(name="last").resolved(data)
    test = make_task(data, protocol, "test")
    # person 2 has a single event, which is held out and leaves no history to ask with
    assert test.asked["live"].user.tolist() == [0, 1]
    assert test.asked["live"].targets[OVERALL].items.tolist() == [2, 3]
    assert test.asked["live"].batch().history.item.tolist() == [0, 1, 0, 1]
    valid = make_task(data, protocol, "valid")
    assert valid.asked["live"].targets[OVERALL].items.tolist() == [1, 1]
    assert valid.train.interactions.item.tolist() == [0, 0]


@pytest.mark.parametrize(("n_each", "stage"), [(1, "test"), (2, "valid")])
def test_last_says_when_nothing_is_left_to_train_on(n_each: int, stage: Stage) -> None:
    # three people with one event each: all are test; with two each, the others are validation
    user = np.repeat(np.arange(3), n_each)
    data = dataset(user, np.arange(len(user)), np.arange(len(user)) * 1000)
    with pytest.raises(BadData, match=f"protocol last: expected people with {n_each + 1} events or more"):
        make_task(data, Protocol(name="last").resolved(data), stage)


def test_column_follows_the_published_split() -> None:
    user = np.asarray([0, 0, 0, 0, 1, 1, 1])
    item = np.asarray([0, 1, 2, 3, 1, 2, 0])
    split = ["train", "held", "valid", "test", "train", "train", "test"]
    data = dataset(user, item, np.arange(7) * 1000, split)
    protocol = Protocol(name="column").resolved(data)
    test = make_task(data, protocol, "test")
    assert test.train.interactions.item.tolist() == [0, 1, 2]
    assert test.asked["live"].targets[OVERALL].items.tolist() == [3, 0]
    # held and valid rows are history at test time, though nothing was fitted on them
    assert test.asked["live"].batch().history.item.tolist() == [0, 1, 2, 1, 2]
    valid = make_task(data, protocol, "valid")
    assert valid.asked["live"].targets[OVERALL].items.tolist() == [2]
    assert test.refit.startswith("train only")


def test_column_without_a_split_says_so() -> None:
    data = random_log(2)
    with pytest.raises(BadData, match="no split column"):
        make_task(data, Protocol(name="column").resolved(data), "test")


def test_users_leave_training_altogether() -> None:
    data = random_log(3, n=400, people=20)
    protocol = Protocol(name="users", given=(0, 2), people_share=0.2).resolved(data)
    made = make_task(data, protocol, "test")
    unseen = set(made.asked["first 0"].user.tolist())
    assert unseen and not unseen & set(made.train.interactions.user.tolist())
    two = made.asked["first 2"]
    assert two.batch().history.lengths.max() == 2
    for q, person in enumerate(two.user.tolist()):
        own = data.interactions.item[data.interactions.user == person].tolist()
        given, rest = set(own[:2]), set(own[2:])
        targets = two.targets[OVERALL]
        assert set(targets.items[targets.offsets[q] : targets.offsets[q + 1]].tolist()) == rest - given


def test_users_are_judged_first_by_what_was_given() -> None:
    data = random_log(3, n=400, people=20)
    made = make_task(data, Protocol(name="users").resolved(data), "valid")
    # without a history all models but those with user attributes give the same list: nothing to choose a setting by
    assert list(made.asked) == ["first 1", "first 5", "first 10", "first 20", "first 0"]
    assert made.leading == "first 1" and made.asked["first 1"].batch().history.lengths.max() == 1


def test_cold_mixes_warm_and_cold_targets_in_one_ranking() -> None:
    rng = np.random.default_rng(1)
    user = np.repeat(np.arange(20), 12)
    warm_items = np.concatenate([rng.permutation(15)[:10] for _ in range(20)]).reshape(20, 10)
    cold_items = np.concatenate([15 + rng.permutation(4)[:2] for _ in range(20)]).reshape(20, 2)
    item = np.concatenate([warm_items, cold_items], axis=1).ravel()
    split = (["train"] * 10 + ["test"] * 2) * 20
    data = dataset(user, item, np.arange(240), split)
    made = make_task(data, Protocol(name="cold").resolved(data), "test")
    asked = made.asked["frozen"]
    # one draw a train row, in the order of people and then of the file
    expected = np.random.default_rng(7).random(200) < 0.2
    assert len(made.train) == 200 - expected.sum()
    assert asked.targets["warm"].items.size == expected.sum()
    assert (asked.targets["cold"].n == 2).all()
    assert (asked.targets[OVERALL].n == asked.targets["warm"].n + asked.targets["cold"].n).all()
    assert asked.candidates is not None and asked.candidates.sum() == 19


def test_protocols_that_do_not_fit_say_so() -> None:
    data = random_log(4)
    with pytest.raises(BadConfig, match="cannot be told a time"):
        Protocol(name="time", request_time="event").resolved(data)
    with pytest.raises(BadConfig, match="rolling cuts belong to protocol time"):
        Protocol(name="replay", cuts=3).resolved(data)


def test_validation_of_held_out_events_knows_nothing_of_the_test_events() -> None:
    user = np.asarray([0, 1, 0, 1, 0, 1])
    item = np.asarray([0, 0, 1, 1, 2, 3])
    split = ["train", "train", "valid", "valid", "test", "test"]
    data = dataset(user, item, np.arange(6) * 1000, split)
    for name in ("last", "column"):
        protocol = Protocol(name=name, request_time="event").resolved(data)
        valid = make_task(data, protocol, "valid").asked["live"]
        # items 2 and 3 occur in test events alone: they are no candidates, and they are not popular yet
        assert valid.candidates is not None and valid.candidates.tolist() == [True, True, False, False]
        assert valid.popularity.item.tolist() == [0, 0, 1, 1]
