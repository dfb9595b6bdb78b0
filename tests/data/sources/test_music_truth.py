"""The truth of the simulated world: formulas, calibration, causes, terms of the context, ceilings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from penchant.data.sources.music import MusicSettings, MusicWorld, Truth, simulate
from penchant.data.sources.music_ceilings import likelihoods
from penchant.data.sources.music_choice import congruence
from penchant.data.sources.music_settings import (
    FIELDS,
    MOOD_GIVEN,
    MOODS,
    VALUES,
    fields_of,
)
from penchant.data.sources.music_world import Record
from penchant.errors import BadData, UnknownName
from penchant.rng import generator

SMALL = MusicSettings(n_people=60, n_songs=80, n_plays=30, n_artists=20, n_days=60, seed=5)
FORMS: dict[str, dict[str, Any]] = {
    "additive": {},
    "interacting": {"context": "interacting"},
    "null": {"context": "null"},
    "boredom": {"boredom": 2.0},
    "exposure": {"exposure": True, "n_shown": 15},
}


@pytest.fixture(scope="module", params=list(FORMS))
def formed(request) -> Truth:
    return Truth(simulate(SMALL.changed(**FORMS[request.param])))


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth(simulate(SMALL))


def _context(world: Record, row: int) -> dict[str, int]:
    return {name: int(value) for name, value in fields_of(world.plays.cell[row]).items()}


def _words(context: dict[str, int]) -> dict[str, str]:
    return {name: VALUES[name][number] for name, number in context.items()}


def _plainly(world: Record, row: int) -> np.ndarray:
    """The choice rule once more, song by song, as the specification states it (additive form, nothing withheld)."""
    settings, songs, people, plays = world.settings, world.songs, world.people, world.plays
    u, n, c = int(plays.person[row]), settings.n_songs, _context(world, row)
    past = plays.song[plays.offsets[u] : row].tolist()
    by_part = generator(settings.seed, "music", "genres by part of the day").standard_normal((4, 8))
    tempo = (0, 0.3, 1.4, -0.7)[c["place"]] + (-0.2, 0.1, 0.5, -0.9)[c["daypart"]] + (-0.5, 0.9)[c["weekend"]]
    out = [bool(songs.released[i] <= plays.at[row]) for i in range(n)]
    v, fresh = np.zeros(n), np.zeros(n)
    for i in range(n):
        v[i] = 1.2 * congruence()[c["mood"], songs.mood[i]] + 1.2 * tempo * songs.tempo[i]
        v[i] = people.sensitivity[u] * (v[i] + 0.8 * by_part[c["daypart"], songs.genre[i]])
        loved = people.favourite[u, songs.artist[i]]
        fresh[i] = np.exp(1.6 * plays.taste[row, songs.genre[i]] + 1.5 * loved + songs.quality[i] + v[i]) * out[i]
    replay = np.zeros(n)
    for age, song in enumerate(reversed(past)):
        replay[song] += 0.97**age * np.exp(0.5 * v[song])
    replay[past[-3:]] = 0
    because, total = np.zeros(n), sum(0.8**age for age in range(min(10, len(past))))
    for age, j in enumerate(reversed(past[-10:])):
        weight = np.zeros(n)
        for i in range(n):
            same = (songs.artist[i] == songs.artist[j]) + 0.5 * (songs.genre[i] == songs.genre[j])
            same += 0.35 * (songs.mood[i] == songs.mood[j]) - 0.15 * abs(songs.tempo[i] - songs.tempo[j])
            same += 0.8 * songs.hidden[i] @ songs.hidden[j]
            weight[i] = np.exp(4 * same + 0.5 * v[i] + 0.3 * songs.quality[i]) * out[i] * (i != j)
        because += 0.8**age / total * weight / weight.sum()
    w = people.weights[u]
    if not replay.any():
        return np.asarray((w[0] + w[1]) * fresh / fresh.sum() + w[2] * because)
    return np.asarray(w[0] * fresh / fresh.sum() + w[1] * replay / replay.sum() + w[2] * because)


def test_probabilities_are_those_of_the_specification(truth: Truth) -> None:
    offsets = truth.world.plays.offsets
    rows = np.asarray([offsets[4] + 2, offsets[4] + 5, offsets[9] + 14, offsets[30] - 1])
    exact = truth.probabilities_at(rows)
    for row, p in zip(rows, exact, strict=True):
        np.testing.assert_allclose(p, _plainly(truth.world, int(row)), rtol=1e-9, atol=1e-15)


def test_the_first_play_is_always_fresh(truth: Truth) -> None:
    first = truth.world.plays.offsets[:-1]
    assert (truth.world.plays.branch[first] == 0).all()
    np.testing.assert_allclose(truth.causes(first).fresh, 1.0)


def test_probabilities_sum_to_one_and_are_zero_before_the_release(formed: Truth) -> None:
    world = formed.world
    rows = np.arange(0, len(world.plays), 7)
    p = formed.probabilities_at(rows)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    closed = world.songs.released > world.plays.at[rows][:, None]
    assert closed.any()
    assert (p[closed] == 0).all()
    assert (p >= 0).all()


def test_what_people_play_follows_the_probabilities(formed: Truth) -> None:
    """Score tests: sums over plays of (seen - expected) have mean 0 and a variance that P tells, so z is about N(0, 1)."""
    world = formed.world
    rows = np.arange(len(world.plays))
    p = formed.probabilities_at(rows)
    chosen = p[rows, world.plays.song]
    assert (chosen > 0).all()
    np.testing.assert_allclose(formed.chosen_probability(rows), chosen)
    log_p = np.log(np.maximum(p, 1e-300))
    expected = (p * log_p).sum(axis=1)
    variance = (p * log_p**2).sum(axis=1) - expected**2
    assert abs((np.log(chosen) - expected).sum() / np.sqrt(variance.sum())) < 3.5
    seen = np.bincount(world.plays.song, minlength=p.shape[1])
    often = p.sum(axis=0) > 3
    z = ((seen - p.sum(axis=0)) / np.sqrt((p * (1 - p)).sum(axis=0).clip(1e-9)))[often]
    # The sum of m squares of N(0, 1) has mean m and sd sqrt(2 m).
    assert abs((z**2).sum() - len(z)) < 4 * np.sqrt(2 * len(z))


def test_causes_sum_to_one_and_are_right_as_often_as_they_say(formed: Truth) -> None:
    plays = formed.world.plays
    rows = np.arange(len(plays))
    causes = formed.causes(rows)
    np.testing.assert_allclose(causes.fresh + causes.replay + causes.because.sum(axis=1), 1.0)
    for number, share in enumerate((causes.fresh, causes.replay, causes.because.sum(axis=1))):
        z = ((plays.branch == number).sum() - share.sum()) / np.sqrt((share * (1 - share)).sum())
        assert abs(z) < 3.5
    true = (causes.anchors == plays.anchor[:, None]) & plays.anchored[:, None]
    assert true.sum() == plays.anchored.sum()  # every true anchor is among the ten
    z = (true.sum(axis=0) - causes.because.sum(axis=0)) / np.sqrt((causes.because * (1 - causes.because)).sum(axis=0))
    assert np.abs(z).max() < 4
    first = plays.offsets[:-1]
    np.testing.assert_array_equal(causes.anchors[first], np.repeat(first[:, None], 10, axis=1))


def test_any_moment_can_be_asked_about(truth: Truth) -> None:
    plays = truth.world.plays
    row = int(plays.offsets[7]) + 12
    person, at = int(plays.person[row]), int(plays.at[row])
    context, history = _words(_context(truth.world, row)), plays.song[plays.offsets[7] : row]
    p = truth.probability(person, context, history, at)
    np.testing.assert_allclose(p, truth.probabilities_at(np.asarray([row]))[0], rtol=1e-12)
    by_clock = {name: context[name] for name in ("place", "mood")}
    np.testing.assert_array_equal(truth.probability(person, by_clock, history.tolist(), at), p)
    assert (truth.probability(person, context, []) > 0).all()  # without a time all songs are out
    assert truth.probability(person, context, list(range(80)) * 2).sum() == pytest.approx(1)


def test_wrong_contexts_are_refused(truth: Truth) -> None:
    with pytest.raises(UnknownName, match='unknown context field "mod".*Did you mean "mood"'):
        truth.probability(0, {"mod": "calm"}, [])
    with pytest.raises(UnknownName, match='unknown mood "clam".*Did you mean "calm"'):
        truth.probability(0, {"mood": "clam"}, [])
    with pytest.raises(BadData, match="daypart, weekend, place is missing"):
        truth.probability(0, {"mood": "calm"}, [])


def test_shuffled_context_changes_nothing_in_a_null_world_and_much_elsewhere(formed: Truth) -> None:
    world = formed.world
    rows = np.arange(0, len(world.plays), 9)
    cell = generator(1).permutation(world.plays.cell)
    shuffled = MusicWorld(
        settings=world.settings, songs=world.songs, people=world.people, plays=replace(world.plays, cell=cell)
    )
    change = np.abs(Truth(shuffled).probabilities_at(rows) - formed.probabilities_at(rows)).sum(axis=1)
    if world.settings.context == "null":
        assert (change == 0).all()
    else:
        assert change.mean() > 0.3


def test_interacting_context_moves_people_of_opposite_taste_in_opposite_directions() -> None:
    world = simulate(SMALL.changed(context="interacting"))
    moments = Truth(world).moments(np.asarray([40, 41]))
    mirrored = replace(moments, taste=np.stack([moments.taste[0], -moments.taste[0]]), person=moments.person[[0, 0]])
    log_sway = np.log(Truth(world).choice.half_sway(mirrored, world.plays.cell[[40, 40], None])[:, 0])
    np.testing.assert_allclose(log_sway[0], -log_sway[1], atol=1e-12)
    assert np.abs(log_sway).max() > 0.1


def test_without_exposure_more_could_have_been_chosen() -> None:
    truth = Truth(simulate(SMALL.changed(exposure=True, n_shown=15)))
    rows = np.arange(0, 900, 10)
    assert ((truth.probabilities_at(rows) > 0).sum(axis=1) <= 15).all()
    assert ((truth.probabilities_at(rows, as_shown=False) > 0).sum(axis=1) >= 70).all()


def test_the_terms_of_the_context_are_log_ratios_to_the_marginal(truth: Truth) -> None:
    plays = truth.world.plays
    row = int(plays.offsets[3]) + 10
    terms = truth.context_terms(np.asarray([row]), np.asarray([21]))
    context, history = _context(truth.world, row), plays.song[plays.offsets[3] : row]
    p = {
        mood: truth.probability(3, _words(context | {"mood": mood}), history, int(plays.at[row]))[21]
        for mood in range(len(MOODS))
    }
    # Given the place, the mood does not depend on the time, so its probabilities are a row of the table.
    marginal = sum(MOOD_GIVEN[context["place"], mood] * p[mood] for mood in p)
    assert terms[0, FIELDS.index("mood")] == pytest.approx(np.log(p[context["mood"]] / marginal), rel=1e-9)
    assert terms.shape == (1, 4)


def test_terms_speak_for_the_songs_played_and_vanish_in_a_null_world(truth: Truth) -> None:
    rows = np.arange(0, len(truth.world.plays), 5)
    assert (truth.context_terms(rows).mean(axis=0) > 0).all()  # the mean is a mutual information, above 0
    null = Truth(simulate(SMALL.changed(context="null")))
    np.testing.assert_allclose(null.context_terms(rows), 0, atol=1e-12)
    unreleased = np.full(1, int(np.argmax(truth.world.songs.released)), dtype=np.int32)
    assert np.isnan(truth.context_terms(np.zeros(1, dtype=np.int64), unreleased)).all()


def test_likelihoods_are_the_probabilities_of_the_songs_played(formed: Truth) -> None:
    plays = formed.world.plays
    rows = np.arange(plays.offsets[11], plays.offsets[12])
    likelihood = likelihoods(formed, rows)
    np.testing.assert_allclose(likelihood[np.arange(len(rows)), plays.cell[rows]], formed.chosen_probability(rows))
