"""One tiny log and one model trained on it, for all tests of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import run, write_log


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with events.csv, items.csv, users.csv and schema.toml; not to be written to."""
    return write_log(tmp_path_factory.mktemp("log")).parent


@pytest.fixture(scope="session")
def model(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of `ease`, not to be written to."""
    out = tmp_path_factory.mktemp("models") / "ease"
    files = ("--items", log / "items.csv", "--users", log / "users.csv", "--schema", log / "schema.toml")
    done = run("train", log / "events.csv", *files, "--model", "ease", "--no-select", "--out", out)
    assert done.code == 0, done.err
    return out
