"""The settings of a simulated music service, and the words of its world: moods, places, parts of the day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal

import numpy as np
from pydantic import field_validator, model_validator

from penchant.config import Config, setting
from penchant.data.arrays import Float64, Int64, Nums

MOODS = ("calm", "energetic", "happy", "sad", "focus")
PLACES = ("home", "commute", "gym", "work")
DAYPARTS = ("morning", "afternoon", "evening", "night")
WEEK = ("weekday", "weekend")
FIELDS = ("daypart", "weekend", "place", "mood")
"""The context fields, in the order of the axes of a context cell."""
VALUES = {"daypart": DAYPARTS, "weekend": WEEK, "place": PLACES, "mood": MOODS}
GRID = (len(DAYPARTS), len(WEEK), len(PLACES), len(MOODS))
"""Number of values of each field; a cell is the C-order index into this grid."""
N_CELLS = int(np.prod(GRID))

BRANCHES = ("fresh", "replay", "because")
FRESH, REPLAY, BECAUSE = range(3)
N_ANCHORS = 10
"""How many of the last plays can be the cause of the next one."""

SECONDS_PER_DAY = 86_400


class MusicSettings(Config):
    """Size, strength and form of a simulated music service."""

    n_people: int = setting(2_000, "people who listen", ge=1, le=200_000)
    n_songs: int = setting(1_000, "songs in the catalogue", ge=20, le=6_000)
    n_plays: int = setting(120, "mean number of plays per person", ge=3, le=5_000)
    n_days: int = setting(120, "length of the log; very active people may run a few days past it", unit="days", ge=14)
    n_artists: int = setting(150, "artists", ge=8, le=2_000)
    seed: int = setting(7, "the same seed makes the same world", ge=0)
    start: str = setting("2025-01-06", "first day of the log (UTC), as YYYY-MM-DD")
    plays_spread: float = setting(0.4, "sd of the log of people's activity; 0 makes all alike", ge=0, le=1.5)
    late: float = setting(0.4, "share of people who join after the first day", ge=0, le=1)

    b_taste: float = setting(1.6, "strength of taste for genres", ge=0, le=10)
    b_favourite: float = setting(1.5, "bonus of a favourite artist", ge=0, le=10)
    b_mood: float = setting(1.2, "strength of the person's mood", ge=0, le=10)
    b_place: float = setting(1.2, "strength of the place on tempo", ge=0, le=10)
    b_daypart: float = setting(1.2, "strength of the part of the day on tempo", ge=0, le=10)
    b_weekend: float = setting(1.2, "strength of the weekend on tempo", ge=0, le=10)
    b_genre: float = setting(0.8, "strength of the part of the day on genre", ge=0, le=10)
    b_similar: float = setting(4.0, "strength of similarity to the anchor of a because-of play", ge=0, le=10)
    fresh: float = setting(0.55, "typical weight of choosing freshly", gt=0)
    replay: float = setting(0.15, "typical weight of replaying", ge=0)
    because: float = setting(0.30, "typical weight of playing something because of a recent play", ge=0)
    session_ends: float = setting(0.12, "probability that a play opens a new session", gt=0, le=1)
    mood_flips: float = setting(0.05, "probability that the mood is drawn anew within a session", ge=0, le=1)

    context: Literal["additive", "interacting", "null"] = setting(
        "additive", "additive terms; terms multiplied by taste (interacting); or no effect at all on choice (null)"
    )
    boredom: float = setting(0.0, "penalty on log weights for songs played recently", ge=0, le=10)
    exposure: bool = setting(False, "people can only choose among songs that a logging policy showed them")
    n_shown: int = setting(50, "songs shown per play when exposure is on", ge=5)
    hidden_mood: float = setting(0.0, "share of events whose mood is missing in the log", ge=0, le=1)
    collinear: bool = setting(False, "adds the event field `activity`, nearly a copy of `place` and without effect")

    @field_validator("start")
    @classmethod
    def _is_a_day(cls, text: str) -> str:
        date.fromisoformat(text)
        return text

    @model_validator(mode="after")
    def _shows_less_than_everything(self) -> MusicSettings:
        if self.exposure and self.n_shown > self.n_songs // 2:
            raise ValueError(f"n_shown must be at most half of n_songs ({self.n_songs // 2}) when exposure is on")
        return self

    @property
    def start_at(self) -> int:
        """Midnight (UTC) of the first day, in seconds since 1970."""
        return int(datetime.combine(date.fromisoformat(self.start), datetime.min.time(), UTC).timestamp())


def cells_of(daypart: Nums, weekend: Nums, place: Nums, mood: Nums) -> Nums:
    """Cell numbers int32 of context values (numbers in the order of `DAYPARTS`, `WEEK`, `PLACES`, `MOODS`)."""
    return np.ravel_multi_index((daypart, weekend, place, mood), GRID).astype(np.int32)


def fields_of(cell: Nums | Int64) -> dict[str, Nums]:
    """Context value numbers int32 of each field, of cells of any shape: the inverse of `cells_of`."""
    return {name: values.astype(np.int32) for name, values in zip(FIELDS, np.unravel_index(cell, GRID), strict=True)}


def daypart_of(at: Int64) -> Nums:
    """Number of the part of the day of `at` (seconds since 1970, UTC): morning 6-11, afternoon 12-17, evening 18-22."""
    return np.asarray([3] * 6 + [0] * 6 + [1] * 6 + [2] * 5 + [3], dtype=np.int32)[at % SECONDS_PER_DAY // 3600]


def weekend_of(at: Int64) -> Nums:
    """1 where `at` (seconds since 1970, UTC) is on Saturday or Sunday, else 0."""
    return (weekday_of(at // SECONDS_PER_DAY) >= 5).astype(np.int32)


def weekday_of(day: Int64) -> Int64:
    """0 (Monday) to 6 of `day` (days since 1970-01-01, which was a Thursday)."""
    return (day + 3) % 7


DAYPART_PRIOR: Float64 = np.asarray([0.25, 0.30, 0.33, 0.12])
WEEKEND_PRIOR: Float64 = np.asarray([5 / 7, 2 / 7])
# [daypart, weekend, place]: people commute and work on weekdays, and are at home at night.
PLACE_GIVEN: Float64 = np.asarray(
    [
        [[0.30, 0.35, 0.10, 0.25], [0.70, 0.08, 0.17, 0.05]],
        [[0.15, 0.10, 0.10, 0.65], [0.50, 0.20, 0.25, 0.05]],
        [[0.50, 0.25, 0.20, 0.05], [0.72, 0.15, 0.08, 0.05]],
        [[0.85, 0.08, 0.02, 0.05], [0.85, 0.12, 0.01, 0.02]],
    ]
)
# [place, mood]
MOOD_GIVEN: Float64 = np.asarray(
    [
        [0.35, 0.10, 0.25, 0.20, 0.10],
        [0.25, 0.20, 0.25, 0.15, 0.15],
        [0.05, 0.65, 0.20, 0.04, 0.06],
        [0.17, 0.10, 0.14, 0.07, 0.52],
    ]
)


def context_prior() -> Float64:
    """Probability [4, 2, 4, 5] of each context cell when a session opens.

    It is also the distribution of the context at any play: a mood that flips is drawn from the same table.
    """
    moment = DAYPART_PRIOR[:, None] * WEEKEND_PRIOR
    return moment[:, :, None, None] * PLACE_GIVEN[:, :, :, None] * MOOD_GIVEN
