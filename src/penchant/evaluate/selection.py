"""Choosing a model's settings on validation data: coordinate search over the grids its config declares, with equal budgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from penchant.data.arrays import Float64
from penchant.data.dataset import Dataset
from penchant.data.questions import OVERALL, Task, people_of
from penchant.errors import BadData, UserError
from penchant.evaluate.answering import Judging, answer
from penchant.evaluate.protocol import Protocol, Stage
from penchant.evaluate.tasks import make_task, sampled
from penchant.metrics.groups import mean_by_group
from penchant.metrics.names import parse_metric
from penchant.models.base import Model, ModelConfig
from penchant.train.run import Run

SELECTION_PEOPLE = 500
"""People asked for one trial in any case, if there are so many."""

SELECTION_CELLS = 200_000_000
"""Scores computed for one trial when more people can be asked: seconds, and less noise in the choice."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One set of settings and its mean on the validation questions; NaN when none of them has a right answer."""

    settings: Mapping[str, Any]
    value: float


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The settings chosen, with everything that was tried.

    Attributes:
        trials: none when nothing could be compared.
        why_not: why nothing was tried although a budget was there; empty otherwise.
    """

    config: ModelConfig
    trials: tuple[Trial, ...]
    metric: str
    why_not: str = ""


def select(
    model: type[Model],
    given: Mapping[str, Any],
    data: Dataset,
    protocol: Protocol,
    run: Run,
    *,
    budget: int,
    cut: int = 0,
    stage: Stage = "valid",
) -> Selection:
    """Tries the grid values of one setting after the other and keeps the best; settings in `given` stay as they are.

    Args:
        budget: most trials, the first of which are the defaults.
        stage: "test" where the whole log may be used for choosing, because no later event will judge the choice.

    O(budget) fits and rankings of the people that `SELECTION_CELLS` affords; settings declared ``refit=False`` share a fit.
    """
    config = model.config_class().parse(given, model.name())
    untried = Selection(config=config, trials=(), metric=protocol.primary)
    if budget < 2:
        return untried
    try:
        task = _affordable(make_task(data, protocol, stage, cut), protocol)
    except BadData as fault:
        return _none_chosen(model.name(), untried, str(fault), run)
    if len(task.asked[task.leading]) == 0:
        return _none_chosen(model.name(), untried, "the validation part leaves no question to ask", run)
    search = _Search(model, config, task, protocol, run, budget)
    search.over([name for name in _searched(model) if name not in given])
    return Selection(config=search.best.config, trials=tuple(search.trials), metric=protocol.primary)


def _none_chosen(name: str, untried: Selection, why_not: str, run: Run) -> Selection:
    """The settings as given: they are measured all the same, but nobody shall take them for chosen."""
    run.reporter.note(f"{name}: settings as given, none chosen: {why_not}")
    return replace(untried, why_not=why_not)


def _affordable(task: Task, protocol: Protocol) -> Task:
    """The task with only as many people as `SELECTION_CELLS` allows, but `SELECTION_PEOPLE` at least."""
    questions = task.asked[task.leading]
    cells = len(questions) * questions.data.n_items
    share = SELECTION_CELLS / max(1, cells)
    people = max(SELECTION_PEOPLE, int(share * len(people_of(questions))))
    fewer = sampled(questions, protocol.changed(sample_people=people))
    return replace(task, asked={task.leading: fewer})


def _searched(model: type[Model]) -> list[str]:
    """Settings with a grid: the model's own first, for they matter most, then those it shares with others."""
    config = model.config_class()
    declared = [name for part in config.__mro__ for name in vars(part).get("__annotations__", {})]
    names = [name for name in dict.fromkeys(declared) if name in config.model_fields]
    return [name for name in names if _extra(config.model_fields[name]).get("grid")]


def _extra(field: Any) -> Mapping[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


class _Search:
    """State of one coordinate search: the best fitted model so far and the trials spent."""

    def __init__(
        self, model: type[Model], config: ModelConfig, task: Task, protocol: Protocol, run: Run, budget: int
    ) -> None:
        self.task, self.protocol, self.run, self.budget = task, protocol, run, budget
        self.trials: list[Trial] = []
        self.tried: list[ModelConfig] = [config]
        self.best = self._fitted(model(config))
        self.values = self._judged(self.best)

    def over(self, names: list[str]) -> None:
        """Tries the first value of every setting, then the second of every one, and so on; again, until nothing improves.

        So a small budget has looked at each setting once before it looks at any twice.
        """
        grids = {name: _extra(type(self.best.config).model_fields[name])["grid"] for name in names}
        values = {name: [v for v in grid if v != getattr(self.best.config, name)] for name, grid in grids.items()}
        turns = [
            (name, v[i])
            for i in range(max(map(len, values.values()), default=0))
            for name, v in values.items()
            if i < len(v)
        ]
        before = None
        while before is not self.best:
            before = self.best
            for name, value in turns:
                if len(self.trials) >= self.budget:
                    return
                if value != getattr(self.best.config, name):
                    self._try(name, value)

    def _try(self, name: str, value: Any) -> None:
        refit = _extra(type(self.best.config).model_fields[name])["refit"]
        try:
            config = self.best.config.changed(**{name: value})
            if config in self.tried:
                # refused before, or the way back to a value that another one has beaten
                return
            self.tried.append(config)
            candidate = self._fitted(type(self.best)(config)) if refit else self.best.with_settings(**{name: value})
        except UserError:
            return
        got = self._judged(candidate)
        if _clearly_greater(got, self.values):
            self.best, self.values = candidate, got

    def _fitted(self, model: Model) -> Model:
        return model.fit(self.task.train, run=self.run)

    def _judged(self, model: Model) -> Float64:
        questions = self.task.asked[self.task.leading]
        metric = parse_metric(self.protocol.primary)
        judging = Judging(
            metrics=[metric],
            single=self.protocol.single_target,
            exclude=self.protocol.repeats == "exclude",
            with_lists=False,
        )
        name = f"{model.name()}: settings, trial {len(self.trials) + 1} of {self.budget}"
        values = answer(model, questions, judging, self.run.reporter, name).values[OVERALL][str(metric)]
        people = people_of(questions)
        order = np.argsort(people)
        group = order[np.searchsorted(people[order], questions.user)]
        means = mean_by_group(values, group, len(people))
        value = float(np.nanmean(means)) if np.isfinite(means).any() else float("nan")
        self.trials.append(Trial(settings=model.config.model_dump(mode="json"), value=value))
        return means


def _clearly_greater(values: Float64, than: Float64) -> bool:
    """Whether the mean of each person's gain exceeds its standard error: smaller gains are mostly luck of the sample."""
    gain = values - than
    gain = gain[np.isfinite(gain)]
    if len(gain) < 2:
        return False
    return bool(gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)))
