"""A simulated world as data frames, the way a real service would hand out its log, and the truth beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from penchant.data.arrays import Float64, Int64
from penchant.data.sources.music_names import GENRES
from penchant.data.sources.music_settings import BRANCHES, MOODS, PLACES, VALUES, fields_of
from penchant.data.sources.music_world import AGES, COUNTRIES, GENDERS, Record

if TYPE_CHECKING:
    import polars as pl


def user_ids(n: int) -> list[str]:
    """Ids of n people: u0000, u0001, ...; as wide as the last one needs."""
    return _ids("u", n)


def item_ids(n: int) -> list[str]:
    """Ids of n songs: s0000, s0001, ...; as wide as the last one needs."""
    return _ids("s", n)


def _ids(letter: str, n: int) -> list[str]:
    width = max(4, len(str(n - 1)))
    return [f"{letter}{i:0{width}d}" for i in range(n)]


def event_table(world: Record, order: Int64) -> pl.DataFrame:
    """The log: plays in the given order of rows."""
    import polars as pl

    plays = world.plays
    context = fields_of(plays.cell[order])
    mood = np.asarray(MOODS, dtype=object)[context["mood"]]
    mood[~plays.mood_known[order]] = None
    columns = {
        "user_id": np.asarray(user_ids(len(world.people.age)), dtype=object)[plays.person[order]],
        "item_id": np.asarray(item_ids(len(world.songs.artist)), dtype=object)[plays.song[order]],
        "timestamp": plays.at[order],
        "kind": ["play"] * len(order),
        "session_id": [f"x{session:06d}" for session in plays.session[order]],
        "place": np.asarray(PLACES, dtype=object)[context["place"]],
        "mood": pl.Series("mood", mood.tolist(), dtype=pl.String),
    }
    if world.settings.collinear:
        columns["activity"] = np.asarray(PLACES, dtype=object)[plays.activity[order]]
    return pl.DataFrame(columns)


def user_table(world: Record) -> pl.DataFrame:
    """The people and their attributes."""
    import polars as pl

    people = world.people
    return pl.DataFrame(
        {
            "user_id": user_ids(len(people.age)),
            "age": [AGES[i] for i in people.age],
            "gender": [GENDERS[i] for i in people.gender],
            "country": [COUNTRIES[i] for i in people.country],
        }
    )


def item_table(world: Record) -> pl.DataFrame:
    """The catalogue: what a listener could read about each song (never its quality or hidden vector)."""
    import polars as pl

    songs = world.songs
    return pl.DataFrame(
        {
            "item_id": item_ids(len(songs.artist)),
            "title": list(songs.title),
            "artist": [songs.artist_name[i] for i in songs.artist],
            "genre": [GENRES[i] for i in songs.genre],
            "mood": [MOODS[i] for i in songs.mood],
            "tempo": songs.bpm,
            "released": songs.released,
        }
    )


def truth_table(world: Record, order: Int64, probability: Float64) -> pl.DataFrame:
    """Why each play happened; `probability` is that of the songs played, in the same order of rows."""
    import polars as pl

    plays = world.plays
    items = item_ids(len(world.songs.artist))
    anchored = plays.anchored[order]
    causes = plays.anchor[order]
    anchor_item = [items[plays.song[row]] if yes else None for row, yes in zip(causes, anchored, strict=True)]
    anchor_row = [int(row) if yes else None for row, yes in zip(causes, anchored, strict=True)]
    context = fields_of(plays.cell[order])
    return pl.DataFrame(
        {
            "event_row": order,
            "branch": [BRANCHES[i] for i in plays.branch[order]],
            "anchor_item_id": pl.Series("anchor_item_id", anchor_item, dtype=pl.String),
            "anchor_row": pl.Series("anchor_row", anchor_row, dtype=pl.Int64),
            **{name: [VALUES[name][i] for i in numbers] for name, numbers in context.items()},
            "probability": probability,
        }
    )


def exposure_table(world: Record, order: Int64) -> pl.DataFrame:
    """What the logging policy showed before each play."""
    import polars as pl

    plays = world.plays
    people, items = user_ids(len(world.people.age)), item_ids(len(world.songs.artist))
    return pl.DataFrame(
        {
            "user_id": [people[i] for i in plays.person[order]],
            "timestamp": plays.at[order],
            "item_ids": [" ".join(items[i] for i in shown) for shown in plays.shown[order]],
        }
    )
