"""The journal: what a crash leaves, what is refused, and who may write."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.config import Between
from penchant.errors import BadData, UserError
from penchant.evaluate.tuning import journal as journal_file
from penchant.evaluate.tuning.axes import Axis
from penchant.evaluate.tuning.journal import DIGEST, Journal, need_optuna
from penchant.evaluate.tuning.trials import Trial

pytest.importorskip("optuna")

ABOUT = {DIGEST: "abc", "protocol": {"name": "replay", "k": (10, 20)}, "seed": 7}
AXES = (Axis("x", Between(0, 1)),)


def filled(path: Path, *values: float) -> Path:
    """A journal with one study of so many trials."""
    with Journal(path) as journal:
        study = journal.study("ease", ABOUT)
        for value in values:
            study.add_trial(Trial.judged({"x": value}, ("x",), np.full(3, value), 3, 0.5).frozen(AXES, {"x": value}))
    return path


def found(path: Path) -> list[float]:
    with Journal(path) as journal:
        return [trial.value for trial in journal.trials("ease")]


def test_trials_come_back_as_they_were(tmp_path: Path) -> None:
    path = filled(tmp_path / "j.jsonl", 0.25, 0.5)
    with Journal(path) as journal:
        trials = journal.trials("ease")
        assert journal.trials("other") == []
    assert [(t.value, t.asked, t.pruned, t.refused, t.cpu_seconds) for t in trials] == [
        (0.25, 3, False, None, 0.5), (0.5, 3, False, None, 0.5),
    ]  # fmt: skip
    assert trials[1].values.tolist() == [0.5, 0.5, 0.5] and trials[1].settings == {"x": 0.5}
    # text that a person can read, one entry a line, and no program in it
    assert all("op_code" in json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("torn", [b'{"op_code":4,"wor', b"{", b"\x00\x00\x00", b'{"op_code":4\n'])
def test_a_torn_last_line_is_survived(tmp_path: Path, torn: bytes) -> None:
    path = filled(tmp_path / "j.jsonl", 0.25)
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert found(path) == [0.25]
    assert path.read_bytes() == whole
    # and a journal that was killed in its very first line begins anew
    path.write_bytes(whole[:17])
    assert found(path) == [] and path.read_bytes() == b""


@pytest.mark.parametrize("text", ["user_id,item_id\n1,2\n", "user_id", "[1]\n[2]\n", '{"a": 1}\n'])
def test_another_file_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "events.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadData, match=r"events.csv: line 1 is not a line of a tuning journal; choose another --out"):
        Journal(path)
    assert path.read_text(encoding="utf-8") == text


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = filled(tmp_path / "j.jsonl", 0.25, 0.5)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines[:2], "{broken\n", *lines[3:]]), encoding="utf-8")
    with pytest.raises(BadData, match=r"j.jsonl: line 3 is not a line"):
        Journal(path)


def test_entries_of_something_else_are_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text('{"op_code":0}\n', encoding="utf-8")
    with pytest.raises(BadData, match="not a journal of penchant tune"):
        Journal(path)


@pytest.mark.parametrize(("now", "said"), [
    ({**ABOUT, DIGEST: "xyz"}, "tuned on other data (digest abc, now xyz): the log, --items, --users or --schema differ"),
    ({**ABOUT, "protocol": {"name": "time", "k": [10, 20]}}, "its protocol name was replay, now it is time"),
    ({**ABOUT, "protocol": {"name": "replay", "k": [5]}}, "its protocol k was [10, 20], now it is [5]"),
    ({DIGEST: "abc", "protocol": ABOUT["protocol"]}, "its seed was 7, now it is none"),
])  # fmt: skip
def test_a_study_about_something_else_names_the_difference(tmp_path: Path, now: dict[str, object], said: str) -> None:
    path = filled(tmp_path / "j.jsonl", 0.25)
    with Journal(path) as journal:
        journal.study("ease", ABOUT)
        with pytest.raises(BadData) as caught:
            journal.study("ease", now)
    assert f"j.jsonl: ease: {said}" in str(caught.value) or f"j.jsonl: ease: it was {said}" in str(caught.value)
    assert "choose another --out or --study, or delete the file" in str(caught.value)


def test_only_one_command_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "_WAIT_SECONDS", 0.0)
    path = filled(tmp_path / "j.jsonl", 0.25)
    with Journal(path):
        with pytest.raises(UserError, match="another penchant tune is writing to it"):
            Journal(path)
        # its children may
        with Journal(path, lock=False) as child:
            assert len(child.trials("ease")) == 1
    assert found(path) == [0.25]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        Journal(tmp_path)


def test_without_optuna_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "optuna":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r'needs optuna, which is not installed: pip install "penchant\[tune\]"'):
        need_optuna()
