"""The simulated music service: a world that knows its own truth.

>>> world = simulate(MusicSettings(n_people=20, n_songs=40, n_plays=10, n_artists=12))
>>> world.tables()["events"].columns
['user_id', 'item_id', 'timestamp', 'kind', 'session_id', 'place', 'mood']
>>> Truth(world).probabilities_at(np.arange(3)).sum(axis=1)
array([1., 1., 1.])

It is a test bench, not evidence about people. `music_choice` states how a play is chosen; `Truth` answers with exact
probabilities, `ceilings` says how good a ranking can be, `captured` how good one is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from penchant.data.sources.music_cast import draw_people, draw_songs
from penchant.data.sources.music_ceilings import Ceilings, captured, ceilings
from penchant.data.sources.music_choice import Choice
from penchant.data.sources.music_plays import draw_plays
from penchant.data.sources.music_settings import MusicSettings
from penchant.data.sources.music_tables import event_table, exposure_table, item_table, truth_table, user_table
from penchant.data.sources.music_truth import Causes, Truth
from penchant.data.sources.music_world import Record
from penchant.errors import BadConfig, BadData

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "Causes", "Ceilings", "MusicSettings", "MusicWorld", "Truth", "captured", "ceilings", "load_world", "simulate", "write",
]  # fmt: skip

_VERSION = 1
"""Raised whenever the same settings would make another world."""


class MusicWorld(Record):
    """One simulated world: settings, songs, people and plays, and what a log of it would hold."""

    def tables(self) -> dict[str, pl.DataFrame]:
        """What gets written, as data frames.

        - ``events``: user_id, item_id, timestamp (seconds, UTC), kind, session_id, place, mood (null where hidden), and
          activity in a collinear world; in order of time.
        - ``users``: user_id, age, gender, country. ``items``: item_id, title, artist, genre, mood, tempo, released.
        - ``truth``: for each row of ``events``: event_row (row of `plays`), branch, anchor_item_id and anchor_row (null
          without), the true daypart, weekend, place and mood, and the probability that the song had.
        - ``exposures``, only where people choose among songs shown: user_id, timestamp, item_ids (separated by spaces).
        """
        order = np.lexsort((self.plays.person, self.plays.at))
        tables = {
            "events": event_table(self, order),
            "users": user_table(self),
            "items": item_table(self),
            "truth": truth_table(self, order, Truth(self).chosen_probability(order)),
        }
        if self.settings.exposure:
            tables["exposures"] = exposure_table(self, order)
        return tables


def simulate(settings: MusicSettings | None = None) -> MusicWorld:
    """Lets the people of a world listen. The same settings always give the same world.

    Args:
        settings: size, strength and form; None stands for the defaults.
    """
    settings = settings or MusicSettings()
    songs = draw_songs(settings)
    people, dice = draw_people(settings, songs)
    plays = draw_plays(Choice(settings, songs, people), dice)
    return MusicWorld(settings=settings, songs=songs, people=people, plays=plays)


def write(world: MusicWorld, folder: Path, format: Literal["csv", "parquet"] = "csv") -> dict[str, Path]:
    """Writes all tables of a world and ``world.json``, from which `load_world` makes it again.

    Args:
        world: what to write.
        folder: made if it does not exist.
        format: of the tables.

    Returns:
        Table name (and ``world``) -> file.
    """
    if format not in ("csv", "parquet"):
        raise BadConfig(f'format: expected "csv" or "parquet", got "{format}"')
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, table in world.tables().items():
        files[name] = folder / f"{name}.{format}"
        if format == "csv":
            table.write_csv(files[name])
        else:
            table.write_parquet(files[name])
    files["world"] = folder / "world.json"
    description = {"version": _VERSION, "settings": world.settings.model_dump(), "digest": world.plays.digest()}
    files["world"].write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    return files


def load_world(folder: Path) -> MusicWorld:
    """Makes the world of a folder again, from its settings.

    Raises:
        BadData: there is no ``world.json``, or it does not make the world that was written.
    """
    path = Path(folder) / "world.json"
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        version, settings, digest = (description[key] for key in ("version", "settings", "digest"))
    except FileNotFoundError:
        raise BadData(f"{path}: no such file; expected the folder of a simulated world (penchant simulate)") from None
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as fault:
        raise BadData(f"{path}: expected version, settings and digest of a simulated world; {fault}") from None
    if version != _VERSION:
        raise BadData(
            f"{path}: made by version {version} of the simulator, this is version {_VERSION}; simulate it again"
        )
    world = simulate(MusicSettings.parse(settings, where=str(path)))
    if world.plays.digest() != digest:
        raise BadData(f"{path}: the settings do not make the world that was written; simulate it again")
    return world
