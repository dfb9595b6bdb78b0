"""Protocols `time`, `last`, `column`, `users` and `cold`, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.data.questions import OVERALL
from penchant.data.schema import Schema
from penchant.errors import BadConfig, BadData
from penchant.evaluate.answering import Judging, answer
from penchant.evaluate.protocol import Protocol, Stage
from penchant.evaluate.tasks import make_task
from penchant.log import SILENT
from penchant.metrics.names import parse_metric
from tests.evaluate.fixed_models import Fixed
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


def test_column_asks_once_per_person_where_a_log_has_no_order() -> None:
    user = np.asarray([0, 0, 1, 0, 0, 0, 1, 1, 2, 0])
    item = np.asarray([0, 1, 1, 3, 2, 3, 0, 1, 2, 0])
    split = ["train", "train", "train", "test", "held", "test", "test", "test", "test", "test"]
    data = replace(dataset(user, item, np.arange(10), split, repeats="exclude"), timed=False)
    protocol = Protocol(name="column").resolved(data)
    assert (protocol.per, protocol.single_target, protocol.described()["per"]) == ("person", False, "person")
    made = make_task(data, protocol, "test")
    asked = made.asked["frozen"]
    # person 0 has test items 3 (twice) and 0 (in the past): 3 once; person 1 has 0, and 1 which is in the past; person 2
    # has item 2 and no past
    assert asked.user.tolist() == [0, 1, 2]
    assert asked.targets[OVERALL].n.tolist() == [1, 1, 1] and asked.targets[OVERALL].items.tolist() == [3, 0, 2]
    # the held row is history, though nothing was fitted on it; no test row is
    history = asked.batch().history
    assert (history.lengths.tolist(), history.item.tolist()) == ([3, 1, 0], [0, 1, 2, 1])
    assert made.train.interactions.item.tolist() == [0, 1, 1]
    assert asked.stranger.tolist() == [False, False, True]
    # where repeats are allowed, 0 and 1 are right answers too
    allowed = make_task(data, protocol.changed(repeats="allow"), "test").asked["frozen"].targets[OVERALL]
    assert (allowed.n.tolist(), allowed.items.tolist()) == ([2, 2, 1], [0, 3, 0, 1, 2])


def test_per_person_recall_is_hits_over_relevant_items() -> None:
    user = np.asarray([0, 1, 0, 0, 0, 1])
    item = np.asarray([0, 1, 1, 2, 3, 0])
    split = ["train", "train", "test", "test", "test", "test"]
    data = replace(dataset(user, item, np.arange(6), split, repeats="exclude"), timed=False)
    protocol = Protocol(name="column", k=(2,)).resolved(data)
    asked = make_task(data, protocol, "test").asked["frozen"]
    judging = Judging(
        metrics=[parse_metric("recall@2"), parse_metric("ndcg@2")], single=False, exclude=True, with_lists=True
    )
    found = answer(Fixed([4.0, 3.0, 2.0, 1.0]).fit(data), asked, judging, SILENT, "").values[OVERALL]
    # person 0 sees 1, 2 (0 is past) of the relevant 1, 2, 3; person 1 sees 0, 2 of the relevant 0
    assert found["recall@2"].tolist() == pytest.approx([2 / 3, 1.0])
    assert found["ndcg@2"].tolist() == pytest.approx([1.0, 1.0])


def test_per_is_what_the_log_says_and_only_column_leaves_the_choice() -> None:
    timed = random_log(5)
    assert Protocol(name="column").resolved(timed).per == "event"
    assert Protocol(name="column", per="person").resolved(timed).per == "person"
    ordered = replace(timed, timed=False, interactions=replace(timed.interactions, order=np.arange(len(timed))))
    assert Protocol(name="column").resolved(ordered).per == "event"
    assert Protocol(name="replay").resolved(timed).per == "event" and Protocol(name="replay").single_target
    assert Protocol(name="time").resolved(timed).per == "person" and not Protocol(name="time").single_target
    with pytest.raises(BadConfig, match="per: protocol replay asks per event, got person; column leaves the choice"):
        Protocol(name="replay", per="person").resolved(timed)
    with pytest.raises(BadConfig, match="one list answers many events"):
        Protocol(name="column", per="person", request_time="event").resolved(timed)


def test_only_target_kinds_of_a_published_split_are_asked() -> None:
    data = dataset(np.asarray([0, 0, 0]), np.arange(3), np.arange(3), ["train", "test", "test"])
    kinds = Schema.parse({"kinds": {"view": {}, "buy": {}}})
    data = replace(data, schema=kinds, interactions=replace(data.interactions, kind=np.asarray([0, 0, 1], np.int8)))
    for per in ("event", "person"):
        protocol = Protocol.parse({"name": "column", "per": per, "targets": ("buy",)}).resolved(data)
        (asked,) = make_task(data, protocol, "test").asked.values()
        assert asked.targets[OVERALL].items.tolist() == [2]


def test_a_split_without_valid_rows_gives_up_train_rows_as_it_gave_up_test_rows() -> None:
    # 25, 12, 2 and 1 train rows and one test row each, 4 of 44: of such a share 2, 1 and 1 are held back, the single one stays
    user = np.repeat(np.arange(4), [26, 13, 3, 2])
    last = np.append(np.diff(user) > 0, True)
    split = np.where(last, "test", "train").tolist()
    data = dataset(user, np.arange(44), np.arange(44), split)
    newest = make_task(data, Protocol(name="column").resolved(data), "valid")
    # in a log with times the newest: rows 23 and 24, 37, 40
    assert newest.asked["live"].targets[OVERALL].items.tolist() == [23, 24, 37, 40]
    assert len(newest.train) == 40 - 4 and 25 not in newest.asked["live"].batch().history.item
    untimed = replace(data, timed=False)
    protocol = Protocol(name="column").resolved(untimed)
    drawn = make_task(untimed, protocol, "valid")
    targets = drawn.asked["frozen"].targets[OVERALL]
    assert drawn.asked["frozen"].user.tolist() == [0, 1, 2] and targets.n.tolist() == [2, 1, 1]
    assert targets.items.tolist() != [23, 24, 37, 40] and not set(targets.items) & {25, 38, 41, 43}
    again = make_task(untimed, protocol, "valid").asked["frozen"].targets[OVERALL]
    other = make_task(untimed, protocol.changed(seed=8), "valid").asked["frozen"].targets[OVERALL]
    assert again.items.tolist() == targets.items.tolist() != other.items.tolist()
    # all train rows train in the end, and the report says where the settings came from
    test = make_task(untimed, protocol, "test")
    assert len(test.train) == 40
    assert test.refit.endswith("no valid rows: a seeded draw of 9% of each person's train rows selected settings")


def test_with_a_core_the_rows_that_select_settings_are_thinned_before_they_are_drawn() -> None:
    # 0 and 1 both have items 0, 1, 2 in train; 2 has items 2 and 3, 3 alone, so that in a core of 2 it goes, and then person 2
    user, item = np.asarray([0, 0, 0, 1, 1, 1, 2, 2, 0, 1]), np.asarray([0, 1, 2, 0, 1, 2, 2, 3, 3, 3])
    data = dataset(user, item, np.arange(10), ["train"] * 8 + ["test"] * 2)
    protocol = Protocol(name="column", core=2).resolved(data)
    made = make_task(data, protocol, "valid")
    # the newest of three each
    assert made.asked["live"].targets[OVERALL].items.tolist() == [2, 2]
    assert made.train.interactions.item.tolist() == [0, 1, 0, 1]
    # the last fit has all train rows
    test = make_task(data, protocol, "test")
    assert len(test.train) == 8 and test.refit.endswith(
        "the newest 20% of each person's train rows, thinned to people and items with 2 of them, selected settings"
    )
    with pytest.raises(BadData, match="no person has two train rows of a core of 4"):
        make_task(data, protocol.changed(core=4), "valid")
    with pytest.raises(BadConfig, match="core: expected 1 for protocol last"):
        Protocol(name="last", core=2).resolved(data)


def test_a_split_that_can_give_up_no_train_row_says_so() -> None:
    data = dataset(np.arange(2).repeat(2), np.arange(4), np.arange(4), ["train", "test"] * 2)
    with pytest.raises(BadData, match="no person has two train rows"):
        make_task(data, Protocol(name="column").resolved(data), "valid")


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
