"""Data sets by name: the one door to everything in this folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from penchant.data.dataset import Dataset
from penchant.data.files import read_dataset
from penchant.data.schema import EventKind, Field, Schema
from penchant.errors import UnknownName, UserError

SOURCES = {
    "movielens": "film ratings, from a folder with the official files",
    "completejourney": "a year of supermarket purchases, from the extra `shop`",
    "music": "a simulated music service that knows its own truth",
}
"""Name -> what it is."""


def read_source(name: str, folder: Path | str | None = None, **settings: Any) -> Dataset:
    """Reads or makes a data set.

    Args:
        name: one of `SOURCES`.
        folder: where the official files lie; only ``movielens`` has one, and it needs it.
        settings: size, strength and form of ``music``, as fields of its `MusicSettings`; the other sets have none.

    Raises:
        UnknownName: there is no such set, or ``music`` has no such setting.
        UserError: a folder is missing or too many, or a set without settings got some.
    """
    if name not in SOURCES:
        raise UnknownName("data set", name, SOURCES)
    if settings and name != "music":
        raise UserError(f"{name}: this set has no settings, got {', '.join(sorted(settings))}")
    if name == "movielens":
        if folder is None:
            raise UserError("movielens: expected the folder that holds the official files")
        from penchant.data.sources.movielens import read_movielens

        return read_movielens(folder)
    if folder is not None:
        raise UserError(f"{name}: this set is not read from a folder, got {folder}")
    if name == "completejourney":
        from penchant.data.sources.completejourney import read_complete_journey

        return read_complete_journey()
    return _music(settings)


def _music(settings: dict[str, Any]) -> Dataset:
    from penchant.data.sources.music import MusicSettings, simulate

    chosen = MusicSettings.parse(settings, "music")
    tables = simulate(chosen).tables()
    schema = music_schema(collinear=chosen.collinear)
    data = read_dataset(tables["events"], items=tables["items"], users=tables["users"], schema=schema)
    return replace(data, name="simulated music")


def music_schema(*, collinear: bool = False) -> Schema:
    """The schema of a simulated music world; a collinear one has the field `activity` besides."""
    fields = ("place", "mood", *(("activity",) if collinear else ()))
    return Schema(
        columns={
            "user_id": "user_id",
            "item_id": "item_id",
            "timestamp": "timestamp",
            "kind": "kind",
            "session_id": "session_id",
        },
        time_unit="s",
        repeats="allow",
        title="title",
        kinds={"play": EventKind()},
        context={name: Field(kind="category") for name in fields},
        item_attributes={
            "title": Field(kind="text"),
            "artist": Field(kind="category"),
            "genre": Field(kind="category"),
            "mood": Field(kind="category"),
            "tempo": Field(kind="number"),
            "released": Field(kind="number"),
        },
        user_attributes={name: Field(kind="category") for name in ("age", "gender", "country")},
    )
