"""A dataset as a folder of memory-mapped files: opening it costs the same for a thousand events and for a billion."""

from __future__ import annotations

from pathlib import Path

from penchant.data.dataset import Dataset
from penchant.data.schema import Schema
from penchant.data.storage import (
    Arrays,
    pack_interactions,
    pack_strings,
    pack_table,
    read_arrays,
    unpack_interactions,
    unpack_strings,
    unpack_table,
    write_arrays,
)
from penchant.data.vocabulary import Vocabulary
from penchant.errors import BadModelFolder

FORMAT = 1
"""Raised when the layout changes; a folder of another format is written anew."""


def save_dataset(data: Dataset, folder: Path) -> None:
    """Writes the dataset; an existing folder is overwritten file by file, `meta.json` last."""
    arrays: Arrays = {}
    pack_strings(arrays, "users", data.users.ids)
    pack_strings(arrays, "items", data.items.ids)
    meta = {
        "format": FORMAT,
        "name": data.name,
        "timed": data.timed,
        "schema": data.schema.model_dump(mode="json"),
        "interactions": pack_interactions(arrays, "log", data.interactions),
        "user_features": pack_table(arrays, "user", data.user_features),
        "item_features": pack_table(arrays, "item", data.item_features),
    }
    write_arrays(folder, arrays, meta)


def open_dataset(folder: Path) -> Dataset:
    """Memory-maps a dataset written by `save_dataset`; raises BadModelFolder when it is damaged or of another format."""
    arrays, meta = read_arrays(folder)
    if meta.get("format") != FORMAT:
        raise BadModelFolder(f"{folder}: format {meta.get('format')}, expected {FORMAT}; write the folder again")
    return Dataset(
        schema=Schema.parse(meta["schema"], str(folder)),
        users=Vocabulary(unpack_strings(arrays, "users")),
        items=Vocabulary(unpack_strings(arrays, "items")),
        interactions=unpack_interactions(arrays, "log", meta["interactions"]),
        user_features=unpack_table(arrays, "user", meta["user_features"]),
        item_features=unpack_table(arrays, "item", meta["item_features"]),
        timed=meta["timed"],
        name=meta["name"],
    )
