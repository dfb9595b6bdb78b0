"""Columns to plain named arrays plus JSON, and back: the one way data, catalogues and people are laid on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from penchant.data.arrays import AnyArray, frozen
from penchant.data.features import Categories, Column, FeatureTable, Numbers, Tags, Texts, Vectors
from penchant.data.interactions import Interactions
from penchant.data.popularity import PopularityLog
from penchant.data.strings import Strings
from penchant.data.vocabulary import Vocabulary
from penchant.errors import BadModelFolder

Arrays = dict[str, AnyArray]


def write_arrays(folder: Path, arrays: Mapping[str, AnyArray], meta: Mapping[str, Any]) -> None:
    """Writes each array as ``NAME.npy`` and `meta` as ``meta.json``, the latter last: a folder without it is unfinished."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meta.json").unlink(missing_ok=True)
    for name, array in arrays.items():
        # a new file: writing into the old one would pull it from under whoever has it mapped
        (folder / f"{name}.npy").unlink(missing_ok=True)
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    text = json.dumps({**meta, "arrays": sorted(arrays)}, indent=1)
    partial = folder / "meta.json.partial"
    partial.write_text(text, encoding="utf-8")
    partial.replace(folder / "meta.json")


def read_arrays(folder: Path) -> tuple[Arrays, dict[str, Any]]:
    """Memory-maps the arrays of a folder, read-only; raises BadModelFolder naming the file that is missing or damaged."""
    path = folder / "meta.json"
    try:
        meta: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        names: list[str] = meta["arrays"]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise BadModelFolder(f"{path}: cannot be read ({fault}); write the folder again") from None
    arrays: Arrays = {}
    for name in names:
        path = folder / f"{name}.npy"
        try:
            arrays[name] = _opened(path)
        except (OSError, ValueError, EOFError) as fault:
            raise BadModelFolder(f"{path}: cannot be read ({fault}); write the folder again") from None
    return arrays, meta


def _opened(path: Path) -> AnyArray:
    try:
        # as a plain array: to look into one of numpy's class for mapped files takes seven times as long
        return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)  # type: ignore[no-any-return]
    except ValueError:
        # an empty array cannot be memory-mapped
        return frozen(np.load(path, allow_pickle=False))


def pack_strings(arrays: Arrays, name: str, strings: Strings) -> None:
    """Adds a string column under `name`."""
    arrays[f"{name}.blob"], arrays[f"{name}.offsets"] = strings.blob, strings.offsets


def unpack_strings(arrays: Mapping[str, AnyArray], name: str) -> Strings:
    """The string column that was packed under `name`."""
    return Strings(arrays[f"{name}.blob"], arrays[f"{name}.offsets"])


def pack_column(arrays: Arrays, name: str, column: Column) -> str:
    """Adds a column under `name`; returns its form, which `unpack_column` needs."""
    match column:
        case Categories():
            arrays[f"{name}.codes"] = column.codes
            pack_strings(arrays, f"{name}.names", column.names.ids)
        case Numbers() | Vectors():
            arrays[f"{name}.values"] = column.values
        case Tags():
            arrays[f"{name}.offsets"], arrays[f"{name}.codes"] = column.offsets, column.codes
            pack_strings(arrays, f"{name}.names", column.names.ids)
        case Texts():
            pack_strings(arrays, f"{name}.values", column.values)
    return type(column).__name__


def unpack_column(arrays: Mapping[str, AnyArray], name: str, form: str) -> Column:
    """The column that was packed under `name` with this form."""
    match form:
        case "Categories":
            return Categories(arrays[f"{name}.codes"], Vocabulary(unpack_strings(arrays, f"{name}.names")))
        case "Numbers":
            return Numbers(arrays[f"{name}.values"])
        case "Vectors":
            return Vectors(arrays[f"{name}.values"])
        case "Tags":
            names = Vocabulary(unpack_strings(arrays, f"{name}.names"))
            return Tags(arrays[f"{name}.offsets"], arrays[f"{name}.codes"], names)
        case "Texts":
            return Texts(unpack_strings(arrays, f"{name}.values"))
    raise BadModelFolder(f"column {name}: unknown form {form!r}; written by a newer version?")


def pack_columns(arrays: Arrays, name: str, columns: Mapping[str, Column]) -> list[list[str]]:
    """Adds named columns; returns [[column name, form], ...] in order. Files carry numbers, so any name is safe."""
    return [[key, pack_column(arrays, f"{name}.{i}", column)] for i, (key, column) in enumerate(columns.items())]


def unpack_columns(arrays: Mapping[str, AnyArray], name: str, forms: list[list[str]]) -> dict[str, Any]:
    """The columns that were packed under `name`."""
    return {key: unpack_column(arrays, f"{name}.{i}", form) for i, (key, form) in enumerate(forms)}


def pack_table(arrays: Arrays, name: str, table: FeatureTable) -> dict[str, Any]:
    """Adds an attribute table; returns the JSON that `unpack_table` needs."""
    return {"n_rows": table.n_rows, "columns": pack_columns(arrays, name, table.columns)}


def unpack_table(arrays: Mapping[str, AnyArray], name: str, meta: Mapping[str, Any]) -> FeatureTable:
    """The attribute table that was packed under `name`."""
    return FeatureTable(n_rows=meta["n_rows"], columns=unpack_columns(arrays, name, meta["columns"]))


def pack_interactions(arrays: Arrays, name: str, log: Interactions) -> dict[str, Any]:
    """Adds a log; returns the JSON that `unpack_interactions` needs."""
    for key in ("user", "item", "at", "kind", "value"):
        arrays[f"{name}.{key}"] = getattr(log, key)
    for key in ("session", "order"):
        if getattr(log, key) is not None:
            arrays[f"{name}.{key}"] = getattr(log, key)
    return {
        "context": pack_columns(arrays, f"{name}.context", log.context),
        "extra": pack_columns(arrays, f"{name}.extra", log.extra),
    }


def unpack_interactions(arrays: Mapping[str, AnyArray], name: str, meta: Mapping[str, Any]) -> Interactions:
    """The log that was packed under `name`."""
    return Interactions(
        user=arrays[f"{name}.user"],
        item=arrays[f"{name}.item"],
        at=arrays[f"{name}.at"],
        kind=arrays[f"{name}.kind"],
        value=arrays[f"{name}.value"],
        session=arrays.get(f"{name}.session"),
        order=arrays.get(f"{name}.order"),
        context=unpack_columns(arrays, f"{name}.context", meta["context"]),
        extra=unpack_columns(arrays, f"{name}.extra", meta["extra"]),
    )


def pack_popularity(arrays: Arrays, name: str, log: PopularityLog) -> dict[str, Any]:
    """Adds a popularity log; returns the JSON that `unpack_popularity` needs."""
    for key in ("item", "at", "weight", "user"):
        arrays[f"{name}.{key}"] = getattr(log, key)
    return {"n_items": log.n_items}


def unpack_popularity(arrays: Mapping[str, AnyArray], name: str, meta: Mapping[str, Any]) -> PopularityLog:
    """The popularity log that was packed under `name`."""
    parts = {key: arrays[f"{name}.{key}"] for key in ("item", "at", "weight", "user")}
    return PopularityLog(**parts, n_items=meta["n_items"])
