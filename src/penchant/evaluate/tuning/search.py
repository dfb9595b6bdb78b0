"""The search of one model's settings: propose, race, write down, until the budget is spent."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.data.dataset import Dataset
from penchant.errors import BadData, UserError
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.tuning.axes import axes_of
from penchant.evaluate.tuning.fits import Fits
from penchant.evaluate.tuning.journal import DIGEST, Journal
from penchant.evaluate.tuning.proposing import proposed
from penchant.evaluate.tuning.racing import Race
from penchant.evaluate.tuning.trials import Trial, leader
from penchant.evaluate.validation import SELECTION_CELLS, SELECTION_PEOPLE, Validation
from penchant.log import Reporter
from penchant.models.base import Model, ModelConfig
from penchant.registry import model_class
from penchant.train.run import Run

if TYPE_CHECKING:
    from optuna.study import Study

_REDRAWS = 10
"""Draws of settings that were tried before are drawn again so often."""


def search(
    spec: ModelSpec, data: Dataset, protocol: Protocol, run: Run, journal: Journal, *, budget: int
) -> list[Trial]:
    """Spends a budget of trials on a model; what the journal holds of it is not done again.

    Args:
        protocol: resolved; the questions are those of its validation part.
        budget: trials in all, pruned and refused ones included, >= 1.

    Returns:
        All trials, in order; the first are the defaults with the settings that are given.

    Raises:
        BadData: no validation question has an answer, or the journal is about something else.
        UserError: the model cannot be fitted with its defaults, or has no setting to search.
    """
    try:
        validation = Validation.of(data, protocol, "valid")
    except BadData as fault:
        raise BadData(
            f"{spec.label}: protocol {protocol.name} leaves no validation question on this log ({fault}); nothing to tune by"
        ) from None
    state = _Search(spec, validation, run, about(spec, data, protocol, run.seed), journal)
    while len(state.trials) < budget:
        state.step(budget)
    state.say(budget)
    return state.trials[:budget]


def about(spec: ModelSpec, data: Dataset, protocol: Protocol, seed: int) -> dict[str, Any]:
    """What a study is about, in plain values: it only goes on when all of this is the same."""
    config = model_class(spec.model).config_class()
    return {
        DIGEST: data.digest,
        "model": spec.model,
        "metric": protocol.chosen_by,
        "protocol": protocol.described(),
        "seed": seed,
        "given setting": dict(spec.settings),
        "search space": {axis.name: axis.described for axis in axes_of(config, spec.settings)},
        "default": config.parse(spec.settings, spec.label).model_dump(mode="json"),
        "trial": {"people": SELECTION_PEOPLE, "scores": SELECTION_CELLS},
    }


class _Search:
    """The state of one search; everything that steers it is in the journal, so a resumed one goes on alike."""

    def __init__(
        self, spec: ModelSpec, validation: Validation, run: Run, about: Mapping[str, Any], journal: Journal
    ) -> None:
        model: type[Model] = model_class(spec.model)
        self.spec, self.run = spec, run
        self.start = model.config_class().parse(spec.settings, spec.label)
        self.axes = axes_of(model.config_class(), spec.settings)
        if not self.axes:
            raise UserError(
                f"{spec.label}: no setting to search; penchant show-config {spec.model} shows where tune searches"
            )
        self.race = Race.of(validation)
        self.study: Study = journal.study(spec.label, about)
        self.trials = [Trial.read(one) for one in self.study.get_trials(deepcopy=False)]
        self.fits = Fits(model, validation.train, Run(seed=run.seed, reporter=_Beat(run.reporter, self.say)))

    def step(self, budget: int) -> None:
        """One more trial."""
        self.budget = budget
        self.say(budget)
        values, searched = self._proposed() if self.trials else (self._values(self.start), ())
        started = time.process_time()
        settings = {**self.start.model_dump(mode="json"), **values}
        try:
            config = self.start.changed(**values)
            settings = config.model_dump(mode="json")
            got = self.race.run(self.fits.get(config), leader(self.trials).values if self.trials else None)
        except (UserError, MemoryError) as fault:
            if not self.trials:
                raise
            reason = str(fault) or "not enough memory"
            trial = Trial(
                settings=settings, searched=searched, refused=reason, cpu_seconds=time.process_time() - started
            )
        else:
            seconds = time.process_time() - started
            trial = Trial.judged(settings, searched, got, len(self.race.people), seconds)
            if not self.trials and not np.isfinite(trial.value):
                raise BadData(f"{self.spec.label}: no validation question has a right answer; nothing to tune by")
        self.study.add_trial(trial.frozen(self.axes, values))
        self.trials.append(trial)

    def say(self, budget: int | None = None) -> None:
        """Where the search stands."""
        budget = budget or self.budget
        n = len(self.trials)
        best = f", best so far {leader(self.trials).value:.4f}" if self.trials else ""
        task = f"{self.spec.label}: trial {min(n + 1, budget)} of {budget}{best}"
        self.run.reporter.progress(task, min(n, budget), budget)

    def _proposed(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        config = type(self.start)
        leading = self._values(config.parse(leader(self.trials).settings))
        drawn = Counter(name for trial in self.trials for name in trial.searched)
        history = self.study.get_trials(deepcopy=False)
        tried = [{axis.name: trial.settings[axis.name] for axis in self.axes} for trial in self.trials]
        # when a turn brings nothing new, such as a setting of two values, anybody may have it
        anybody = {axis.name: 1 for axis in self.axes}
        draws = (
            proposed(
                history,
                self.axes,
                leading,
                anybody if n else drawn,
                (self.spec.model, str(len(tried)), str(n)),
                self.run.seed,
            )
            for n in range(_REDRAWS)
        )
        values, searched = next(draws)
        while values in tried and (another := next(draws, None)) is not None:
            values, searched = another
        return values, searched

    def _values(self, config: ModelConfig) -> dict[str, Any]:
        return {axis.name: getattr(config, axis.name) for axis in self.axes}


class _Beat:
    """Inside a trial: notes are passed on; any progress only says again which trial it is, so that a listener sees life."""

    def __init__(self, reporter: Reporter, beat: Callable[[], None]) -> None:
        self.reporter, self.beat = reporter, beat

    def note(self, text: str) -> None:
        self.reporter.note(text)

    def progress(self, task: str, done: int, total: int) -> None:
        self.beat()
