"""The model folder: arrays (npz) and JSON only, every file with its SHA-256; a torn or changed folder is refused by name."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from penchant.data.arrays import AnyArray
from penchant.data.catalogue import Catalogue, People
from penchant.data.schema import Schema
from penchant.data.sequences import Sequences
from penchant.data.storage import (
    Arrays,
    pack_interactions,
    pack_popularity,
    pack_strings,
    pack_table,
    unpack_interactions,
    unpack_popularity,
    unpack_strings,
    unpack_table,
)
from penchant.data.vocabulary import Vocabulary
from penchant.errors import BadModelFolder, UserError

FORMAT = 2

_SECTIONS = ("model", "catalogue", "people")
_FILES = ("arrays.npz", "config.json")


@dataclass(frozen=True, kw_only=True, eq=False)
class FolderContents:
    """What a model folder holds: the model's name, settings and arrays, its items and its people."""

    model: str
    config: Mapping[str, Any]
    arrays: Mapping[str, AnyArray]
    catalogue: Catalogue
    people: People
    card: Mapping[str, Any]


def write_folder(folder: Path, contents: FolderContents) -> None:
    """Writes the folder beside its place and then renames it, so that a killed process leaves the old one whole.

    Raises:
        UserError: the disk is full or the place cannot be written; nothing half-done stays behind.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, (arrays, meta) in _sections(contents).items():
            _write_section(partial / name, arrays, meta)
        _write_card(partial, contents)
        swap(partial, folder)
    except OSError as fault:
        shutil.rmtree(partial, ignore_errors=True)
        raise UserError(
            f"{folder}: cannot be saved ({fault.strerror or fault}); free space or choose another --out"
        ) from fault


def _sections(contents: FolderContents) -> dict[str, tuple[Arrays, dict[str, Any]]]:
    catalogue: Arrays = {}
    pack_strings(catalogue, "items", contents.catalogue.items.ids)
    catalogue_meta = {
        "schema": contents.catalogue.schema.model_dump(mode="json"),
        "item_features": pack_table(catalogue, "item", contents.catalogue.item_features),
        "timed": contents.catalogue.timed,
        "popularity": pack_popularity(catalogue, "popularity", contents.catalogue.popularity),
    }
    # what strangers are encoded by, so that a model can be served without its people
    catalogue_meta["nobody"] = _pack_people(catalogue, contents.people.nobody())
    people: Arrays = {}
    people_meta = _pack_people(people, contents.people)
    model_meta = {"model": contents.model, "config": dict(contents.config)}
    return {
        "model": (dict(contents.arrays), model_meta),
        "catalogue": (catalogue, catalogue_meta),
        "people": (people, people_meta),
    }


def _pack_people(arrays: Arrays, people: People) -> dict[str, Any]:
    pack_strings(arrays, "users", people.users.ids)
    return {
        "user_features": pack_table(arrays, "user", people.user_features),
        "log": pack_interactions(arrays, "log", people.sequences.log),
    }


def _unpacked_people(arrays: Arrays, meta: Mapping[str, Any]) -> People:
    users = Vocabulary(unpack_strings(arrays, "users"))
    return People(
        users=users,
        user_features=unpack_table(arrays, "user", meta["user_features"]),
        sequences=Sequences.of(unpack_interactions(arrays, "log", meta["log"]), len(users)),
    )


def _write_section(folder: Path, arrays: Arrays, meta: Mapping[str, Any]) -> None:
    folder.mkdir()
    with (folder / "arrays.npz").open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())
    _write_json(folder / "config.json", meta)


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    with path.open("w", encoding="utf-8") as file:
        # in their own order: event kinds are numbered by their place in the schema
        json.dump(value, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _write_card(folder: Path, contents: FolderContents) -> None:
    files = {str(p.relative_to(folder)): _sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}
    card: dict[str, Any] = {**contents.card, "format": FORMAT, "model": contents.model, "files": files}
    card["digest"] = _card_digest(card)
    _write_json(folder / "card.json", card)


def _card_digest(card: Mapping[str, Any]) -> str:
    text = json.dumps({key: value for key, value in card.items() if key != "digest"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def swap(partial: Path, folder: Path) -> None:
    """Puts a finished folder in its place, and what was there away; raises UserError where that is no model folder."""
    old = _old(folder)
    if not folder.exists():
        partial.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
        return
    if any(folder.iterdir()) and not (folder / "card.json").exists():
        shutil.rmtree(partial)
        raise UserError(f"{folder}: exists and is not a model folder; choose another --out")
    shutil.rmtree(old, ignore_errors=True)
    folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _old(folder: Path) -> Path:
    """Where the old folder stands for the instant in which the new one takes its place."""
    return folder.with_name(f".{folder.name}.old")


def read_folder(folder: Path, *, people: bool = True) -> FolderContents:
    """Reads and verifies a model folder.

    Args:
        folder: where it is.
        people: False leaves the files about people unopened, which then need not be there: the model knows nobody.

    Raises:
        BadModelFolder: names the file that is missing, truncated or changed.
    """
    if not folder.exists() and _old(folder).exists():
        folder = _old(folder)  # a save was killed between its two renames
    sections = _SECTIONS if people else _SECTIONS[:2]
    card = read_card(folder)
    for name in files_of(sections):
        verify(folder / name, card["files"][name])
    arrays, meta = _read_section(folder / "model")
    catalogue, known = _read_world(folder, people=people)
    return FolderContents(
        model=meta["model"], config=meta["config"], arrays=arrays, catalogue=catalogue, people=known, card=card
    )


def read_world(folder: Path) -> tuple[Catalogue, People, Mapping[str, Any]]:
    """Items, people and card of a model folder, verified; what the model learned is not opened. Raises BadModelFolder."""
    card = read_card(folder)
    for name in files_of(("catalogue", "people")):
        verify(folder / name, card["files"][name])
    return (*_read_world(folder, people=True), card)


def _read_world(folder: Path, *, people: bool) -> tuple[Catalogue, People]:
    arrays, meta = _read_section(folder / "catalogue")
    catalogue = Catalogue(
        schema=Schema.parse(meta["schema"], str(folder / "catalogue")),
        items=Vocabulary(unpack_strings(arrays, "items")),
        item_features=unpack_table(arrays, "item", meta["item_features"]),
        popularity=unpack_popularity(arrays, "popularity", meta["popularity"]),
        timed=meta["timed"],
    )
    if people:
        return catalogue, _unpacked_people(*_read_section(folder / "people"))
    if "nobody" not in meta:
        raise BadModelFolder(f"{folder / 'catalogue'}: written by an older version, it cannot be served; train again")
    return catalogue, _unpacked_people(arrays, meta["nobody"])


def files_of(sections: Sequence[str]) -> list[str]:
    """The files of these parts of a model folder, as the card names them."""
    return [f"{section}/{name}" for section in sections for name in _FILES]


def version_of(card: Mapping[str, Any]) -> str:
    """The name under which a folder's content is served: the model's and the first twelve digits of the digest."""
    return f"{card['model']}-{card['digest'][:12]}"


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a model folder, which says by which digest each file is known; raises BadModelFolder."""
    path = folder / "card.json"
    if not folder.is_dir():
        raise BadModelFolder(f"{folder}: no such folder; expected one written by `penchant train --out`")
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        intact = card["digest"] == _card_digest(card)
        files: dict[str, str] = card["files"]
        whole = set(files) == set(files_of(_SECTIONS))
    except (OSError, ValueError, KeyError, TypeError):
        raise BadModelFolder(
            f"{path}: missing or not readable; this is not a whole model folder, train again"
        ) from None
    if not intact:
        raise BadModelFolder(f"{path}: changed since the model was saved; train again")
    if card["format"] != FORMAT:
        raise BadModelFolder(f"{path}: format {card['format']}, expected {FORMAT}; train again with this version")
    if not whole:
        raise BadModelFolder(f"{path}: names other files than a model folder holds; train again")
    return card


def verify(file: Path, digest: str) -> None:
    """Raises BadModelFolder, naming the file, unless it is there and has this SHA-256."""
    if not file.is_file():
        raise BadModelFolder(f"{file}: missing; train again")
    if _sha256(file) != digest:
        raise BadModelFolder(f"{file}: truncated or changed since the model was saved; train again")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_section(folder: Path) -> tuple[Arrays, dict[str, Any]]:
    try:
        meta: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        with np.load(folder / "arrays.npz", allow_pickle=False) as archive:
            arrays: Arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as fault:
        raise BadModelFolder(f"{folder}: cannot be read ({fault}); train again") from None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # numpy hands out the bytes of what is no array
            raise BadModelFolder(f"{folder / 'arrays.npz'}: {name} is no array; train again")
        array.flags.writeable = False
    return arrays, meta
