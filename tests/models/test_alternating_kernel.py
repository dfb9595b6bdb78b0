"""The compiled steps against their twin in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.models import compiled
from penchant.models.alternating import nearer
from penchant.models.ials import Ials
from penchant.query import Query
from tests.models.test_alternating import a_problem
from tests.toy import day, toy_dataset

pytest.importorskip("numba", reason="needs the extra `fast`")


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("d", [1, 5, 16])
def test_both_ways_take_the_same_steps(d: int, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, factors, penalty = a_problem(d)
    start = np.random.default_rng(4).standard_normal((40, d)).astype(np.float32)
    found = []
    for threshold in (1 << 60, 0):
        monkeypatch.setattr(compiled, "WORTH_LOADING", threshold)
        found.append(nearer(weights, factors, factors.T @ factors, penalty, start, steps))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-3, atol=1e-4)
    # the first row has no entry and stays
    np.testing.assert_array_equal(found[1][0], start[0])


def test_a_model_answers_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    for threshold in (1 << 60, 0):
        monkeypatch.setattr(compiled, "WORTH_LOADING", threshold)
        model = Ials(embedding_dim=8).fit(toy_dataset())
        answers.append(model.score(Query(user_id="ann", at=day(6)), list("abcdefg")))
    np.testing.assert_allclose(answers[0], answers[1], rtol=1e-3, atol=1e-5)
