"""A model ready to serve: settings chosen on validation data, then fitted on everything there is."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from penchant.data.dataset import Dataset
from penchant.data.labelled import has_labels
from penchant.errors import BadData
from penchant.evaluate.members import with_members
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.selection import Selection, select
from penchant.models.base import Model
from penchant.models.predicting import Predicts
from penchant.registry import model_class
from penchant.train.run import Run

_NOTED_PACKAGES = ("penchant", "numpy", "scipy", "polars", "scikit-learn")


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """A model fitted on the whole log.

    Attributes:
        protocol: name of the protocol by which the settings were chosen.
        selection: the trials; none when there was nothing to choose, or no validation data.
        value: mean of the selection's metric with the chosen settings on validation data, None without trials.
        default_value: the same with the settings as they were, None without trials.
        seconds: wall time of choosing and fitting.
    """

    model: Model
    protocol: str
    selection: Selection
    value: float | None
    default_value: float | None
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """How the settings came about, in plain values."""
        return {
            "protocol": self.protocol,
            "metric": self.selection.metric,
            "value": self.value,
            "default_value": self.default_value,
            "trials": [{"value": _plain(t.value), "settings": dict(t.settings)} for t in self.selection.trials],
            **({"why_not": self.selection.why_not} if self.selection.why_not else {}),
        }


def fit_chosen(name: str, given: Mapping[str, Any], data: Dataset, run: Run, *, budget: int) -> Fitted:
    """Chooses settings by `replay` on the newest tenth, then fits on the whole log.

    A log without times is asked by `last`; one with labels 0 and 1, for a model that foretells them, by `ctr`.

    Args:
        name: a registered model.
        given: settings that stay as they are.
        budget: most trials; 1 tries nothing.

    Raises:
        UnknownName, BadConfig: a wrong model or setting; found before anything is fitted.
        BadData: the log holds no event.
    """
    chosen_from = model_class(name)
    config = chosen_from.config_class().parse(given, name)
    if len(data) == 0:
        raise BadData(f"{data.name}: no event could be read, so there is nothing to learn from")
    started = time.perf_counter()
    protocol = _protocol(chosen_from, data)
    selection = Selection(config=config, trials=(), metric=protocol.chosen_by)
    if budget > 1 and len(data) >= _LEAST_EVENTS:
        settings = with_members(chosen_from, given, data, protocol, run, budget=budget, stage="test")
        selection = select(chosen_from, settings, data, protocol, run, budget=budget, stage="test")
    run.reporter.progress(f"{name}: fit on everything", 0, 1)
    model: Model = chosen_from(selection.config).fit(data, run=run)
    run.reporter.progress(f"{name}: fit on everything", 1, 1)
    # not the greatest of all: a gain that could be luck is not taken
    chosen = selection.config.model_dump(mode="json")
    value = next((trial.value for trial in selection.trials if trial.settings == chosen), float("nan"))
    fitted = Fitted(
        model=model,
        protocol=protocol.name,
        selection=selection,
        value=_plain(value),
        default_value=_plain(selection.trials[0].value) if selection.trials else None,
        seconds=time.perf_counter() - started,
    )
    model.card = {**model.card, "selection": fitted.as_json(), "seed": run.seed, "versions": _versions()}
    return fitted


def _protocol(model: type[Model], data: Dataset) -> Protocol:
    """How settings are chosen: by labels where the log has them and the model foretells them, else by what was chosen next."""
    if has_labels(data.interactions.value) and issubclass(model, Predicts):
        return Protocol(name="ctr").resolved(data)
    return Protocol(name="replay" if data.timed else "last").resolved(data)


_LEAST_EVENTS = 10
"""Below this a validation part of a tenth of a tenth holds nothing."""


def _plain(value: float) -> float | None:
    """JSON knows no NaN."""
    return float(value) if value == value else None


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _NOTED_PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
