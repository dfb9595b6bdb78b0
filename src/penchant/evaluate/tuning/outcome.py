"""What a search found for one model: the settings chosen, what they are worth, and the file that holds them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.tuning.trials import Trial, leader
from penchant.evaluate.validation import clearly_greater
from penchant.metrics.intervals import Difference, paired_bootstrap


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """The trials of one model, at least one.

    Attributes:
        trials: in order; the first are the defaults with the settings that are given.
        resumed: how many of them an earlier command had made.
        seed: of the bootstrap of the gain.
    """

    spec: ModelSpec
    trials: Sequence[Trial]
    resumed: int
    seed: int

    @property
    def defaults(self) -> Trial:
        """The first trial."""
        return self.trials[0]

    @property
    def chosen(self) -> Trial:
        """The last to lead, if it is clearly better than the defaults too; else the defaults."""
        best = leader(self.trials)
        return best if clearly_greater(best.values, self.defaults.values) else self.defaults

    @property
    def gain(self) -> Difference | None:
        """Of the chosen settings over the defaults, person by person on validation; None where the defaults stay."""
        if self.chosen is self.defaults:
            return None
        return paired_bootstrap(self.chosen.values, self.defaults.values, seed=self.seed)

    @property
    def greatest(self) -> float:
        """The greatest value of all trials that asked everybody."""
        return max(trial.value for trial in self.trials if len(trial.values))

    @property
    def cpu_seconds(self) -> float:
        """Of all trials, those of earlier commands too."""
        return sum(trial.cpu_seconds for trial in self.trials)

    def changed(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        """The chosen settings that differ from `plain`, the model's defaults."""
        return {name: value for name, value in self.chosen.settings.items() if value != plain.get(name)}

    def as_json(self) -> dict[str, Any]:
        """Everything in plain values."""
        gain = self.gain
        states = [trial.as_json()["state"] for trial in self.trials]
        return {
            "label": self.spec.label,
            "model": self.spec.model,
            "given": dict(self.spec.settings),
            "settings": dict(self.chosen.settings),
            "kept_defaults": gain is None,
            "value": self.chosen.value,
            "default_value": self.defaults.value,
            "gain": None if gain is None else {"mean": gain.difference, "low": gain.low, "high": gain.high},
            "greatest_value": self.greatest,
            "people": len(self.defaults.values),
            "n_trials": len(self.trials),
            "pruned": states.count("pruned"),
            "refused": states.count("refused"),
            "resumed": self.resumed,
            "cpu_seconds": round(self.cpu_seconds, 3),
            "trials": [trial.as_json() for trial in self.trials],
        }


def settings_file(
    outcome: Outcome, plain: Mapping[str, Any], metric: str, protocol: str, about: Sequence[tuple[str, str]]
) -> str:
    """The chosen settings as a TOML file for ``penchant evaluate --models NAME=FILE`` and ``penchant train --config FILE``.

    Args:
        plain: the model's defaults; only what differs from them is written.
        about: more that is to be said in comments: what, and its text.
    """
    found = outcome.as_json()
    was = f"{metric} {outcome.chosen.value:.4f} on validation ({protocol}, {found['people']:,} people)"
    gain = found["gain"]
    worth = "the defaults were kept: nothing was clearly better"
    if gain is not None:
        worth = (
            f"defaults {outcome.defaults.value:.4f}; gain {gain['mean']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]"
        )
    tries = (
        f"best of {found['n_trials']} trials, {found['pruned']} of them pruned: expect less of the gain on later events"
    )
    lines = [f"# Settings of {outcome.spec.model}, found by penchant tune.", f"# {was}; {worth}", f"# {tries}"]
    lines += [f"# {what}: {' '.join(text.split())}" for what, text in about]
    lines.append(f"model = {json.dumps(outcome.spec.model)}")
    lines += [f"{name} = {_toml(value)}" for name, value in outcome.changed(plain).items()]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if value is None:
        return '"none"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_toml(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value)
