"""A training that was stopped goes on bit by bit, wherever it was stopped; what does not belong to it is left alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from penchant.train.loop import Outcome, train
from penchant.train.run import Run
from penchant.train.settings import TrainingConfig

STEPS = 3  # of a pass
SETTINGS: dict[str, Any] = {"epochs": 4, "patience": 2, "precision": "float32", "learning_rate": 0.05, "averaging": 0.9}


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of checkpoints are written here; test_checkpoint.py is about the disk."""
    monkeypatch.setattr(os, "fsync", lambda number: None)


class Heard:
    """A reporter that keeps what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.tasks: list[tuple[str, int, int]] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def progress(self, task: str, done: int, total: int) -> None:
        self.tasks.append((task, done, total))


class Net(nn.Module):
    """A table whose rows are moved lazily, a dense layer, and dropout, which draws."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(20, 4, sparse=True)
        self.layer = nn.Linear(4, 1)
        self.dropout = nn.Dropout(0.5)

    def forward(self, rows: Tensor) -> Tensor:
        found: Tensor = self.layer(self.dropout(self.table(rows)))[:, 0]
        return found


class Stop(Exception):
    """Stands for a kill: nothing is tidied up."""


class Learner:
    """Learns the parity of numbers; stops before the batch or the judgement that it is told."""

    net: nn.Module

    def __init__(self, *, stop_at: int | None = None, judges: bool = True) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.net = Net()
        self.left, self.judges, self.batches = stop_at, judges, 0

    def _one_more(self) -> None:
        if self.left == 0:
            raise Stop
        self.left = None if self.left is None else self.left - 1

    def plan(self, epoch: int) -> Sequence[Any]:
        return [np.arange(5) + 5 * ((epoch + place) % 4) for place in range(STEPS)]

    def loss(self, part: Any, rng: np.random.Generator) -> tuple[Tensor, int]:
        self._one_more()
        self.batches += 1
        rows = torch.from_numpy(np.append(part, rng.integers(0, 20, 3)))
        return ((self.net(rows) - (rows % 2).float()) ** 2).mean(), len(rows)

    def judge(self) -> float | None:
        self._one_more()
        rows = torch.arange(20)
        with torch.no_grad():
            return -float(((self.net(rows) - (rows % 2).float()) ** 2).mean()) if self.judges else None


def trained(learner: Learner, folder: Path | None, *, seed: int = 7, **settings: Any) -> tuple[Outcome, Heard]:
    heard = Heard()
    run = Run(seed=seed, reporter=heard, checkpoints=folder, checkpoint_every=0.0)
    config = TrainingConfig(**{**SETTINGS, **settings})
    return train(learner, config, run, name="parity", learns_from={"log": "abc"}), heard


def weights(learner: Learner) -> dict[str, list[Any]]:
    return {name: value.tolist() for name, value in learner.net.state_dict().items()}


def without_seconds(outcome: Outcome) -> tuple[Any, ...]:
    history = [{key: value for key, value in one.items() if key != "seconds"} for one in outcome.history]
    return outcome.best_epoch, outcome.best, history


@pytest.mark.parametrize(("judges", "averaging"), [(True, 0.9), (False, 0.0)])
def test_stopped_anywhere_it_ends_with_the_very_same_weights(tmp_path: Path, judges: bool, averaging: float) -> None:
    whole = Learner(judges=judges)
    expected, _ = trained(whole, None, averaging=averaging)
    passes = len(expected.history)
    assert passes == (SETTINGS["epochs"] if not judges else passes) and passes >= 2
    for stop_at in range((STEPS + 1) * passes):
        folder = tmp_path / str(stop_at)
        with pytest.raises(Stop):
            trained(Learner(stop_at=stop_at, judges=judges), folder, averaging=averaging)
        again = Learner(judges=judges)
        outcome, heard = trained(again, folder, averaging=averaging)
        assert weights(again) == weights(whole)
        assert without_seconds(outcome) == without_seconds(expected)
        # every step that was done is not done again; the first one of all leaves nothing to go on from
        done = STEPS * (stop_at // (STEPS + 1)) + min(stop_at % (STEPS + 1), STEPS)
        assert again.batches == STEPS * passes - done
        words = [f"parity: goes on from its checkpoint after step {done} (epoch {stop_at // (STEPS + 1) + 1})"]
        assert heard.notes == (words if done else [])


def test_a_finished_training_is_taken_as_it_is(tmp_path: Path) -> None:
    first, again = Learner(), Learner()
    expected, _ = trained(first, tmp_path)
    outcome, _ = trained(again, tmp_path)
    assert (again.batches, weights(again), without_seconds(outcome)) == (0, weights(first), without_seconds(expected))


def test_stopped_again_and_again(tmp_path: Path) -> None:
    whole = Learner()
    trained(whole, None)
    starts, learner = 1, Learner(stop_at=2)
    while not _ended(learner, tmp_path):
        starts, learner = starts + 1, Learner(stop_at=2)
        assert starts < 20
    assert weights(learner) == weights(whole)
    assert starts > 3


def _ended(learner: Learner, folder: Path) -> bool:
    try:
        trained(learner, folder)
    except Stop:
        return False
    return True


@pytest.mark.parametrize("end", ["json", "safetensors"])
def test_a_flipped_bit_costs_one_checkpoint(tmp_path: Path, end: str) -> None:
    whole = Learner()
    trained(whole, None)
    with pytest.raises(Stop):
        trained(Learner(stop_at=6), tmp_path)  # three steps, a judgement, two steps
    newest = max(tmp_path.rglob(f"*.{end}"))
    assert newest.stem == "step-000000000005"
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 4
    newest.write_bytes(content)
    again = Learner()
    _, heard = trained(again, tmp_path)
    assert weights(again) == weights(whole)
    assert len(heard.notes) == 2
    assert str(newest) in heard.notes[0] and heard.notes[0].endswith("not used, the one before is tried, step 4")
    assert heard.notes[1] == "parity: goes on from its checkpoint after step 4 (epoch 2)"


@pytest.mark.parametrize("changed", [{"seed": 8}, {"learning_rate": 0.04}, {"epochs": 5}])
def test_another_seed_or_setting_does_not_go_on_from_it(tmp_path: Path, changed: dict[str, Any]) -> None:
    with pytest.raises(Stop):
        trained(Learner(stop_at=6), tmp_path)
    alone, beside = Learner(), Learner()
    trained(alone, None, **changed)
    _, heard = trained(beside, tmp_path, **changed)
    assert (weights(beside), heard.notes) == (weights(alone), [])


def test_another_number_of_threads_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Stop):
        trained(Learner(stop_at=6), tmp_path)
    threads = torch.get_num_threads()
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads + 1)
    _, heard = trained(Learner(), tmp_path)
    assert (
        f"; with {threads + 1} threads instead of {threads} the last bits of the weights may differ" in heard.notes[0]
    )


def test_checkpoints_keep_their_distance(tmp_path: Path) -> None:
    run = Run(checkpoints=tmp_path, checkpoint_every=3600.0)
    train(Learner(), TrainingConfig(**SETTINGS), run, name="parity", learns_from={"log": "abc"})
    assert len(list(tmp_path.rglob("*.json"))) == 1  # only that of the end
    assert not list(tmp_path.rglob("*.partial"))
