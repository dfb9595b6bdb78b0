"""Protocol `replay`: against a second implementation, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.arrays import MS_PER_DAY
from penchant.data.questions import OVERALL
from penchant.data.replayed import drawn_rows
from penchant.errors import BadConfig, BadData, UnknownName
from penchant.evaluate.answering import Judging, answer
from penchant.evaluate.measuring import ModelSpec, measure
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.replay import task
from penchant.log import SILENT
from penchant.metrics.names import parse_metric
from penchant.train.run import Run
from tests.evaluate.fixed_models import Fixed
from tests.evaluate.logs import dataset, random_log
from tests.evaluate.second_replay import asked_rows, popularity_ndcg

POPULAR = ModelSpec(label="popular", model="popular", settings={"half_life": 3.0, "window": None})


@pytest.mark.parametrize("repeats", ["allow", "exclude"])
@pytest.mark.parametrize("seed", [1, 2])
def test_agrees_with_the_second_implementation(repeats: str, seed: int) -> None:
    data = random_log(seed, repeats=repeats)
    protocol = Protocol(name="replay").resolved(data)
    result = measure(POPULAR, data, protocol, Run(), budget=1)
    log = data.interactions
    events = list(zip(log.user.tolist(), log.item.tolist(), log.at.tolist(), strict=True))
    for history in ("live", "frozen"):
        expected = popularity_ndcg(
            events, k=20, exclude=repeats == "exclude", live=history == "live", half_life=3.0 * MS_PER_DAY
        )
        # scores are float32 here and float64 there: near-ties may fall apart, hence not to the last digit
        assert np.nanmean(result.metrics[history]["ndcg@20"]) == pytest.approx(expected, abs=2e-3)


def test_draws_the_same_rows_as_the_definition() -> None:
    data = random_log(3, n=2_000, people=5)
    log = data.interactions
    events = list(zip(log.user.tolist(), log.item.tolist(), log.at.tolist(), strict=True))
    cut, rows = asked_rows(events, 7, 20)
    assert drawn_rows(data, cut, kinds=[0], most=20, seed=7).tolist() == rows
    # five people with more than twenty later events each: the limit is at work
    assert len(rows) == 5 * 20


def test_history_is_strictly_earlier_and_frozen_ends_at_the_cut() -> None:
    # ten events; the cut is row 9; person 0 has two events at the instant of the question (rows 8 and 9)
    at = np.asarray([0, 1, 2, 3, 4, 5, 6, 7, 9, 9]) * 1000
    user = np.asarray([0, 1, 0, 1, 0, 1, 1, 1, 0, 0])
    item = np.asarray([0, 1, 2, 3, 1, 0, 2, 3, 3, 4])
    asked = task(dataset(user, item, at), Protocol().resolved(dataset(user, item, at)), "test").asked
    batch = asked["live"].batch()
    # item 3 of row 8 shares the instant with the target of row 9 and may not be known
    assert batch.history.item.tolist() == [0, 2, 1]
    assert asked["frozen"].batch().history.item.tolist() == [0, 2, 1]


def test_frozen_history_lacks_the_test_events() -> None:
    user = np.zeros(20, dtype=int)
    item = np.arange(20)
    data = dataset(user, item, np.arange(20) * 1000)
    asked = task(data, Protocol().resolved(data), "test").asked
    # cut at 18: row 19 knows rows 0..18 live and rows 0..17 frozen
    assert [len(asked[name].batch().history.last(99).item) for name in ("live", "frozen")] == [18 + 19, 18 + 18]


def test_strangers_have_an_empty_frozen_history() -> None:
    user = np.asarray([0] * 18 + [1, 1])
    data = dataset(user, np.asarray([0, 1, 2] * 6 + [0, 1]), np.arange(20) * 1000)
    asked = task(data, Protocol().resolved(data), "test").asked
    assert asked["live"].stranger.tolist() == [True, True]
    assert asked["live"].batch().history.lengths.tolist() == [0, 1]
    assert asked["frozen"].batch().history.lengths.tolist() == [0, 0]


def test_popularity_is_of_the_instant() -> None:
    data = random_log(4)
    questions = task(data, Protocol().resolved(data), "test").asked["frozen"]
    counts = questions.popularity.as_of(questions.at)
    log = data.interactions
    for q in (0, len(questions) // 2, len(questions) - 1):
        earlier = log.item[log.at < questions.at[q]]
        assert counts[q].tolist() == np.bincount(earlier, minlength=data.n_items).tolist()


def test_candidates_end_with_the_question_and_unscored_items_stand_last() -> None:
    # items 0..4 occur before the question, 5 is its target, 6 comes later and must not be a candidate
    item = np.asarray([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 5, 6])
    data = dataset(np.asarray([0] * 18 + [1, 1]), item, np.arange(20) * 1000)
    questions = task(data, Protocol().resolved(data), "test").asked["live"].take(np.asarray([0]))
    assert questions.targets[OVERALL].items.tolist() == [5]
    judging = Judging(metrics=[parse_metric("mrr@20")], single=True, exclude=False, with_lists=False)
    # 3 items scored, target and two others unscored: expected place is one of 4, 5, 6
    scores = [3, 2, 1, np.nan, np.nan, np.nan, 9]
    got = answer(Fixed(scores).fit(data), questions, judging, SILENT, "").values[OVERALL]["mrr@20"]
    assert got.tolist() == [pytest.approx((1 / 4 + 1 / 5 + 1 / 6) / 3)]


def test_a_model_that_scores_all_alike_gets_the_figure_of_the_random_ranker() -> None:
    data = random_log(5, repeats="allow")
    questions = task(data, Protocol().resolved(data), "test").asked["live"]
    judging = Judging(metrics=[parse_metric("hit@10")], single=True, exclude=False, with_lists=False)
    alike = answer(Fixed(np.ones(data.n_items)).fit(data), questions, judging, SILENT, "").values[OVERALL]["hit@10"]
    first = {item: row for row, item in reversed(list(enumerate(data.interactions.item.tolist())))}
    rows = np.asarray(questions.newest_row)
    n_candidates = np.asarray([sum(first_row <= row for first_row in first.values()) for row in rows])
    # a random order puts the target into the first ten of n with probability 10 / n
    assert alike.tolist() == pytest.approx((10 / n_candidates).tolist())


def test_excluded_repeats_leave_the_ranking() -> None:
    data = random_log(6, repeats="exclude")
    protocol = Protocol().resolved(data)
    questions = task(data, protocol, "test").asked["live"]
    batch = questions.batch()
    targets = questions.targets[OVERALL].items
    assert not (batch.history.item == targets[batch.history.owner]).any()
    judging = Judging(metrics=[parse_metric("hit@1")], single=True, exclude=True, with_lists=True)
    lists = answer(Fixed(np.arange(data.n_items)).fit(data), questions, judging, SILENT, "").lists
    assert lists is not None
    for q in range(len(questions)):
        past = batch.history.item[batch.history.owner == q]
        assert not set(lists.items[q, : lists.n[q]].tolist()) & set(past.tolist())


def test_validation_lies_inside_train() -> None:
    data = random_log(7)
    protocol = Protocol().resolved(data)
    valid = task(data, protocol, "valid")
    cut = int(np.floor(0.9 * len(data)))
    # floor(.9 * cut), and no question from the test part
    assert len(valid.train) == int(np.floor(0.9 * cut))
    rows = valid.asked["live"].newest_row
    assert rows is not None and rows.max() < cut


def test_target_kinds_and_mistakes() -> None:
    data = random_log(8)
    with pytest.raises(UnknownName, match='unknown event kind "evnt". Did you mean "event"'):
        Protocol(targets=("evnt",)).resolved(data)
    tiny = dataset(np.asarray([0]), np.asarray([0]), np.asarray([0]))
    with pytest.raises(BadData, match="leaves 0 of 1 events for training"):
        task(tiny, Protocol().resolved(tiny), "test")


def test_a_thinned_log_shows_less_and_masks_all() -> None:
    data = random_log(5, n=1200, repeats="exclude")
    whole = task(data, Protocol().resolved(data), "test")
    half = task(data, Protocol(keep_share=0.5).resolved(data), "test")
    # the same questions
    assert half.asked["live"].targets[OVERALL].items.tolist() == whole.asked["live"].targets[OVERALL].items.tolist()
    assert 0.4 < len(half.train) / len(whole.train) < 0.6
    shown, real = half.asked["live"].batch().history, whole.asked["live"].batch().history
    assert 0.4 < len(shown.item) / len(real.item) < 0.6
    # what is shown was there, person by person, in the same order
    for q in range(len(real)):
        before = iter(zip(*(x[real.offsets[q] : real.offsets[q + 1]] for x in (real.item, real.at)), strict=True))
        part = zip(*(x[shown.offsets[q] : shown.offsets[q + 1]] for x in (shown.item, shown.at)), strict=True)
        assert all(event in before for event in part)
    # everything that was really chosen leaves the ranking
    assert half.asked["live"].seen(shown).item.tolist() == real.item.tolist()
    # popularity knows only what is shown
    assert len(half.asked["live"].popularity.at) < 0.6 * len(data)


def test_thinning_belongs_to_replay() -> None:
    data = random_log(5)
    with pytest.raises(BadConfig, match="keep_share: expected 1 for protocol time"):
        Protocol(name="time", keep_share=0.5).resolved(data)
