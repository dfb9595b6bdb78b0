"""Draws the songs and the people of a simulated music service."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator

from penchant.data.arrays import Float64, Int64, Nums, frozen, offsets_of
from penchant.data.sources.music_names import GENRES, artist_name, song_title, unused
from penchant.data.sources.music_settings import MOODS, SECONDS_PER_DAY, MusicSettings
from penchant.data.sources.music_world import AGES, COUNTRIES, GENDERS, People, Songs
from penchant.rng import generator

N_FAVOURITES = 6
N_HIDDEN = 12
COLD_SHARE = 0.1
_MOOD_TEMPO = (-1.0, 1.2, 0.5, -0.6, -0.2)
_AGE_SHARE = (0.3, 0.3, 0.25, 0.15)
_GENDER_SHARE = (0.5, 0.5)
_COUNTRY_SHARE = (0.45, 0.35, 0.2)


def draw_songs(settings: MusicSettings) -> Songs:
    """The catalogue of the world with these settings."""
    rng = generator(settings.seed, "music", "songs")
    n, n_artists, n_genres = settings.n_songs, settings.n_artists, len(GENRES)
    share = np.arange(1, n_artists + 1) ** -0.7
    share = share / share.sum()
    artist_genre = rng.integers(n_genres, size=n_artists)
    artist = rng.choice(n_artists, size=n, p=share)
    elsewhere = (artist_genre[artist] + rng.integers(1, n_genres, size=n)) % n_genres
    genre = np.where(rng.random(n) < 0.85, artist_genre[artist], elsewhere)
    mood_share = rng.dirichlet([0.7] * len(MOODS), size=n_genres)
    mood = (mood_share[genre].cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=len(MOODS) - 1)
    tempo = rng.normal(0, 0.7, n_genres)[genre] + np.asarray(_MOOD_TEMPO)[mood] + rng.normal(0, 0.6, n)
    hidden = rng.standard_normal((n, N_HIDDEN))
    quality = rng.normal(0, 0.7, n)
    released = _release_times(settings, rng)
    names = generator(settings.seed, "music", "names")
    title, performers = _names(names, artist, artist_genre, mood)
    return Songs(
        title=title,
        artist_name=performers,
        artist=artist.astype(np.int32),
        genre=genre.astype(np.int32),
        mood=mood.astype(np.int32),
        tempo=(tempo - tempo.mean()) / tempo.std(),
        quality=quality,
        released=released,
        hidden=hidden / np.linalg.norm(hidden, axis=1, keepdims=True),
        artist_genre=artist_genre.astype(np.int32),
        artist_share=share,
    )


def _release_times(settings: MusicSettings, rng: Generator) -> Int64:
    """Seconds since 1970: a tenth of the songs come out in the last fifth of the log, the others in the years before it."""
    n = settings.n_songs
    years = rng.exponential(6.0, n).clip(0.02, 60)
    before = settings.start_at - (years * 365.25 * SECONDS_PER_DAY).astype(np.int64)
    cold = rng.permutation(n) < round(COLD_SHARE * n)
    within = settings.start_at + (rng.uniform(0.8, 1.0, n) * settings.n_days * SECONDS_PER_DAY).astype(np.int64)
    return np.where(cold, within, before)


def _names(rng: Generator, artist: Int64, artist_genre: Int64, mood: Int64) -> tuple[tuple[str, ...], tuple[str, ...]]:
    taken: set[str] = set()
    performers = tuple(unused(partial(artist_name, rng, int(g)), taken) for g in artist_genre)
    by_artist: dict[int, set[str]] = {}
    title = tuple(
        unused(partial(song_title, rng, int(m)), by_artist.setdefault(int(a), set()))
        for a, m in zip(artist, mood, strict=True)
    )
    return title, performers


@dataclass(frozen=True, kw_only=True, eq=False)
class Dice:
    """All random numbers of the people, drawn person by person, so that more people never change the earlier ones.

    Attributes:
        uniform: float64 [n_plays, N_UNIFORM], in [0, 1).
        drift: float64 [n_plays, n_genres], standard normal.
        offsets: int64 [n_people+1], rows of each person.
    """

    uniform: Float64
    drift: Float64
    offsets: Int64


N_UNIFORM = 16


def draw_people(settings: MusicSettings, songs: Songs) -> tuple[People, Dice]:
    """The listeners, and the dice that decide everything they will do."""
    n, n_genres, n_artists = settings.n_people, len(GENRES), settings.n_artists
    uniform, normal = np.empty((n, 5 + n_artists)), np.empty((n, n_genres + 5))
    streams = [generator(settings.seed, "music", "person", str(p)) for p in range(n)]
    for p, rng in enumerate(streams):
        uniform[p], normal[p] = rng.random(5 + n_artists), rng.standard_normal(n_genres + 5)
    age, gender, country = (
        np.searchsorted(np.cumsum(share)[:-1], uniform[:, column], side="right").astype(np.int32)
        for column, share in enumerate((_AGE_SHARE, _GENDER_SHARE, _COUNTRY_SHARE))
    )
    taste = _taste(settings, age, gender, country) + 0.8 * normal[:, :n_genres]
    weights = np.asarray([settings.fresh, settings.replay, settings.because]) * np.exp(0.3 * normal[:, -3:])
    joined = np.where(uniform[:, 3] < settings.late, 0.95 * uniform[:, 4], 0.0)
    n_plays = _activity(settings, joined, normal[:, n_genres + 1])
    people = People(
        age=age,
        gender=gender,
        country=country,
        taste=taste,
        favourite=_favourites(songs, taste, uniform[:, 5:]),
        sensitivity=np.exp(0.35 * normal[:, n_genres]),
        weights=weights / weights.sum(axis=1, keepdims=True),
        joined=joined,
        n_plays=n_plays,
    )
    dice = Dice(
        uniform=frozen(np.concatenate([rng.random((m, N_UNIFORM)) for rng, m in zip(streams, n_plays, strict=True)])),
        drift=frozen(
            np.concatenate([rng.standard_normal((m, n_genres)) for rng, m in zip(streams, n_plays, strict=True)])
        ),
        offsets=offsets_of(n_plays),
    )
    return people, dice


def _taste(settings: MusicSettings, age: Nums, gender: Nums, country: Nums) -> Float64:
    """What attributes tell about taste, float64 [n, n_genres]."""
    rng = generator(settings.seed, "music", "tastes")
    by_age, by_gender, by_country = (rng.standard_normal((len(v), len(GENRES))) for v in (AGES, GENDERS, COUNTRIES))
    return np.asarray(0.8 * (by_age[age] + 0.5 * by_gender[gender] + 0.7 * by_country[country]), dtype=np.float64)


def _activity(settings: MusicSettings, joined: Float64, noise: Float64) -> Int64:
    """Plays per person: log-normal activity times the time since joining; the expected value is `n_plays`."""
    activity = np.exp(settings.plays_spread * noise - settings.plays_spread**2 / 2)
    mean_stay = 1 - settings.late * 0.95 / 2
    return np.round(settings.n_plays * activity * (1 - joined) / mean_stay).clip(min=1).astype(np.int64)


def _favourites(songs: Songs, taste: Float64, uniform: Float64) -> np.typing.NDArray[np.bool_]:
    """Six artists drawn without replacement, with weight = share of the catalogue x exp(taste for the artist's genre)."""
    # The largest of (log weight + Gumbel noise) are a draw without replacement (Gumbel top-k).
    keys = np.log(songs.artist_share) + taste[:, songs.artist_genre] - np.log(-np.log(uniform.clip(1e-300)))
    best = np.argpartition(-keys, N_FAVOURITES - 1, axis=1)[:, :N_FAVOURITES]
    favourite = np.zeros(keys.shape, dtype=bool)
    np.put_along_axis(favourite, best, True, axis=1)
    return favourite
