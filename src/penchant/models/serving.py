"""A model in service: its folder without the people, checked byte by byte, and the model itself in worlds that change."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from penchant.data.catalogue import Catalogue
from penchant.data.popularity import PopularityLog
from penchant.errors import BadModelFolder, UserError
from penchant.models.base import Model
from penchant.models.folder import files_of, read_card, swap, verify, version_of

_TAKEN = ("model", "catalogue")

_PIECE = 1 << 20
"""Bytes read at a time."""


def version_name(folder: Path) -> str:
    """The name of the version that a model folder holds, made from its content; raises BadModelFolder."""
    return version_of(read_card(folder))


def served(model: Model) -> Model:
    """The same model for people that it does not know: every question brings its past and its attributes along."""
    return model.in_world(model.catalogue, model.people.nobody())


def with_world(model: Model, catalogue: Catalogue, popularity: PopularityLog) -> Model:
    """The same model with the items, the attributes and the popularity of another moment; nothing is learned anew.

    Args:
        catalogue: that of the fit, or one made of it by `penchant.data.growing.grown`: the items of the fit keep their numbers.
        popularity: of as many items.

    Raises:
        ValueError: the catalogue lacks items of the fit, or the popularity is about other items.
    """
    n = len(catalogue.items)
    if n < model.n_fit or popularity.n_items != n or catalogue.item_features.n_rows != n:
        raise ValueError(f"expected at least the {model.n_fit} items of the fit and as many in all parts, got {n}")
    return model.in_world(replace(catalogue, popularity=popularity), model.people)


def copy_for_service(folder: Path, target: Path) -> str:
    """Copies what answering takes, not the people, and returns the version; a killed copy leaves nothing at `target`.

    Where the same version is already there, whole, it is left alone; another model folder is replaced.

    Args:
        folder: written by `Model.save`; never changed.
        target: where the copy will be; `load_model` reads it with ``people=False``.

    Raises:
        BadModelFolder: names the file that is missing, truncated or changed; nothing is left at `target`.
        UserError: the disk is full, the place cannot be written, or something else than a model folder is there.
    """
    card = read_card(folder)
    if _is_there(target, card):
        return version_of(card)
    try:
        # a name of its own: two processes may take the same version in at the same time
        partial = Path(mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
        try:
            _copy(folder, partial, card)
            _put(partial, target, card)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as fault:
        raise UserError(f"{target}: cannot be written ({fault.strerror or fault}); free space there") from fault
    return version_of(card)


def check_copy(target: Path) -> dict[str, Any]:
    """The card of a copy whose every byte is as it was saved; raises BadModelFolder, naming the file that is not."""
    card = read_card(target)
    for name in files_of(_TAKEN):
        verify(target / name, card["files"][name])
    return card


def _is_there(target: Path, card: Mapping[str, Any]) -> bool:
    try:
        return bool(check_copy(target)["digest"] == card["digest"])
    except BadModelFolder:
        return False


def _copy(folder: Path, partial: Path, card: Mapping[str, Any]) -> None:
    partial.chmod(0o755)
    for section in _TAKEN:
        (partial / section).mkdir()
        for name in files_of((section,)):
            if _copied(folder / name, partial / name) != card["files"][name]:
                raise BadModelFolder(f"{folder / name}: truncated or changed since the model was saved; train again")
        _settle(partial / section)
    _copied(folder / "card.json", partial / "card.json")
    if read_card(partial)["digest"] != card["digest"]:
        raise BadModelFolder(f"{folder / 'card.json'}: changed while it was copied; copy it again")
    _settle(partial)


def _put(partial: Path, target: Path, card: Mapping[str, Any]) -> None:
    try:
        swap(partial, target)
    except OSError:
        # somebody else was faster
        if not _is_there(target, card):
            raise
    _settle(target.parent)


def _copied(source: Path, target: Path) -> str:
    """Copies a file down to the disk; returns the SHA-256 of what was written."""
    sha = hashlib.sha256()
    try:
        file = source.open("rb")
    except FileNotFoundError:
        raise BadModelFolder(f"{source}: missing; train again") from None
    with file, target.open("wb") as copy:
        while piece := file.read(_PIECE):
            sha.update(piece)
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())
    return sha.hexdigest()


def _settle(folder: Path) -> None:
    """Brings the names in a folder to the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
