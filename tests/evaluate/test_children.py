"""Each model in a process of its own: what comes back, what is refused, and what ends it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from penchant.evaluate.children import Effort, Refused, measure_in_children
from penchant.evaluate.labelled.results import LabelledResult
from penchant.evaluate.measuring import ModelSpec, measure
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.results import ModelResult
from penchant.log import Silent
from penchant.train.run import Run
from tests.evaluate.logs import random_log

MODELS = """
import os, signal
from penchant.models.popular import Popular

class Dies(Popular):
    def _fit(self, train, valid, run):
        os.kill(os.getpid(), signal.SIGKILL)

class Crashes(Popular):
    def _fit(self, train, valid, run):
        1 / 0

class Talks(Popular):
    def _fit(self, train, valid, run):
        print({"loss": 1})
        print("{not json")
        print('{"loss": 2}')
"""
NAMES = "[penchant.models]\ndies = odd_models:Dies\ncrashes = odd_models:Crashes\ntalks = odd_models:Talks\n"


class Listening(Silent):
    """Keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def odd_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package with models of its own, as the child processes see it."""
    (tmp_path / "odd_models.py").write_text(MODELS, encoding="utf-8")
    info = tmp_path / "odd_models-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-models\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(NAMES, encoding="utf-8")
    # before what is there, which may be how this package is found
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")])))


def children(*specs: ModelSpec, reporter: Silent | None = None) -> list[ModelResult | Refused]:
    data = random_log(1, n=300, repeats="allow")
    protocol, effort = Protocol().resolved(data), Effort(budget=1, jobs=2)
    found = measure_in_children(specs, data, protocol, effort, reporter or Silent(), cut=0)
    return [one for one in found if not isinstance(one, LabelledResult)]


def spec(model: str, label: str = "", **settings: object) -> ModelSpec:
    return ModelSpec(label=label or model, model=model, settings=settings)


@pytest.mark.usefixtures("odd_models")
def test_a_child_measures_as_this_process_does_and_one_that_fails_costs_only_its_row() -> None:
    listening = Listening()
    specs = (spec("popular"), spec("popular", "by group", within="group"), spec("dies"), spec("talks"))
    fine, refused, dead, talking = children(*specs, reporter=listening)
    data = random_log(1, n=300, repeats="allow")
    here = measure(spec("popular"), data, Protocol().resolved(data), Run(), budget=1)
    assert isinstance(fine, ModelResult) and fine.about["peak_rss_mb"] > 20
    for history, values in here.metrics.items():
        for name, array in values.items():
            np.testing.assert_allclose(fine.metrics[history][name], array, rtol=1e-9)
    assert isinstance(refused, Refused) and refused.label == "by group"
    assert refused.reason.startswith('unknown user attribute "group"')
    assert isinstance(dead, Refused) and dead.reason.startswith("its process was killed by signal 9; out of memory?")
    # what a model prints is passed on and never taken for a message
    assert isinstance(talking, ModelResult)
    assert {"{'loss': 1}", "{not json", '{"loss": 2}'} <= set(listening.notes)


@pytest.mark.usefixtures("odd_models")
def test_a_fault_of_the_program_keeps_its_traceback_and_costs_only_its_row() -> None:
    crashed, fine = children(spec("crashes"), spec("popular"))
    assert isinstance(crashed, Refused) and isinstance(fine, ModelResult)
    assert crashed.reason.startswith("crashes: its process failed with exit code 1:")
    assert "ZeroDivisionError" in crashed.reason
