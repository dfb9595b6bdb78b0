"""How good can a ranking be? Shares of the optimum for whoever knows everything, or all but a part of the context.

The share of a list is ``captured@k = sum of the true P over its first k songs / sum over the k most probable songs``: no
sampling noise, 1 for the optimum. Whoever does not see a part of the context does best by ranking the *expected* P given all
that can be known without it. That expectation is exact here: the hidden context is a Markov chain, so a forward filter
(Rabiner 1989, "A tutorial on hidden Markov models", eq. 19-20) over its 160 cells gives the posterior of the context given
the songs played so far, and P is averaged with it. The filter knows the person perfectly (taste, favourites, sensitivity),
so its row is the true ceiling: no model without that part of the context can capture more probability on average.

The rows ending in ``_prior`` average P with the distribution of the hidden part given the fields seen *now*, and learn
nothing from the songs of the session. They are lower, and **no ceiling**: a sequence model that guesses the mood from the
last few songs rightly passes them without having seen any context.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import AnyArray, Bool, Float64, Int64, Nums
from penchant.data.sources.music_settings import FIELDS, GRID, MOOD_GIVEN, N_CELLS, context_prior, fields_of
from penchant.data.sources.music_truth import Truth, mix
from penchant.errors import BadData
from penchant.rng import generator

VIEWS: Mapping[str, tuple[str, ...]] = {
    "context_free": (),
    "clock_only": ("daypart", "weekend"),
    **{f"without_{hidden}": tuple(field for field in FIELDS if field != hidden) for hidden in FIELDS},
}
"""Ranking -> the fields it knows, at every play. Whoever knows any field also knows when sessions begin; ``context_free``
knows the songs alone, in their order. ``clock_only`` is what timestamps tell."""
_STEPS = 8  # plays whose 160 contexts are worked on together


def captured(truth: Truth, event_rows: Int64, lists: Sequence[AnyArray], k: int, *, as_shown: bool = False) -> Float64:
    """Share of the optimum that each list captures: float64 [m] in [0, 1].

    Args:
        truth: the truth of the world.
        event_rows: int [m], rows of the plays that the lists were made for.
        lists: m arrays of song numbers, best first; only the first k count, a song named twice counts once, and a list may be
            short. A song that is not out yet captures nothing.
        k: length of the lists.
        as_shown: see `Truth.probabilities_at`.

    Raises:
        BadData: as many lists as rows are expected, with numbers of songs in the catalogue.
    """
    rows, n_songs = np.asarray(event_rows, dtype=np.int64), truth.world.settings.n_songs
    if len(rows) != len(lists):
        raise BadData(f"expected one list per event, got {len(lists)} lists for {len(rows)} events")
    shares = np.empty(len(rows))
    for start in range(0, len(rows), 64):
        p_all = truth.probabilities_at(rows[start : start + 64], as_shown=as_shown)
        for offset, p in enumerate(p_all):
            songs = np.unique(np.asarray(lists[start + offset])[:k].astype(np.int64))
            if len(songs) and not 0 <= songs[0] <= songs[-1] < n_songs:
                raise BadData(
                    f"list {start + offset}: expected song numbers below {n_songs}, got {songs[0]} to {songs[-1]}"
                )
            shares[start + offset] = min(1.0, p[songs].sum() / top_mass(p, k))
    return shares


def top_mass(p: Float64, k: int) -> float:
    """Sum of the k largest of `p` (float64 [n])."""
    return float(np.sort(p)[::-1][:k].sum())


def best(p: Float64, k: int) -> Int64:
    """Numbers of the k largest of `p` (float64 [n]), largest first."""
    return np.argsort(-p, kind="stable")[:k]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ceilings:
    """Shares of the optimum at k for rankings that know less and less.

    Attributes:
        k: length of the lists.
        event_rows: int64 [m], the plays asked about.
        mass: float64 [m], probability that the best list of k holds the next song: what 100 % stands for.
        shares: name -> float64 [m] in [0, 1]: ``uniform``, ``popularity`` (all plays so far), the names of `VIEWS` and the
            same with ``_prior`` behind, ``optimum``.
    """

    k: int
    event_rows: Int64
    mass: Float64
    shares: Mapping[str, Float64]

    def means(self) -> dict[str, float]:
        """Mean share of each ranking."""
        return {name: float(values.mean()) for name, values in self.shares.items()}


def ceilings(truth: Truth, *, k: int = 10, n_people: int = 40, n_events: int = 5, seed: int = 0) -> Ceilings:
    """Measures the ceilings of a world on a sample of the last fifth of its time.

    In a world with exposure everything released could be recommended; what was shown only explains the past.

    Args:
        truth: the truth of the world.
        k: length of the lists.
        n_people: people drawn among those who played in the last fifth.
        n_events: plays drawn per person, at most.
        seed: of the sample.
    """
    plays = truth.world.plays
    rng = generator(seed, "music", "ceilings")
    cut = np.quantile(plays.at, 0.8)
    who = np.unique(plays.person[plays.at > cut])
    rows_of: list[Int64] = []
    expected: dict[str, list[Float64]] = {name + ending: [] for name in VIEWS for ending in ("", "_prior")}
    for person in np.sort(rng.permutation(who)[:n_people]):
        rows = np.arange(plays.offsets[person], plays.offsets[person + 1])
        asked = np.sort(rng.permutation(rows[plays.at[rows] > cut])[:n_events])
        rows_of.append(asked)
        likelihood = likelihoods(truth, rows[: asked[-1] - rows[0]])
        filtered = beliefs(truth, rows, likelihood, list(VIEWS.values()))[asked - rows[0]]
        weights: dict[str, Float64] = {}
        for number, (name, seen) in enumerate(VIEWS.items()):
            weights[name] = filtered[:, number]
            weights[name + "_prior"] = _normal(context_prior().reshape(-1) * _consistent(plays.cell[asked], seen))
        for i, p in enumerate(_in_all_contexts(truth, asked)):
            for name, weight in weights.items():
                expected[name].append(weight[i] @ p)
    return _measured(truth, np.concatenate(rows_of), expected, k)


def _measured(truth: Truth, rows: Int64, expected: Mapping[str, Sequence[Float64]], k: int) -> Ceilings:
    plays, n_songs = truth.world.plays, truth.world.settings.n_songs
    mass, uniform = np.empty(len(rows)), np.empty(len(rows))
    order = np.argsort(plays.at, kind="stable")
    before = np.searchsorted(plays.at[order], plays.at[rows])
    popular = [best(np.bincount(plays.song[order[:n]], minlength=n_songs).astype(np.float64), k) for n in before]
    for i, p in enumerate(truth.probabilities_at(rows, as_shown=False)):
        mass[i] = top_mass(p, k)
        uniform[i] = min(k, n_songs) / n_songs / mass[i]
    shares = {"uniform": uniform, "popularity": captured(truth, rows, popular, k)}
    for name, means in expected.items():
        shares[name] = captured(truth, rows, [best(p, k) for p in means], k)
    return Ceilings(k=k, event_rows=rows, mass=mass, shares=shares | {"optimum": np.ones(len(rows))})


def beliefs(truth: Truth, rows: Int64, likelihood: Float64, views: Sequence[Sequence[str]]) -> Float64:
    """The exact posterior of the context of each play, before its song is known: float64 [len(likelihood) + 1, V, 160].

    Args:
        truth: the truth of the world.
        rows: consecutive rows of one person's plays, from the first on.
        likelihood: float64 [T, 160], probability of what was seen at the first T of them under each context, as
            `likelihoods` gives it for the songs.
        views: V times the fields that are known at every play, together with the beginnings of sessions. Where none is
            known, sessions are unknown too: all there is are the songs.
    """
    settings, plays = truth.world.settings, truth.world.plays
    prior = context_prior().reshape(-1)
    starts = np.append(True, np.diff(plays.session[rows]) > 0)
    opens = np.stack([starts if seen else np.full(len(rows), settings.session_ends) for seen in views], axis=1)
    fits = np.stack([_consistent(plays.cell[rows], seen) for seen in views], axis=1)
    result = np.empty((len(likelihood) + 1, len(views), N_CELLS))
    result[0] = _normal(prior * fits[0])
    for t in range(1, len(result)):
        moods = _normal(result[t - 1] * likelihood[t - 1]).reshape(-1, *GRID)
        flipped = moods.sum(axis=-1, keepdims=True) * MOOD_GIVEN
        stays = ((1 - settings.mood_flips) * moods + settings.mood_flips * flipped).reshape(-1, N_CELLS)
        result[t] = _normal((opens[t, :, None] * prior + (1 - opens[t, :, None]) * stays) * fits[t])
    return result


def mood_posterior(truth: Truth, person: int) -> Float64:
    """P(mood) of each of a person's plays, float64 [n_plays, 5], for whoever reads the log but not the mood of the play itself.

    Exact, given the moods that the log tells of earlier plays, all other fields, and the songs before the play.
    """
    plays = truth.world.plays
    rows = np.arange(plays.offsets[person], plays.offsets[person + 1])
    told = _consistent(plays.cell[rows], ("mood",)) | ~plays.mood_known[rows, None]
    others = tuple(field for field in FIELDS if field != "mood")
    now = beliefs(truth, rows, (likelihoods(truth, rows) * told)[:-1], [others])[:, 0]
    return np.asarray(now.reshape(-1, *GRID).sum(axis=(1, 2, 3)))


def _normal(weights: Float64) -> Float64:
    """The same weights, summing to 1 along the last axis."""
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def _consistent(cell: Nums, seen: Sequence[str]) -> Bool:
    """Which of the 160 cells agree with `cell` (int [m]) in the fields seen: bool [m, 160]."""
    every, true = fields_of(np.arange(N_CELLS)), fields_of(cell)
    agrees = np.ones((len(cell), N_CELLS), dtype=bool)
    for name in seen:
        agrees &= every[name] == true[name][:, None]
    return agrees


def likelihoods(truth: Truth, rows: Int64) -> Float64:
    """P(song played | context) of plays of one person under all contexts, float64 [m, 160], as they were shown."""
    result = np.empty((len(rows), N_CELLS))
    every = np.arange(N_CELLS, dtype=np.int32)[None]
    shared: Float64 | None = None
    for start in range(0, len(rows), _STEPS):
        part = slice(start, start + _STEPS)
        moments = truth.moments(rows[part])
        if (
            shared is None or truth.world.settings.context == "interacting"
        ):  # there the sway follows the taste, which drifts
            one = (
                moments if truth.world.settings.context == "interacting" else moments.take(np.zeros(1, dtype=np.int64))
            )
            shared = truth.choice.half_sway(one, every)
        result[part] = mix(truth.choice, moments, shared).at(truth.world.plays.song[rows[part]]).sum(axis=2)
    return result


def _in_all_contexts(truth: Truth, rows: Int64) -> Iterator[Float64]:
    """P(song) float64 [160, n] of each play under all contexts, with nothing withheld."""
    every = np.arange(N_CELLS, dtype=np.int32)[None]
    for row in rows:
        moments = truth.moments(np.asarray([row]), as_shown=False)
        yield mix(truth.choice, moments, truth.choice.half_sway(moments, every)).everywhere()[0]
