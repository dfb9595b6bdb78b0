"""What one model achieved, person by person: the currency between the process that measured and the one that reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from penchant.data.arrays import Float64, Nums

Values = Mapping[str, Float64]
"""Metric or slice -> float64 [P], NaN where the person has no question."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelResult:
    """Values of one model.

    Attributes:
        people: int32 [P], numbers of the people, in the order of all arrays.
        metrics: history -> metric -> [P].
        new_only: the same over the questions whose target is new to the person.
        slices: history -> slice -> [P] of the primary metric.
        about: settings, trials, seconds, memory, catalogue-wide figures: everything that goes into the report as it is.
    """

    label: str
    people: Nums
    metrics: Mapping[str, Values]
    new_only: Mapping[str, Values]
    slices: Mapping[str, Values]
    about: Mapping[str, Any]

    def write(self, folder: Path) -> None:
        """Writes ``values.npz`` and ``about.json``."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {"people": self.people}
        index: list[list[str]] = []
        for part in ("metrics", "new_only", "slices"):
            for history, values in getattr(self, part).items():
                for name, array in values.items():
                    arrays[f"v{len(index)}"] = array
                    index.append([part, history, name])
        np.savez(folder / "values.npz", allow_pickle=False, **arrays)
        text = json.dumps({"label": self.label, "about": dict(self.about), "index": index})
        (folder / "about.json").write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> ModelResult:
        """Reads what `write` wrote."""
        meta = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        parts: dict[str, dict[str, dict[str, Float64]]] = {"metrics": {}, "new_only": {}, "slices": {}}
        with np.load(folder / "values.npz", allow_pickle=False) as arrays:
            for i, (part, history, name) in enumerate(meta["index"]):
                parts[part].setdefault(history, {})[name] = arrays[f"v{i}"]
            people = arrays["people"]
        return cls(label=meta["label"], people=people, about=meta["about"], **parts)
