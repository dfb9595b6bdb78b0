"""From the space of a setting to the parameters of optuna, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penchant.config import Between, Config, Space, declared, search_space

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

_RANGE = "a number"
_DIGITS = 3
"""Significant digits of a drawn number: more would be noise in a file that people read."""


@dataclass(frozen=True)
class Axis:
    """One searched setting.

    A range with values beside it has two parameters: `NAME.is` says which of them, or ``a number``; only then is there `NAME`.

    Attributes:
        grid: values that the setting's author thought worth trying first.
    """

    name: str
    space: Space
    grid: tuple[Any, ...] = ()

    def first_other(self, value: Any) -> list[Any]:
        """The first value of the grid that is not `value`, alone in a list; an empty list where there is none."""
        return [one for one in self.grid if not _same(one, value)][:1]

    def suggested(self, trial: Trial) -> Any:
        """The value that the sampler of the trial's study draws."""
        labels, space = self._labels(), self.space
        if not isinstance(space, Between):
            return labels[trial.suggest_categorical(self.name, tuple(labels))]
        if space.also:
            chosen = trial.suggest_categorical(self._switch, (_RANGE, *labels))
            if chosen != _RANGE:
                return labels[chosen]
        if space.whole:
            return trial.suggest_int(self.name, int(space.low), int(space.high), log=space.log)
        return self._rounded(trial.suggest_float(self.name, space.low, space.high, log=space.log))

    def params(self, value: Any) -> dict[str, Any]:
        """The parameters that stand for a value of the setting."""
        label = next((text for text, one in self._labels().items() if _same(one, value)), None)
        if not isinstance(self.space, Between):
            return {self.name: label}
        if label is not None:
            return {self._switch: label}
        return {self._switch: _RANGE, self.name: value} if self.space.also else {self.name: value}

    def distributions(self, value: Any) -> dict[str, BaseDistribution]:
        """What the parameters of a value are drawn from."""
        return {name: one for name, one in self._distributions().items() if name in self.params(value)}

    @property
    def described(self) -> Any:
        """The space in plain values, to compare studies by."""
        return list(self._labels()) if isinstance(self.space, tuple) else str(self.space)

    @property
    def _switch(self) -> str:
        return f"{self.name}.is" if isinstance(self.space, Between) else self.name

    def _labels(self) -> dict[str, Any]:
        """Text -> value of all choices."""
        values = self.space.also if isinstance(self.space, Between) else self.space
        return {"none" if value is None else str(value): value for value in values}

    def _distributions(self) -> dict[str, BaseDistribution]:
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        space = self.space
        if not isinstance(space, Between):
            return {self.name: CategoricalDistribution(tuple(self._labels()))}
        found: dict[str, BaseDistribution] = {}
        if space.also:
            found[self._switch] = CategoricalDistribution((_RANGE, *self._labels()))
        if space.whole:
            found[self.name] = IntDistribution(int(space.low), int(space.high), log=space.log)
        else:
            found[self.name] = FloatDistribution(space.low, space.high, log=space.log)
        return found

    def _rounded(self, drawn: float) -> float:
        assert isinstance(self.space, Between)
        return min(max(float(f"{drawn:.{_DIGITS}g}"), float(self.space.low)), float(self.space.high))


def axes_of(config: type[Config], given: Mapping[str, Any]) -> tuple[Axis, ...]:
    """The searched settings that are not given: the class's own first, then those of its bases."""
    fields = [name for part in config.__mro__ for name in vars(part).get("__annotations__", {})]
    names = [name for name in dict.fromkeys(fields) if name in config.model_fields and name not in given]
    return tuple(
        Axis(name, space, tuple(declared(config, name).get("grid", ())))
        for name in names
        if (space := search_space(config, name))
    )


def _same(a: Any, b: Any) -> bool:
    # True == 1 in Python, but not for a setting
    return type(a) is type(b) and bool(a == b) or (_is_number(a) and _is_number(b) and a == b)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
