"""Checkpoints of a training: written so that a kill at any moment leaves the newest whole one, and read only when whole.

A checkpoint is two files: ``step-000000000120.safetensors`` with the tensors, and a card, ``step-000000000120.json``, with the
rest. Both are written under another name, brought to the disk and renamed. The card comes last and goes first, so that it alone
makes a checkpoint exist; it holds the SHA-256 of the tensors and of itself. Decision 0016 says why it is so.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from penchant.log import Reporter

FORMAT = 1
KEPT = 2
"""So many checkpoints are kept: the newest, and the one before in case the newest is damaged."""

_PARTIAL = ".partial"


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """A training as it stood after `step` steps (>= 0).

    Attributes:
        tensors: by name, on the CPU, each with storage of its own.
        meta: what else was saved: plain JSON values.
    """

    step: int
    tensors: Mapping[str, torch.Tensor]
    meta: Mapping[str, Any]


class Checkpoints:
    """The checkpoints of one training in a folder of their own.

    Args:
        folder: made when the first checkpoint is saved; holds nothing else.
        key: what the training depends on, see `training_key`; checkpoints with another key are refused.
        reporter: hears what was refused, why, and what is done instead.
    """

    def __init__(self, folder: Path, key: str, reporter: Reporter) -> None:
        self.folder, self.key, self._reporter = folder, key, reporter
        self._failed = False

    def save(self, step: int, tensors: Mapping[str, torch.Tensor], meta: Mapping[str, Any]) -> None:
        """Writes a checkpoint and removes what it makes needless: all but the two newest of this key.

        A disk that is full or cannot be written is no reason to lose the training: that is noted, once, and nothing half-done
        stays behind.

        Args:
            step: steps done, >= 0. Checkpoints of later steps are removed: they belong to a course that was left.
            tensors: any dtypes and devices; views and shared storage are saved as if each stood alone.
            meta: plain JSON values; floats come back bit for bit.
        """
        partials: list[Path] = []
        try:
            if not self.folder.is_dir():
                self.folder.mkdir(parents=True)
                _to_disk(self.folder.parent)
            arrays, card = self._paths(step)
            card.unlink(missing_ok=True)  # the tensors of an old checkpoint must not be exchanged under its card
            partials = [path.with_name(path.name + _PARTIAL) for path in (arrays, card)]
            save_file(_each_alone(tensors), partials[0])
            _to_disk(partials[0])
            about = {"format": FORMAT, "key": self.key, "step": step, "tensors": _sha256(partials[0])}
            partials[1].write_text(_card_text({**about, "meta": meta}), encoding="utf-8")
            _to_disk(partials[1])
            partials[0].replace(arrays)
            _to_disk(self.folder)
            partials[1].replace(card)
            _to_disk(self.folder)
            self._tidy(step)
        except (OSError, SafetensorError) as fault:
            for path in partials:
                path.unlink(missing_ok=True)
            if not self._failed:
                reason = getattr(fault, "strerror", None) or fault
                self._reporter.note(
                    f"{self.folder}: no checkpoint could be written ({reason}); training goes on without"
                )
            self._failed = True

    def newest(self) -> Checkpoint | None:
        """The newest whole checkpoint of this key; what is damaged or of another key is refused with a note.

        Returns:
            None when there is none; then the training starts anew.
        """
        steps = self._steps()
        for at, step in enumerate(steps):
            try:
                return self._read(step)
            except _Refused as fault:
                before = (
                    f"the one before is tried, step {steps[at + 1]}" if at + 1 < len(steps) else "training starts anew"
                )
                self._reporter.note(f"{fault}; not used, {before}")
        return None

    def clear(self) -> None:
        """Removes the checkpoints and, when nothing else is in it, the folder."""
        for step in self._steps():
            self._paths(step)[1].unlink(missing_ok=True)
        if self.folder.is_dir():
            for path in self._own_files():
                path.unlink(missing_ok=True)
            if not any(self.folder.iterdir()):
                self.folder.rmdir()

    def _paths(self, step: int) -> tuple[Path, Path]:
        stem = f"step-{step:012d}"
        return self.folder / f"{stem}.safetensors", self.folder / f"{stem}.json"

    def _steps(self) -> list[int]:
        """The steps with a card, newest first."""
        digits = (path.stem.removeprefix("step-") for path in self.folder.glob("step-*.json"))
        return sorted((int(text) for text in digits if text.isascii() and text.isdigit()), reverse=True)

    def _own_files(self) -> list[Path]:
        endings = (".json", ".safetensors", _PARTIAL)
        return [path for path in self.folder.glob("step-*") if path.name.endswith(endings) and path.is_file()]

    def _read(self, step: int) -> Checkpoint:
        arrays, path = self._paths(step)
        try:
            card: dict[str, Any] = json.loads(path.read_bytes())
            intact = card["digest"] == _digest(card)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise _Refused(f"{path}: truncated or changed since it was saved") from None
        if not intact:
            raise _Refused(f"{path}: changed since it was saved")
        if card["format"] != FORMAT or card["step"] != step:
            raise _Refused(f"{path}: written by another version, or renamed")
        if card["key"] != self.key:
            raise _Refused(f"{path}: a checkpoint of another log, other settings or another seed")
        if not arrays.is_file():
            raise _Refused(f"{arrays}: missing")
        try:
            if _sha256(arrays) != card["tensors"]:
                raise _Refused(f"{arrays}: truncated or changed since it was saved")
            tensors = {name: tensor.clone() for name, tensor in load_file(arrays).items()}
        except (OSError, SafetensorError) as fault:
            raise _Refused(f"{arrays}: cannot be read ({fault})") from None
        return Checkpoint(step=step, tensors=tensors, meta=card["meta"])

    def _tidy(self, step: int) -> None:
        """Leaves the newest checkpoints of this key up to `step`; cards go first."""
        kept = [older for older in self._steps() if older <= step and self._is_ours(older)][:KEPT]
        wanted = {path for older in kept for path in self._paths(older)}
        needless = [path for path in self._own_files() if path not in wanted]
        for path in sorted(needless, key=lambda path: path.suffix != ".json"):
            path.unlink(missing_ok=True)

    def _is_ours(self, step: int) -> bool:
        try:
            return bool(json.loads(self._paths(step)[1].read_bytes())["key"] == self.key)
        except (OSError, ValueError, KeyError, TypeError):
            return False


class _Refused(Exception):
    """Why a checkpoint is not used."""


def training_key(parts: Mapping[str, Any]) -> str:
    """A digest of everything that decides what a training computes, as 64 hex digits.

    The versions of torch and of this package are added: another one may compute, or keep its state, otherwise.

    Args:
        parts: plain JSON values: the data's digest, the settings, the seed, what is trained.
    """
    versions = {"torch": torch.__version__, "penchant": version("penchant")}
    text = json.dumps({"versions": versions, "parts": dict(parts)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _each_alone(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The values on the CPU; the format holds neither views nor shared storage, so only those are copied."""
    found: dict[str, torch.Tensor] = {}
    taken: set[int] = set()
    for name, tensor in tensors.items():
        here = tensor.detach().to("cpu").contiguous()
        storage = here.untyped_storage()
        if storage.data_ptr() in taken or storage.nbytes() != here.nbytes:
            here = here.clone()
        taken.add(here.untyped_storage().data_ptr())
        found[name] = here
    return found


def _card_text(card: Mapping[str, Any]) -> str:
    return json.dumps({**card, "digest": _digest(card)}, indent=1)


def _digest(card: Mapping[str, Any]) -> str:
    text = json.dumps({key: value for key, value in card.items() if key != "digest"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    """Brings a written file, or the names in a folder, to the disk itself."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
