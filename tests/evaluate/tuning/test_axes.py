"""From spaces to the parameters of optuna and back."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from penchant.config import Between, Config, setting
from penchant.evaluate.tuning.axes import Axis, axes_of
from penchant.registry import model_class, model_names

optuna = pytest.importorskip("optuna")


class Shared(Config):
    weight: float = setting(0.0, "shared", search=Between(0.01, 3, log=True, also=(0.0,)))


class Searched(Shared):
    size: int = setting(50, "a whole number", search=Between(1, 200, log=True))
    pause: float | None = setting(None, "a time or none", search=Between(0.1, 10, log=True))
    colour: Literal["red", "green"] = setting("red", "a choice", search=("red", "green"))
    bins: int = setting(0, "a number of few", search=(0, 5))
    switch: bool = setting(False, "on or off", search=(True, False))
    fixed: int = setting(3, "never searched")


AXES = axes_of(Searched, {})


def test_own_settings_come_first_and_given_ones_are_left_out() -> None:
    assert [axis.name for axis in AXES] == ["size", "pause", "colour", "bins", "switch", "weight"]
    assert [axis.name for axis in axes_of(Searched, {"size": 3, "weight": 1.0})] == [
        "pause",
        "colour",
        "bins",
        "switch",
    ]


@pytest.mark.parametrize("values", [
    {"size": 7, "pause": None, "colour": "green", "bins": 0, "switch": False, "weight": 0.0},
    {"size": 200, "pause": 2.5, "colour": "red", "bins": 5, "switch": True, "weight": 0.02},
])  # fmt: skip
def test_values_that_are_asked_for_come_back(values: dict[str, Any]) -> None:
    study = optuna.create_study()
    study.enqueue_trial({name: one for axis in AXES for name, one in axis.params(values[axis.name]).items()})
    trial = study.ask()
    got = {axis.name: axis.suggested(trial) for axis in AXES}
    # 0 == False in Python, so types are compared too
    assert [(v, type(v)) for v in got.values()] == [(v, type(v)) for v in values.values()]


def test_draws_lie_in_the_space_and_are_short() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    drawn = []
    for _ in range(200):
        trial = study.ask()
        drawn.append({axis.name: axis.suggested(trial) for axis in AXES})
    weights = {one["weight"] for one in drawn}
    assert 0.0 in weights and all(w == 0 or 0.01 <= w <= 3 for w in weights)
    # three digits are enough to choose by
    assert all(w == float(f"{w:.3g}") for w in weights) and len(weights) > 50
    # half of the values of a log scale from 1 to 200 lie below its middle, 14.1; a linear one would have 7 in 100
    assert 70 <= sum(one["size"] < 14.1 for one in drawn) <= 130
    assert {type(one["size"]) for one in drawn} == {int} and {one["switch"] for one in drawn} == {True, False}


def test_rounding_stays_inside() -> None:
    # 1.2345 rounds to 1.23, below the range
    axis = Axis("x", Between(1.2345, 1.2346))
    assert axis.suggested(optuna.create_study().ask()) == 1.2345


@pytest.mark.parametrize("name", model_names())
def test_the_defaults_of_every_model_can_be_asked_for(name: str) -> None:
    config = model_class(name).config_class()()
    axes = axes_of(type(config), {})
    study = optuna.create_study()
    study.enqueue_trial({k: v for axis in axes for k, v in axis.params(getattr(config, axis.name)).items()})
    trial = study.ask()
    assert config.changed(**{axis.name: axis.suggested(trial) for axis in axes}) == config
