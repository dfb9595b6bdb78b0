"""How good a ranking can be in the simulated world: shares of the optimum, the filter of hidden contexts, the ceilings."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.sources.music import MusicSettings, Truth, captured, ceilings, simulate
from penchant.data.sources.music_ceilings import VIEWS, beliefs, best, likelihoods, mood_posterior
from penchant.data.sources.music_settings import FIELDS, GRID, MOOD_GIVEN, N_CELLS, context_prior, fields_of
from penchant.errors import BadData

SMALL = MusicSettings(n_people=60, n_songs=80, n_plays=30, n_artists=20, n_days=60, seed=5)


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth(simulate(SMALL))


def test_the_optimum_captures_all_and_a_list_its_share(truth: Truth) -> None:
    rows = np.asarray([50, 333, 1200])
    p = truth.probabilities_at(rows)
    np.testing.assert_allclose(captured(truth, rows, [best(row, 5) for row in p], 5), 1.0)
    top = np.sort(p[0])[::-1]
    second = int(np.argsort(-p[0])[1])
    # A list that names the second song twice, and nothing else within the first two places.
    half = captured(truth, rows[:1], [np.asarray([second, second, 0])], 2)
    assert half[0] == pytest.approx(top[1] / (top[0] + top[1]))
    assert captured(truth, rows[:1], [np.asarray([], dtype=np.int64)], 5)[0] == 0
    with pytest.raises(BadData, match="2 lists for 3 events"):
        captured(truth, rows, [np.asarray([1])] * 2, 5)
    with pytest.raises(BadData, match="song numbers below 80, got 3 to 80"):
        captured(truth, rows[:1], [np.asarray([80, 3])], 5)


def _chain(truth: Truth) -> np.ndarray:
    """The transition matrix [160, 160] of the context when sessions are unknown, written out state by state."""
    settings, matrix = truth.world.settings, np.zeros((N_CELLS, N_CELLS))
    cells = [tuple(int(x) for x in np.unravel_index(c, GRID)) for c in range(N_CELLS)]
    for a, before in enumerate(cells):
        for b, after in enumerate(cells):
            stays = 0.0
            if before[:3] == after[:3]:
                stays = settings.mood_flips * MOOD_GIVEN[after[2], after[3]] + (1 - settings.mood_flips) * (a == b)
            matrix[a, b] = settings.session_ends * context_prior()[after] + (1 - settings.session_ends) * stays
    return matrix


def test_the_filter_is_bayes_rule_on_the_chain_of_contexts(truth: Truth) -> None:
    rows = truth.world.plays.offsets[2] + np.arange(6)
    likelihood, chain = likelihoods(truth, rows), _chain(truth)
    np.testing.assert_allclose(chain.sum(axis=1), 1)
    np.testing.assert_allclose(
        context_prior().reshape(-1) @ chain, context_prior().reshape(-1)
    )  # the prior is stationary
    now = context_prior().reshape(-1)
    for one in likelihood[:5]:
        now = now * one / (now @ one) @ chain
    found = beliefs(truth, rows, likelihood[:5], [(), ("place",), FIELDS])
    np.testing.assert_allclose(found[5, 0], now, atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=2), 1)
    assert (
        found[np.arange(6), 2, truth.world.plays.cell[rows]] == 1
    ).all()  # whoever sees all fields knows the context


def test_the_posterior_of_a_hidden_mood_is_calibrated() -> None:
    truth = Truth(simulate(SMALL.changed(hidden_mood=0.7)))
    plays = truth.world.plays
    posterior = np.concatenate([mood_posterior(truth, person) for person in range(60)])
    mood = fields_of(plays.cell)["mood"]
    np.testing.assert_allclose(posterior.sum(axis=1), 1)
    said = posterior[np.arange(len(mood)), mood]
    gain = np.log(said) - (posterior * np.log(posterior.clip(1e-300))).sum(axis=1)
    by_person = np.add.reduceat(gain, plays.offsets[:-1])
    assert abs(by_person.mean()) < 3.5 * by_person.std() / np.sqrt(60)  # what it says is what happens
    prior = MOOD_GIVEN[fields_of(plays.cell)["place"], mood]
    assert np.log(said).mean() > np.log(prior).mean() + 0.2  # and it has learned from the songs and the moods told


def test_ceilings_lie_in_order(truth: Truth) -> None:
    result = ceilings(truth, n_people=30, n_events=4)
    means = result.means()
    assert set(means) == {"uniform", "popularity", "optimum"} | set(VIEWS) | {f"{name}_prior" for name in VIEWS}
    assert all((values >= 0).all() and (values <= 1).all() for values in result.shares.values())
    assert (
        means["uniform"] < means["popularity"] < means["context_free"] < means["without_mood"] < means["optimum"] == 1
    )
    assert means["context_free_prior"] < means["context_free"] < means["clock_only"]
    late = np.quantile(truth.world.plays.at, 0.8)
    assert (truth.world.plays.at[result.event_rows] > late).all()
    again = ceilings(truth, n_people=30, n_events=4)
    np.testing.assert_array_equal(again.shares["context_free"], result.shares["context_free"])


def test_in_a_null_world_nothing_is_lost_without_context() -> None:
    shares = ceilings(Truth(simulate(SMALL.changed(context="null"))), n_people=10, n_events=3).shares
    for name in VIEWS:
        np.testing.assert_allclose(shares[name], 1.0)
        np.testing.assert_allclose(shares[f"{name}_prior"], 1.0)
