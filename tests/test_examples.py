"""The example scripts run, and the configs are settings of real models."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from penchant.config import read_toml
from penchant.pipeline.settings import PipelineConfig, build_pipeline
from penchant.registry import model_class

ROOT = Path(__file__).parent.parent


SERVE = ROOT / "configs" / "serve.toml"
CONFIGS = sorted(set((ROOT / "configs").glob("*.toml")) - {SERVE})


def test_the_config_of_the_request_path_builds_one() -> None:
    assert len(build_pipeline(PipelineConfig.read(SERVE)).retrievers) == 4


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_config_names_a_model_and_its_settings(path: Path) -> None:
    settings = read_toml(path)
    model = model_class(settings.pop("model"))
    parsed = model.config_class().parse(settings, path.name)
    assert {name: getattr(parsed, name) for name in settings} == settings


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_an_example_runs(path: Path) -> None:
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) > 3
