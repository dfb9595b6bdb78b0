"""What one model foretold, row by row: the currency between the process that measured and the one that reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from penchant.data.arrays import Float32, Nums


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledResult:
    """The answers of one model to R rows.

    Attributes:
        person: int32 [R], number of each row's person.
        truth: float32 [R], label or value.
        predicted: float32 [R], finite.
        about: settings, trials, seconds, memory: everything that goes into the report as it is.
    """

    label: str
    person: Nums
    truth: Float32
    predicted: Float32
    about: Mapping[str, Any]

    def write(self, folder: Path) -> None:
        """Writes ``rows.npz`` and ``about.json``."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(
            folder / "rows.npz", allow_pickle=False, person=self.person, truth=self.truth, predicted=self.predicted
        )
        text = json.dumps({"label": self.label, "about": dict(self.about)})
        (folder / "about.json").write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads what `write` wrote."""
        meta = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        with np.load(folder / "rows.npz", allow_pickle=False) as arrays:
            parts = {name: arrays[name] for name in ("person", "truth", "predicted")}
        return cls(label=meta["label"], about=meta["about"], **parts)
