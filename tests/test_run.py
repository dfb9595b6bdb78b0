"""The script that people meet first: its messages, its exit codes, and when it thinks that nothing is to be done."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.run_script import RUN, load_run_script


def call(*arguments: str, script: Path = RUN) -> subprocess.CompletedProcess[str]:
    """Runs the script with this Python."""
    return subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module whose project is a temporary folder with a pretended, complete environment."""
    script = load_run_script()
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text("a = 1", encoding="utf-8")
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    for name, value in (("ROOT", tmp_path), ("VENV", venv), ("PYTHON", venv / "bin" / "python")):
        monkeypatch.setattr(script, name, value)
    monkeypatch.setattr(script, "STAMP", venv / "stamp")
    script.STAMP.write_text(" ".join([script.environment_key(), *script.EXTRAS]), encoding="utf-8")
    return script


def test_without_a_command_it_shows_the_usage() -> None:
    done = call()
    assert (done.returncode, done.stdout[:6]) == (2, "usage:")
    assert all(f"\n  {name} " in done.stdout for name in load_run_script().COMMANDS)
    assert call("--help").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["tset"], 'unknown command "tset". Did you mean "test"?'),
        (["setup", "--depe"], 'setup: unknown argument "--depe"'),
        (["check", "fast"], 'check: unknown argument "fast"'),
        (["bench", "no-such-benchmark"], 'bench: unknown benchmark "no-such-benchmark".'),
    ],
)
def test_a_wrong_word_ends_with_code_2_and_one_line(arguments: list[str], sentence: str) -> None:
    done = call(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_old_python_is_told_what_to_do(tmp_path: Path) -> None:
    # The version check of the script, with a bound that no Python reaches, and no other Python on the path.
    text = RUN.read_text(encoding="utf-8").replace("sys.version_info < (3, 11)", "sys.version_info < (9, 0)")
    script = tmp_path / "run"
    script.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), "test"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("run: Python 3.11, 3.12 or 3.13 is needed, this is ")
    assert done.stderr.count("\n") == 1


def test_a_complete_environment_is_left_alone(module: ModuleType) -> None:
    assert module.installed_extras() == set(module.EXTRAS)


def test_changes_are_noticed(module: ModuleType) -> None:
    (module.ROOT / "constraints.txt").write_text("a = 2", encoding="utf-8")
    assert module.installed_extras() is None


def test_a_missing_python_is_noticed(module: ModuleType) -> None:
    module.PYTHON.unlink()
    assert module.installed_extras() is None


def test_an_exchanged_python_is_noticed(module: ModuleType, tmp_path: Path) -> None:
    module.PYTHON.unlink()
    module.PYTHON.symlink_to(shutil.which("true") or tmp_path)
    assert module.installed_extras() is None


@pytest.mark.parametrize("content", ["", "wrong dev shop", "\n"])
def test_a_damaged_stamp_is_noticed(module: ModuleType, content: str) -> None:
    module.STAMP.write_text(content, encoding="utf-8")
    assert module.installed_extras() is None


def test_an_interrupted_installation_leaves_no_stamp(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "step", interrupted)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(KeyboardInterrupt):
        module.ensure_environment("deep")
    assert module.installed_extras() is None


def test_an_update_keeps_the_extras_that_were_there(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(module, "install", asked.append)
    module.ensure_environment()
    assert asked == []
    module.ensure_environment("deep")
    assert asked == [["deep", *sorted(module.EXTRAS)]]


@pytest.mark.parametrize(
    ("command", "arguments", "extras"),
    [
        ("setup", [], []),
        ("setup", ["--deep"], ["deep"]),
        ("demo", [], []),
        ("penchant", ["--help"], []),
        ("test", ["-k", "ndcg"], ["deep"]),
        ("check", ["--static"], ["deep"]),
        ("bench", ["one"], ["deep"]),
    ],
)
def test_nets_are_installed_where_they_are_needed(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, command: str, arguments: list[str], extras: list[str]
) -> None:
    (module.ROOT / "benchmarks").mkdir()
    (module.ROOT / "benchmarks" / "one.py").write_text('"""One."""', encoding="utf-8")
    asked: list[list[str]] = []
    monkeypatch.setattr(module, "ensure_environment", lambda *more: asked.append(list(more)))
    monkeypatch.setattr(module, "call", lambda words: 0)
    monkeypatch.setattr(module.os, "execv", lambda path, words: None)
    module.COMMANDS[command](arguments)
    assert asked[-1] == extras


@pytest.mark.parametrize(
    ("arguments", "workers"),
    [([], True), (["--all"], True), (["-n", "0"], False), (["-n0"], False), (["--pdb"], False)],
)
def test_two_workers_unless_told_otherwise(arguments: list[str], workers: bool) -> None:
    command = load_run_script().test_command(arguments)
    assert (command.count("-n") + command.count("--dist") == 2) == workers
    assert command[len(command) - len(arguments) :] == arguments


def test_the_nearest_name_is_offered_only_when_near() -> None:
    nearest = load_run_script().nearest
    assert nearest("chekc", ["check", "test"]) == ' Did you mean "check"?'
    assert nearest("xyz", ["check", "test"]) == ""
