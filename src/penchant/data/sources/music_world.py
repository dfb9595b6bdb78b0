"""What a simulated music service consists of: songs, people and plays, as read-only columns."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

import numpy as np

from penchant.data.arrays import AnyArray, Bool, Float64, Int64, Nums, frozen
from penchant.data.sources.music_settings import BECAUSE, MusicSettings
from penchant.errors import BadData

AGES = ("16-24", "25-34", "35-49", "50+")
GENDERS = ("f", "m")
COUNTRIES = ("BR", "DE", "JP")


class Columns:
    """A frozen dataclass whose arrays are made read-only when it is built."""

    def __post_init__(self) -> None:
        """Freezes every array."""
        for field in fields(self):  # type: ignore[arg-type]  # only dataclasses inherit from it
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, field.name, frozen(value))


@dataclass(frozen=True, kw_only=True, eq=False)
class Songs(Columns):
    """The catalogue; n songs.

    Attributes:
        title: n titles; no two of one artist are equal.
        artist_name: names of the artists, all different.
        artist: int32 [n], number of the artist.
        genre: int32 [n], number in ``music_names.GENRES``.
        mood: int32 [n], number in ``music_settings.MOODS``.
        tempo: float64 [n], mean 0 and standard deviation 1.
        quality: float64 [n], liked by everybody.
        released: int64 [n], seconds since 1970 (UTC); nobody plays a song before.
        hidden: float64 [n, 12], unit vectors that no attribute tells.
        artist_genre: int32 [n_artists], the artist's usual genre.
        artist_share: float64 [n_artists], share of the catalogue that the artist makes, on average.
    """

    title: tuple[str, ...]
    artist_name: tuple[str, ...]
    artist: Nums
    genre: Nums
    mood: Nums
    tempo: Float64
    quality: Float64
    released: Int64
    hidden: Float64
    artist_genre: Nums
    artist_share: Float64

    @property
    def bpm(self) -> Float64:
        """Tempo as the catalogue shows it, float64 [n], in beats per minute to one decimal."""
        return np.round(116 + 24 * self.tempo, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class People(Columns):
    """Who listens; n people.

    Attributes:
        age, gender, country: int32 [n], numbers in `AGES`, `GENDERS`, `COUNTRIES`.
        taste: float64 [n, n_genres], liking of genres on the first day.
        favourite: bool [n, n_artists], six favourites each.
        sensitivity: float64 [n], how much the context moves the person, around 1.
        weights: float64 [n, 3], probabilities of fresh, replay and because-of choices; rows sum to 1.
        joined: float64 [n], share of the log's length that had passed when the person joined.
        n_plays: int64 [n].
    """

    age: Nums
    gender: Nums
    country: Nums
    taste: Float64
    favourite: Bool
    sensitivity: Float64
    weights: Float64
    joined: Float64
    n_plays: Int64


@dataclass(frozen=True, kw_only=True, eq=False)
class Plays(Columns):
    """What happened; n plays, person by person and in order of time for each.

    Attributes:
        person, song: int32 [n].
        at: int64 [n], seconds since 1970 (UTC), strictly increasing for each person.
        session: int64 [n], number of the session, counted over the whole world.
        cell: int32 [n], the context; `music_settings.fields_of` splits it.
        activity: int32 [n], a copy of the place with errors (one in twenty); written only in a collinear world.
        mood_known: bool [n], False where the log does not tell the mood.
        branch: int32 [n], number in ``music_settings.BRANCHES``.
        anchor: int64 [n], row of the play that caused this one; the row itself where nothing did (see `anchored`).
        taste: float64 [n, n_genres], the person's taste at that moment.
        shown: int32 [n, n_shown], songs that the logging policy showed; [n, 0] where people choose freely.
        offsets: int64 [n_people+1]; person p's plays are rows ``offsets[p]:offsets[p+1]``.
    """

    person: Nums
    song: Nums
    at: Int64
    session: Int64
    cell: Nums
    activity: Nums
    mood_known: Bool
    branch: Nums
    anchor: Int64
    taste: Float64
    shown: Nums
    offsets: Int64

    def __len__(self) -> int:
        """Number of plays."""
        return len(self.person)

    @property
    def anchored(self) -> Bool:
        """bool [n]: plays that were caused by an earlier one."""
        return np.asarray(self.branch == BECAUSE)

    def rows_at(self, person: Nums, at: Int64) -> Int64:
        """Rows int64 [m] of the plays of `person` (int [m]) at exactly `at` (int [m], seconds since 1970).

        Raises:
            BadData: one of them is not in the log.
        """
        base, span = int(self.at.min()), int(np.ptp(self.at)) + 2
        key = self.person.astype(np.int64) * span + (self.at - base)
        wanted = np.asarray(person, dtype=np.int64) * span + (np.asarray(at, dtype=np.int64) - base)
        rows = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        if (key[rows] != wanted).any():
            bad = int(np.flatnonzero(key[rows] != wanted)[0])
            raise BadData(
                f"expected the person and second of a play in this world, got person {person[bad]} at {at[bad]}"
            )
        return rows.astype(np.int64)

    def digest(self) -> str:
        """A fingerprint of who played what, when, where, in which mood and why."""
        columns: tuple[AnyArray, ...] = (self.person, self.song, self.at, self.cell, self.branch, self.anchor)
        return hashlib.blake2b(b"".join(column.tobytes() for column in columns), digest_size=16).hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """Everything that one run of the world decided."""

    settings: MusicSettings
    songs: Songs
    people: People
    plays: Plays
