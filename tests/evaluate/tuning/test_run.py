"""Several models: equal budgets, here or in processes of their own, and one that fails costs the others nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from penchant.errors import BadData, UnknownName
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.tuning.run import Tuned, tune
from penchant.log import SILENT
from tests.evaluate.logs import random_log

pytest.importorskip("optuna")

DATA = random_log(n=1500, people=60, repeats="allow")
SPECS = [
    ModelSpec(label="popular", model="popular", settings={}),
    ModelSpec(label="small", model="ease", settings={"max_gigabytes": 1e-9}),
    ModelSpec(label="chain", model="markov", settings={"decay": 0.4}),
]


def tuned(path: Path, specs: list[ModelSpec] = SPECS, budget: int = 4, **more: Any) -> Tuned:
    return tune(DATA, specs, Protocol(), path, budget=budget, seed=7, reporter=SILENT, **more)


def test_every_model_has_the_same_budget_and_a_refused_one_says_why(tmp_path: Path) -> None:
    found = tuned(tmp_path / "j.jsonl")
    assert [(one.spec.label, len(one.trials)) for one in found.outcomes] == [("popular", 4), ("chain", 4)]
    assert [one.label for one in found.refused] == ["small"] and "GB" in found.refused[0].reason
    told = found.as_json()
    assert told["read_as"].startswith("validation, best of 4 trials")
    assert {trial["settings"]["decay"] for trial in told["models"][1]["trials"]} == {0.4}


def test_side_by_side_is_the_same_as_one_after_the_other(tmp_path: Path) -> None:
    def values(found: Tuned) -> list[list[float]]:
        return [[trial.value for trial in one.trials] for one in found.outcomes]

    here, there = tuned(tmp_path / "a.jsonl"), tuned(tmp_path / "b.jsonl", jobs=2)
    assert values(here) == values(there)
    assert [one.label for one in there.refused] == ["small"]
    # all trials are in one journal, and are found again
    again = tuned(tmp_path / "b.jsonl")
    assert values(again) == values(here) and [one.resumed for one in again.outcomes] == [4, 4]


def test_wrong_names_and_other_data_are_found_before_any_trial(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    with pytest.raises(UnknownName, match='unknown model "eaze". Did you mean "ease"'):
        tuned(path, [ModelSpec(label="a", model="eaze", settings={})])
    with pytest.raises(UnknownName, match='a: unknown setting "rge"'):
        tuned(path, [ModelSpec(label="a", model="ease", settings={"rge": 1})])
    assert not path.exists()
    tuned(path, SPECS[:1], budget=1)
    with pytest.raises(BadData, match="popular: it was tuned on other data"):
        other = random_log(seed=2, n=1500, people=60, repeats="allow")
        tune(other, SPECS[:1], Protocol(), path, budget=2, seed=7, reporter=SILENT)
