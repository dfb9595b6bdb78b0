"""One finished trial, as it stands in the journal, and which of many leads."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.data.arrays import Float64
from penchant.evaluate.tuning.axes import Axis
from penchant.evaluate.validation import clearly_greater, mean_of

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

_NOBODY = np.zeros(0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One finished trial.

    Attributes:
        settings: all settings, in plain values.
        searched: names of the settings whose values were drawn anew.
        value: mean over those who were asked; NaN when it was refused.
        values: float64 [P] in the order of the race, of a trial that asked everybody; else empty.
        asked: how many people were asked.
        pruned: whether it was given up before everybody was asked.
        refused: why these settings cannot be used, or None.
        cpu_seconds: of fitting and asking.
    """

    settings: Mapping[str, Any]
    searched: tuple[str, ...] = ()
    value: float = float("nan")
    values: Float64 = field(default_factory=lambda: _NOBODY)
    asked: int = 0
    pruned: bool = False
    refused: str | None = None
    cpu_seconds: float = 0.0

    @classmethod
    def judged(
        cls, settings: Mapping[str, Any], searched: tuple[str, ...], values: Float64, n_people: int, cpu_seconds: float
    ) -> Trial:
        """A trial that asked the first ``len(values)`` of `n_people` people."""
        pruned = len(values) < n_people
        return cls(
            settings=settings, searched=searched, value=mean_of(values), values=_NOBODY if pruned else values,
            asked=len(values), pruned=pruned, cpu_seconds=cpu_seconds,
        )  # fmt: skip

    def frozen(self, axes: Sequence[Axis], values: Mapping[str, Any]) -> FrozenTrial:
        """As a trial of optuna; `values` are those of the axes."""
        from optuna.trial import TrialState, create_trial

        params = {name: one for axis in axes for name, one in axis.params(values[axis.name]).items()}
        spaces = {name: one for axis in axes for name, one in axis.distributions(values[axis.name]).items()}
        whole = len(self.values) > 0 and np.isfinite(self.value)
        about = {
            "settings": dict(self.settings), "searched": list(self.searched), "refused": self.refused,
            "asked": self.asked, "cpu_seconds": self.cpu_seconds,
            "values": base64.b64encode(self.values.astype("<f8").tobytes()).decode("ascii"),
        }  # fmt: skip
        return create_trial(
            state=TrialState.COMPLETE if whole else TrialState.PRUNED,
            value=self.value if whole else None,
            params=params,
            distributions=spaces,
            user_attrs=about,
            intermediate_values={self.asked: self.value} if np.isfinite(self.value) else {},
        )

    @classmethod
    def read(cls, found: FrozenTrial) -> Trial:
        """Back from the journal."""
        about = found.user_attrs
        values = np.frombuffer(base64.b64decode(about["values"]), dtype="<f8").astype(np.float64)
        return cls(
            settings=about["settings"],
            searched=tuple(about["searched"]),
            value=next(iter(found.intermediate_values.values()), float("nan")),
            values=values,
            asked=about["asked"],
            pruned=about["refused"] is None and len(values) == 0,
            refused=about["refused"],
            cpu_seconds=about["cpu_seconds"],
        )

    def as_json(self) -> dict[str, Any]:
        """In plain values, without those of single people."""
        return {
            "value": self.value if np.isfinite(self.value) else None,
            "people": self.asked,
            "state": "refused" if self.refused is not None else "pruned" if self.pruned else "complete",
            **({"reason": self.refused} if self.refused is not None else {}),
            "drawn": list(self.searched),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "settings": dict(self.settings),
        }


def leader(trials: Sequence[Trial]) -> Trial:
    """The trial to beat: from the first on, each that is clearly greater than the one to beat takes its place.

    Not the greatest of all: of many noisy values the greatest is mostly the luckiest. "Clearly" is more than one standard error
    of the paired gain, as in `penchant.evaluate.selection`.
    """
    best = trials[0]
    for trial in trials[1:]:
        if len(trial.values) and clearly_greater(trial.values, best.values):
            best = trial
    return best
