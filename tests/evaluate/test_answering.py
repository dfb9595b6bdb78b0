"""Asking in blocks, and where targets stand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.data.arrays import Float32
from penchant.data.batch import QueryBatch
from penchant.data.questions import OVERALL, Questions
from penchant.evaluate.answering import Answers, Judging, answer
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.replay import task
from penchant.log import SILENT
from penchant.metrics.names import parse_metric
from penchant.models.base import Model
from penchant.models.popular import Popular
from penchant.registry import model_class
from tests.evaluate.fixed_models import Fixed
from tests.evaluate.logs import dataset, random_log

NAN = float("nan")


def asked(model: Model, questions: Questions, metric: str = "mrr@20", exclude: bool = False) -> Answers:
    judging = Judging(metrics=[parse_metric(metric)], single=True, exclude=exclude, with_lists=True)
    return answer(model, questions, judging, SILENT, "")


def test_the_size_of_the_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    data = random_log(1, repeats="allow")
    made = task(data, Protocol().resolved(data), "test")
    model, questions = Popular().fit(made.train), made.asked["live"]
    whole = asked(model, questions)
    sizes: list[int] = []

    def counted(batch: QueryBatch) -> Float32:
        sizes.append(len(batch))
        return Popular.score_batch(model, batch)

    monkeypatch.setattr(model, "score_batch", counted)
    # histories of some dozens of events each: blocks of a few questions, one where a single history is too long
    monkeypatch.setattr("penchant.evaluate.answering.BLOCK_EVENTS", 100)
    parts = asked(model, questions)
    assert sum(sizes) == len(questions) and min(sizes) == 1 and max(sizes) > 1
    np.testing.assert_allclose(parts.values[OVERALL]["mrr@20"], whole.values[OVERALL]["mrr@20"])
    assert parts.repeated.tolist() == whole.repeated.tolist()
    assert parts.lists is not None and parts.lists.n.tolist() == whole.lists.n.tolist()  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["itemknn", "markov", "ease", "userknn", "ials"])
def test_items_unknown_to_the_fit_may_stand_in_the_history(name: str) -> None:
    # items 5 and 6 first occur after the cut (row 18), 5 in the history of the last question
    item = np.asarray([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 5, 6])
    data = dataset(np.asarray([0, 1] * 9 + [1, 1]), item, np.arange(20) * 1000, repeats="allow")
    made = task(data, Protocol().resolved(data), "test")
    questions = made.asked["live"]
    assert 5 in questions.batch().history.item.tolist()
    model = model_class(name)().fit(made.train)
    scores = model.score_batch(questions.batch())
    # nothing is known of 5 before it was chosen once, then its popularity
    assert scores.shape == (2, 7) and np.isnan(scores[:, 5:]).tolist() == [[True, True], [False, True]]
    # rank 6 of 6 candidates, for five have a score; then the last of 7
    got = asked(model, questions).values[OVERALL]["mrr@20"]
    assert got.tolist() == pytest.approx([1 / 6, 1 / 7])


def test_an_excluded_history_is_that_of_the_question() -> None:
    # person 0 knows 0 1 2 at the cut; live also 3 when asked for 4
    item = np.asarray([0, 1, 2] * 6 + [3, 4])
    data = dataset(np.zeros(20, dtype=int), item, np.arange(20) * 1000, repeats="exclude")
    made = task(data, Protocol().resolved(data), "test")
    model = Fixed([9, 8, 7, 6, 5]).fit(data)
    live = asked(model, made.asked["live"], exclude=True).values[OVERALL]["mrr@20"]
    frozen = asked(model, made.asked["frozen"], exclude=True).values[OVERALL]["mrr@20"]
    assert live.tolist() == [1.0, 1.0]
    # frozen does not know of 3, which stands above 4
    assert frozen.tolist() == [1.0, 0.5]


def test_an_unscored_target_shares_the_last_places_with_unscored_candidates_only() -> None:
    data = dataset(np.zeros(20, dtype=int), np.asarray([0, 1, 2, 3] * 5), np.arange(20) * 1000, repeats="allow")
    questions = task(data, Protocol().resolved(data), "test").asked["live"].take(np.asarray([0]))
    # the target is item 2 (row 18): unscored like 3, behind 0 and 1: place 3 or 4
    model = Fixed([1, 1, NAN, NAN]).fit(data)
    assert asked(model, questions).values[OVERALL]["mrr@20"].tolist() == [pytest.approx((1 / 3 + 1 / 4) / 2)]
    # without 3 among the candidates it is third for certain
    fewer = replace(questions, candidates=np.asarray([True, True, True, False]))
    assert asked(model, fewer).values[OVERALL]["mrr@20"].tolist() == [pytest.approx(1 / 3)]


def test_a_named_order_that_disagrees_with_time_leaks_nothing() -> None:
    data = random_log(2, n=600, repeats="allow")
    rng = np.random.default_rng(3)
    data = replace(data, interactions=replace(data.interactions, order=rng.permutation(600)))
    made = task(data, Protocol().resolved(data), "test")
    cut = len(made.train)
    for history in ("live", "frozen"):
        batch = made.asked[history].batch()
        assert (batch.history.at < batch.at[batch.history.owner]).all()
    known = made.asked["frozen"]
    rows = known.sequences.rows
    assert all((rows[a:b] < cut).all() for a, b in zip(known.low, known.high, strict=True))
