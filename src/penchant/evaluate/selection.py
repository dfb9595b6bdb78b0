"""Choosing a model's settings on validation data: coordinate search over the grids its config declares, with equal budgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from penchant.config import declared
from penchant.data.arrays import Float64
from penchant.data.dataset import Dataset
from penchant.errors import BadData, UserError
from penchant.evaluate.protocol import Protocol, Stage
from penchant.evaluate.validation import Validation, clearly_greater, mean_of
from penchant.models.base import Model, ModelConfig
from penchant.train.run import Run


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
    untried = Selection(config=config, trials=(), metric=protocol.chosen_by)
    if budget < 2:
        return untried
    try:
        validation = Validation.of(data, protocol, stage, cut)
    except BadData as fault:
        # the settings as given are measured all the same, but nobody shall take them for chosen
        run.reporter.note(f"{model.name()}: settings as given, none chosen: {fault}")
        return replace(untried, why_not=str(fault))
    search = _Search(model, config, validation, run, budget)
    search.over([name for name in _searched(model) if name not in given])
    return Selection(config=search.best.settled, trials=tuple(search.trials), metric=protocol.chosen_by)


def _searched(model: type[Model]) -> list[str]:
    """Settings with a grid: the model's own first, for they matter most, then those it shares with others."""
    config = model.config_class()
    fields = [name for part in config.__mro__ for name in vars(part).get("__annotations__", {})]
    return [
        name for name in dict.fromkeys(fields) if name in config.model_fields and declared(config, name).get("grid")
    ]


class _Search:
    """State of one coordinate search: the best fitted model so far and the trials spent."""

    def __init__(self, model: type[Model], config: ModelConfig, validation: Validation, run: Run, budget: int) -> None:
        self.validation, self.run, self.budget = validation, run, budget
        self.trials: list[Trial] = []
        self.tried: list[ModelConfig] = [config]
        self.best = self._fitted(model(config))
        self.values = self._judged(self.best)

    def over(self, names: list[str]) -> None:
        """Tries the first value of every setting, then the second of every one, and so on; again, until nothing improves.

        So a small budget has looked at each setting once before it looks at any twice.
        """
        grids = {name: declared(type(self.best.config), name)["grid"] for name in names}
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
        refit = declared(type(self.best.config), name)["refit"]
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
        if clearly_greater(got, self.values):
            self.best, self.values = candidate, got

    def _fitted(self, model: Model) -> Model:
        # the questions that settings are chosen by also say when to stop; to learn from them would be something else
        valid = self.validation.task if model.stops_early else None
        return model.fit(self.validation.train, valid=valid, run=self.run)

    def _judged(self, model: Model) -> Float64:
        name = f"{model.name()}: settings, trial {len(self.trials) + 1} of {self.budget}"
        values = self.validation.judged(model, self.run.reporter, name)
        self.trials.append(Trial(settings=model.settled.model_dump(mode="json"), value=mean_of(values)))
        return values
