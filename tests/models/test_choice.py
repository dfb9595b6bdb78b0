"""The conditional logit against cases with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.models.choice import learned_choice

TINY = np.asarray([1e-9])


def test_two_candidates_by_hand():
    # the candidate with feature 1 is chosen in three questions of four, the one with 0 in the other:
    # exp(w) / (1 + exp(w)) = 3 / 4, so w = log 3
    features = np.tile([[1.0], [0.0]], (4, 1))
    chosen = np.asarray([1, 0, 1, 0, 1, 0, 0, 1], dtype=np.bool_)
    owner = np.repeat(np.arange(4), 2)
    assert learned_choice(features, owner, chosen, np.ones(4), TINY) == pytest.approx([np.log(3)], abs=1e-3)


def test_questions_count_what_they_are_worth():
    # as above, but the fourth question counts three times: three against three, w = 0
    features = np.tile([[1.0], [0.0]], (4, 1))
    chosen = np.asarray([1, 0, 1, 0, 1, 0, 0, 1], dtype=np.bool_)
    worth = np.asarray([1.0, 1.0, 1.0, 3.0])
    assert learned_choice(features, np.repeat(np.arange(4), 2), chosen, worth, TINY) == pytest.approx([0.0], abs=1e-3)


def test_several_right_answers_share_one_vote():
    # one question, candidates 1, 1, 0, both of the first two chosen: their chance can only grow, against the penalty
    features = np.asarray([[1.0], [1.0], [0.0]])
    chosen = np.asarray([True, True, False])
    owner = np.zeros(3, dtype=np.int64)
    # log(2 exp(w) + 1) - w + penalty w^2 is least where 2 e^w / (2 e^w + 1) = 1 - 2 penalty w
    penalty = np.asarray([0.1])
    w = float(learned_choice(features, owner, chosen, np.ones(1), penalty)[0])
    assert 2 * np.exp(w) / (2 * np.exp(w) + 1) == pytest.approx(1 - 2 * 0.1 * w, abs=1e-4)


def test_recovers_the_weights_that_made_the_choices():
    rng = np.random.default_rng(3)
    truth = np.asarray([1.5, -1.0, 0.0])
    features = rng.standard_normal((4000, 5, 3))
    worth = features @ truth + rng.gumbel(
        size=(4000, 5)
    )  # McFadden: the greatest of worth + Gumbel noise is a logit choice
    chosen = np.zeros((4000, 5), dtype=np.bool_)
    chosen[np.arange(4000), worth.argmax(axis=1)] = True
    found = learned_choice(
        features.reshape(-1, 3), np.repeat(np.arange(4000), 5), chosen.ravel(), np.ones(4000), np.full(3, 1e-6)
    )
    # standard errors are about 1 / sqrt(4000 * .5) = .022
    assert found == pytest.approx(truth, abs=0.09)


def test_a_feature_that_never_differs_gets_no_weight():
    features = np.stack([np.tile([1.0, 0.0], 3), np.ones(6)], axis=1)
    chosen = np.asarray([1, 0, 1, 0, 0, 1], dtype=np.bool_)
    found = learned_choice(features, np.repeat(np.arange(3), 2), chosen, np.ones(3), np.full(2, 1e-6))
    assert found[1] == pytest.approx(0.0, abs=1e-6)
