"""The exam judges as `answer` does, and what is told does not change who is judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.data.batch import QueryBatch
from penchant.data.questions import OVERALL
from penchant.evaluate.answering import Judging, answer
from penchant.evaluate.ledger.exam import METRIC, Exam, Told
from penchant.evaluate.ledger.remembered import RememberedPopularity
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.tasks import make_task
from penchant.log import SILENT
from penchant.models.base import Model
from penchant.models.itemknn import ItemKnn
from penchant.models.popular import Popular
from tests.evaluate.logs import random_log


@pytest.mark.parametrize("repeats", ["allow", "exclude"])
@pytest.mark.parametrize("model", [Popular(), ItemKnn(popularity_behind=False)])
def test_the_same_figures_as_answer(repeats: str, model: Model) -> None:
    data = random_log(n=600, repeats=repeats)
    task = make_task(data, Protocol(max_questions=6).resolved(data), "test")
    model.fit(task.train)
    asked = task.asked["live"]
    judging = Judging(metrics=[METRIC], single=True, exclude=repeats == "exclude", with_lists=False)
    expected = answer(model, asked, judging, SILENT, "x").values[OVERALL][str(METRIC)]
    values, spent = Exam(questions=asked, exclude=repeats == "exclude").values(model.score_batch)
    assert values == pytest.approx(expected)
    assert spent >= 0 and 0 < values.mean() < 1


def test_who_may_be_ranked_depends_on_the_true_past_alone() -> None:
    data = random_log(n=600, repeats="exclude")
    asked = make_task(data, Protocol(max_questions=6).resolved(data), "test").asked["live"]
    exam = Exam(questions=asked, exclude=True)

    def no_matter(batch: QueryBatch) -> np.ndarray:
        return np.zeros((len(batch), batch.n_items), dtype=np.float32)

    true, _ = exam.values(no_matter)
    empty = Told(questions=replace(asked, high=asked.low))
    told, _ = exam.values(no_matter, empty)
    # all scores are equal: the figure depends on the number of candidates only, which is that of the true past
    assert (told == true).all()
    assert len(np.unique(true)) > 1


def test_remembered_popularity_answers_alike_and_hands_out_copies() -> None:
    data = random_log(n=300)
    remembered = RememberedPopularity.of(data.popularity)
    at = data.interactions.at[[40, 200, 120]]
    for window in (None, 5 * 86_400_000.0):
        expected = data.popularity.as_of(at, half_life=86_400_000.0, window=window)
        for _ in range(2):
            counts = remembered.as_of(at, half_life=86_400_000.0, window=window)
            assert (counts == expected).all()
            counts[:] = -1
    assert len(remembered.kept) == 2
