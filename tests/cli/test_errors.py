"""Exit codes, one line for each error, and never a traceback unless it is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from penchant.cli import models
from tests.cli.running import run


def test_usage_errors_exit_with_2_and_name_the_command() -> None:
    done = run("recommend", "folder", "--usr", "u1")
    assert (done.code, done.out) == (2, "")
    assert "--user" in done.error
    assert done.error.endswith("See penchant recommend --help")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("recomend",), "Did you mean 'recommend'?"),
        (("train",), "Missing argument 'EVENTS'"),
        (("train", "a.csv", "--out", "b"), "Missing option '--model'"),
        (("recommend", "a", "-k", "0"), "Invalid value for '-k'"),
        (("recommend", "a", "-k", "many"), "'-k'"),
        (("evaluate", "a", "--models", "ease", "--protocol", "replai"), "not one of 'replay'"),
        (("evaluate", "a", "--models", "ease", "--json"), "--json"),
    ],
)
def test_wrong_command_lines(words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.error


def test_files_that_are_not_there_or_not_files(log: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    for path in (tmp_path / "none.csv", tmp_path, empty):
        for words in (
            ("train", path, "--model", "ease", "--out", tmp_path / "out"),
            ("evaluate", path, "--models", "ease"),
            ("validate", path),
            ("init", path),
        ):
            done = run(*words)
            assert (done.code, done.out, path.name in done.error) == (1, "", True), words
    done = run("validate", log / "events.csv", "--schema", tmp_path / "none.toml")
    assert (done.code, "none.toml: no such file" in done.error) == (1, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "eaze"), 'unknown model "eaze". Did you mean "ease"?'),
        (("--model", "ease", "--set", "rg=1"), 'unknown setting "rg". Did you mean "reg"?'),
        (("--model", "ease", "--set", "reg"), 'expected key=value, got "reg"'),
        (("--model", "ease", "--set", "reg=-3"), "reg: "),
        (("--model", "ease", "--set", "reg=lots"), "reg: "),
    ],
)
def test_models_and_settings_are_checked_before_anything_is_read(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = run("train", tmp_path / "none.csv", *words, "--out", tmp_path / "out")
    assert (done.code, said in done.error) == (1, True)


def test_a_model_folder_is_not_a_log_and_a_log_not_a_model(log: Path, model: Path, tmp_path: Path) -> None:
    assert run("validate", model).code == 1
    assert "folder" in run("recommend", log / "events.csv", "--user", "u1").error
    assert "no such folder" in run("recommend", tmp_path / "none").error
    assert "card.json" in run("recommend", log).error


def test_out_may_be_neither_a_file_nor_a_foreign_folder(log: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("precious", encoding="utf-8")
    for out in (log / "items.csv", foreign):
        done = run("train", log / "events.csv", "--model", "popular", "--no-select", "--out", out)
        assert (done.code, str(out) in done.error) == (1, True)
    assert (foreign / "thesis.tex").read_text(encoding="utf-8") == "precious"


def test_a_fault_of_ours_asks_for_a_report_and_shows_its_trace_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("first line\nsecond line")

    monkeypatch.setattr(models, "_first_sentence", broken)
    done = run("models")
    assert done.code == 1
    assert "please report it (ZeroDivisionError: first line second line)" in done.error
    assert "--traceback" in done.error
    assert "Traceback (most recent call last)" in run("models", "--traceback").err
    monkeypatch.setenv("PENCHANT_TRACEBACK", "1")
    assert "ZeroDivisionError" in run("models").err


def test_an_interrupt_ends_with_130_and_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "_first_sentence", interrupted)
    done = run("models")
    assert (done.code, done.err) == (130, "error: interrupted\n")


def test_a_full_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(models, "_first_sentence", full)
    done = run("models")
    assert (done.code, "not enough memory" in done.error) == (1, True)


@pytest.mark.parametrize(
    "fault", [OSError(28, "No space left on device"), OSError("No space left on device (os error 28)")]
)
def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch, fault: OSError) -> None:
    def full(*_: Any) -> None:
        raise fault

    monkeypatch.setattr(models, "_first_sentence", full)
    done = run("models")
    assert (done.code, done.error) == (1, "error: the disk: no space left; free some, or write elsewhere")


def test_as_a_process(tmp_path: Path) -> None:
    def ended(*words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "penchant", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    assert ended("--version") == (0, "penchant 0.1.0\n", "")
    assert ended("validate", "none.csv") == (1, "", "error: none.csv: no such file\n")
    assert ended("validat")[0] == 2
