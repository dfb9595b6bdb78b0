"""The search of one model: the defaults first, deterministic, resumable, and honest about its budget."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.config import Between, setting
from penchant.data.arrays import AnyArray, Float32
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.errors import BadConfig, BadData, UserError
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.tuning import search as search_file
from penchant.evaluate.tuning.journal import Journal
from penchant.evaluate.tuning.search import search
from penchant.evaluate.tuning.trials import Trial, leader
from penchant.log import Silent
from penchant.models.base import Model, ModelConfig
from penchant.train.run import Run
from tests.evaluate.logs import dataset, random_log

pytest.importorskip("optuna")

BUDGET = 14


class NoisyConfig(ModelConfig):
    popularity_behind: bool = False
    popularity_weight: float = setting(0.0, "not used", search=(), refit=False)
    popularity_half_life: float = setting(7.0, "not used", search=(), refit=False)
    context_lift: float = setting(0.0, "not used", search=(), refit=False)
    noise: float = setting(5.0, "noise that drowns what is known", search=Between(0.01, 10, log=True), refit=False)
    side: int = setting(0, "a value that cannot be fitted", search=(0, 1))


class Noisy(Model):
    """Popularity of the training log under noise; above 1 it is turned round."""

    config: NoisyConfig
    scores_unseen = True

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        run.reporter.progress("noisy: fit", 0, 1)
        if self.config.side:
            raise BadConfig("noisy: side must be 0")
        self.counts = np.bincount(train.interactions.item, minlength=train.n_items).astype(np.float32)

    def _score(self, batch: QueryBatch) -> Float32:
        noise = np.cos(np.arange(len(self.counts)) * 7.0).astype(np.float32) * self.counts.max()
        row: Float32 = self.counts * np.float32(1 - self.config.noise) + np.float32(min(self.config.noise, 1)) * noise
        return np.tile(row, (len(batch), 1))

    def _state(self) -> dict[str, AnyArray]:
        return {"counts": self.counts}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        pass


class Listening(Silent):
    def __init__(self) -> None:
        self.said: list[tuple[str, int, int]] = []

    def progress(self, task: str, done: int, total: int) -> None:
        self.said.append((task, done, total))


@pytest.fixture(autouse=True)
def noisy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_file, "model_class", lambda name: Noisy)


DATA = random_log(n=4000, people=150, repeats="allow")
PROTOCOL = Protocol().resolved(DATA)


def searched(path: Path, budget: int = BUDGET, *, seed: int = 7, run: Run | None = None, **given: Any) -> list[Trial]:
    with Journal(path) as journal:
        spec = ModelSpec(label="noisy", model="noisy", settings=given)
        return search(spec, DATA, PROTOCOL, run or Run(seed=seed), journal, budget=budget)


def told(trials: list[Trial]) -> list[dict[str, Any]]:
    return [{**trial.as_json(), "cpu_seconds": 0} for trial in trials]


def test_the_defaults_come_first_and_noise_is_turned_down(tmp_path: Path) -> None:
    trials = searched(tmp_path / "j.jsonl")
    assert trials[0].settings == NoisyConfig().model_dump(mode="json") and trials[0].searched == ()
    best = leader(trials)
    assert best.settings["noise"] < 5 and best.value > trials[0].value + 0.02
    # every other trial changes something, and no settings are tried twice
    assert all(trial.searched for trial in trials[1:])
    assert len({str(trial.settings) for trial in trials}) == BUDGET


def test_pruned_and_refused_trials_count(tmp_path: Path) -> None:
    trials = searched(tmp_path / "j.jsonl")
    states = [trial.as_json()["state"] for trial in trials]
    assert len(trials) == BUDGET and set(states) == {"complete", "pruned", "refused"}
    assert next(t.refused for t in trials if t.refused) == "noisy: side must be 0"
    assert all(0 < t.asked < trials[0].asked for t in trials if t.pruned)


def test_the_same_seed_gives_the_same_trials_and_another_one_others(tmp_path: Path) -> None:
    first = told(searched(tmp_path / "a.jsonl"))
    assert told(searched(tmp_path / "b.jsonl")) == first
    other = told(searched(tmp_path / "c.jsonl", seed=8))
    assert other[0] == first[0] and other[1:] != first[1:]


def test_a_search_in_two_parts_is_the_same_as_in_one(tmp_path: Path) -> None:
    whole = told(searched(tmp_path / "whole.jsonl"))
    parts = tmp_path / "parts.jsonl"
    assert told(searched(parts, budget=5)) == whole[:5]
    assert told(searched(parts)) == whole
    # nothing is left to do, and a smaller budget takes the first
    size = parts.stat().st_size
    assert told(searched(parts, budget=3)) == whole[:3] and parts.stat().st_size == size


def test_a_kill_in_the_middle_of_a_trial_loses_only_that_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = told(searched(tmp_path / "whole.jsonl"))
    path = tmp_path / "j.jsonl"

    class Killed(BaseException):
        pass

    def killed(*_: object) -> Float32:
        raise Killed

    searched(path, budget=6)
    with monkeypatch.context() as broken:
        broken.setattr(Noisy, "_score", killed)
        with pytest.raises(Killed):
            searched(path, budget=9)
    assert told(searched(path)) == whole


def test_given_settings_are_not_searched(tmp_path: Path) -> None:
    trials = searched(tmp_path / "j.jsonl", budget=4, noise=1.0)
    assert {trial.settings["noise"] for trial in trials} == {1.0}
    # one value of `side` is left, and it is refused however often it is drawn
    assert [trial.refused is not None for trial in trials][:2] == [False, True]
    with pytest.raises(BadData, match="its given setting noise was 1.0, now it is 2.0"):
        searched(tmp_path / "j.jsonl", budget=4, noise=2.0)


def test_what_cannot_be_searched_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="noisy: no setting to search; penchant show-config noisy"):
        searched(tmp_path / "a.jsonl", noise=1.0, side=0)
    with pytest.raises(BadConfig, match="side must be 0"):
        searched(tmp_path / "b.jsonl", side=1)
    data = dataset(np.zeros(2, dtype=int), np.arange(2), np.arange(2))
    spec = ModelSpec(label="noisy", model="noisy", settings={})
    with Journal(tmp_path / "c.jsonl") as journal, pytest.raises(BadData, match="leaves no validation question"):
        search(spec, data, Protocol().resolved(data), Run(), journal, budget=3)
    # protocol users: everything each person did is given, so that no question has a right answer
    data = dataset(np.repeat(np.arange(20), 2), np.tile([0, 1], 20), np.arange(40) * 1000)
    protocol = Protocol(name="users", given=(5,)).resolved(data)
    with Journal(tmp_path / "d.jsonl") as journal, pytest.raises(BadData, match="no validation question has a right"):
        search(spec, data, protocol, Run(), journal, budget=3)


def test_progress_counts_trials_and_tells_the_best(tmp_path: Path) -> None:
    listening = Listening()
    trials = searched(tmp_path / "j.jsonl", budget=3, run=Run(reporter=listening))
    assert listening.said[0] == ("noisy: trial 1 of 3", 0, 3)
    assert listening.said[-1] == (f"noisy: trial 3 of 3, best so far {leader(trials).value:.4f}", 3, 3)
    assert {task.partition(":")[0] for task, _, _ in listening.said} == {"noisy"}
