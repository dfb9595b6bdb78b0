"""iALS against closed forms: one half step by hand, and the loss it must lower."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from penchant.models.alternating import exact
from penchant.models.ials import Ials
from penchant.query import Past, Query
from tests.models.toys import tiny_log
from tests.toy import day, toy_dataset

LOG = tiny_log("ann:a bob:b", "a b")


def with_factors(factors: list[list[float]], **settings) -> Ials:
    """A model whose item factors are given, so that the person's can be worked out by hand."""
    model = Ials(**{"popularity_behind": False, "frequency_exponent": 0.0, "epochs": 1, **settings}).fit(LOG)
    model._keep(np.asarray(factors, dtype=np.float32))
    return model


def test_a_half_step_by_hand():
    # Y = I, alpha 2, reg 1, past (a): (Y'Y + 2 e e' + 1 I) x = 2 e  =>  x = (2 / (1 + 2 + 1), 0)
    model = with_factors([[1, 0], [0, 1]], alpha=2.0, reg=1.0)
    assert model.score(Query(history=(Past(item_id="a"),)), ["a", "b"]) == pytest.approx([0.5, 0.0], abs=1e-6)


def test_an_older_event_counts_less():
    # past (a, b) with decay 0.5: b counts 1, a counts 0.5 => x = (1 / (1 + 1 + 1), 2 / (1 + 2 + 1))
    model = with_factors([[1, 0], [0, 1]], alpha=2.0, reg=1.0, decay=0.5)
    query = Query(history=(Past(item_id="a"), Past(item_id="b")))
    assert model.score(query, ["a", "b"]) == pytest.approx([1 / 3, 1 / 2], abs=1e-6)


def test_the_penalty_grows_with_the_row():
    # every person of the fit has one event: mean weight 2 (one choice of weight 2) + 2 items = 4.
    # past (a, b) weighs 4 + 2 = 6, so reg becomes 6 / 4 = 1.5: x = 2 / (1 + 2 + 1.5)
    model = with_factors([[1, 0], [0, 1]], alpha=2.0, reg=1.0, decay=1.0, frequency_exponent=1.0)
    assert model.mean_weight == 4.0
    query = Query(history=(Past(item_id="a"), Past(item_id="b")))
    assert model.score(query, ["a", "b"]) == pytest.approx([2 / 4.5, 2 / 4.5], abs=1e-6)


def loss(model: Ials) -> float:
    """The loss of the module's docstring, with the people solved from their whole training rows."""
    data = toy_dataset()
    log = data.interactions
    chosen = np.zeros((data.n_users, data.n_items))
    chosen[log.user, log.item] = 1.0
    weights = sp.csr_matrix(chosen.astype(np.float32) * np.float32(model.config.alpha))
    penalty = model._penalty(weights, model.mean_weight)
    people = exact(weights, model.item_factors, model._gram, penalty).astype(np.float64)
    items = model.item_factors.astype(np.float64)
    fit = people @ items.T
    size = model.config.reg * ((people**2).sum() + (items**2).sum())
    return float((model.config.alpha * chosen * (1 - fit) ** 2).sum() + (fit**2).sum() + size)


def test_every_epoch_lowers_the_loss():
    settings: dict[str, Any] = {
        "frequency_exponent": 0.0,
        "reg": 0.1,
        "alpha": 5.0,
        "embedding_dim": 3,
        "row_events": None,
    }
    losses = [loss(Ials(epochs=epochs, **settings).fit(toy_dataset())) for epochs in (1, 2, 4, 8, 16)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.9 * losses[0]


def test_items_without_events_have_no_factors_and_no_score():
    model = Ials(epochs=2).fit(toy_dataset())
    assert not model.item_factors[7].any()
    assert np.isnan(model.score(Query(user_id="ann", at=day(6)), ["h"])).all()


def test_no_past_is_no_opinion():
    model = with_factors([[1, 0], [0, 1]])
    assert np.isnan(model.score(Query(history=()), ["a", "b"])).all()


def test_counting_gives_a_repeated_choice_more_weight():
    log = tiny_log("ann:a ann:a ann:a bob:b", "a b")
    scores = [
        Ials(counting=counting, decay=1.0, popularity_behind=False).fit(log).mean_weight
        for counting in ("binary", "count")
    ]
    # binary: each person 10 x 1, and 2 items; count: (10 x 3 + 10 x 1) / 2, and 2 items
    assert scores == [12.0, 22.0]


def test_few_steps_end_where_exact_solutions_do():
    # with as many steps as dimensions every solution is exact; three steps from the former one come to the same scores
    queries = [Query(user_id=user, at=day(6)) for user in ("ann", "bob")]
    scores = []
    for steps in (3, 8):
        model = Ials(embedding_dim=8, epochs=40, steps=steps, row_events=None).fit(toy_dataset())
        scores.append(np.stack([model.score(query, list("abcdefg")) for query in queries]))
    np.testing.assert_allclose(scores[0], scores[1], atol=2e-3)
