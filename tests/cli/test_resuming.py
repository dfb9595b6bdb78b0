"""A `train` that was stopped, by Ctrl-C or a kill, goes on when the same command is given again, to the very same weights."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.cli.resuming import Stopped, checkpoints_beside
from penchant.log import SILENT
from penchant.train import loop
from tests.cli.running import Done, run

NET = "sasrec --no-select --no-cache --set epochs=3 --set batch_size=4 --set max_len=8 --set embedding_dim=8".split()


def words(log: Path, out: Path, *more: object) -> list[str]:
    """A training that writes a checkpoint after each step."""
    return [
        *map(str, ("train", log / "events.csv", "--out", out, "--checkpoint-every", 0)),
        "--model",
        *NET,
        *map(str, more),
    ]


def weights(model: Path) -> dict[str, bytes]:
    with np.load(model / "model" / "arrays.npz", allow_pickle=False) as arrays:
        return {name: arrays[name].tobytes() for name in arrays.files}


def interrupted(monkeypatch: pytest.MonkeyPatch, at: int, *command: str) -> Done:
    """Ctrl-C in the step after `at` steps."""
    whole, left = loop._Training._step, [at]

    def step(self: Any, *arguments: Any) -> Any:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return whole(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop._Training, "_step", step)
        return run(*command)


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this process only: the children wait."""
    monkeypatch.setattr(os, "fsync", lambda number: None)


@pytest.fixture
def whole(log: Path, tmp_path: Path) -> dict[str, bytes]:
    """The weights of a training that was not stopped."""
    done = run(*words(log, tmp_path / "whole"))
    assert done.code == 0, done.err
    assert "goes on" not in done.err
    return weights(tmp_path / "whole")


def test_ctrl_c_is_one_line_that_says_how_to_go_on(
    log: Path, tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = words(log, tmp_path / "m")
    done = interrupted(monkeypatch, 5, *command)
    assert (done.code, done.out) == (130, "")
    assert done.error == "error: interrupted; the same command goes on from the newest checkpoint"
    assert not (tmp_path / "m").exists()
    assert (tmp_path / ".m.checkpoints").is_dir()
    again = run(*command)
    assert again.code == 0
    assert "sasrec: goes on from its checkpoint after step 5 (epoch " in again.err
    assert weights(tmp_path / "m") == whole
    assert not (tmp_path / ".m.checkpoints").exists()


def test_before_the_first_checkpoint_there_is_nothing_to_say(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = interrupted(monkeypatch, 0, *words(log, tmp_path / "m"))
    assert (done.code, done.error) == (130, "error: interrupted")


@pytest.mark.parametrize("more", [("--seed", "8"), ("--set", "learning_rate=0.002")])
def test_another_seed_or_setting_starts_anew_and_it_is_said(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    interrupted(monkeypatch, 5, *words(log, tmp_path / "m"))
    done = run(*words(log, tmp_path / "m", *more))
    assert done.code == 0
    said = f"{tmp_path / '.m.checkpoints'}: checkpoints of another log, other settings or another seed; not used, and removed"
    assert (said in done.err, "goes on" in done.err) == (True, False)
    assert not (tmp_path / ".m.checkpoints").exists()


def test_another_log_starts_anew(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = shutil.copytree(log, tmp_path / "log")
    interrupted(monkeypatch, 5, *words(mine, tmp_path / "m"))
    events = mine / "events.csv"
    events.write_text("".join(events.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    done = run(*words(mine, tmp_path / "m"))
    assert (done.code, "not used, and removed" in done.err, "goes on" in done.err) == (0, True, False)


def test_a_model_that_is_no_net_leaves_nothing_beside_it(log: Path, tmp_path: Path) -> None:
    assert run("train", log / "events.csv", "--model", "popular", "--no-select", "--out", tmp_path / "m").code == 0
    assert not (tmp_path / ".m.checkpoints").exists()


def test_only_folders_of_checkpoints_are_removed(tmp_path: Path) -> None:
    root = tmp_path / ".m.checkpoints"
    for name in ("0123456789abcdef", "notes"):
        (root / name).mkdir(parents=True)
    with checkpoints_beside(tmp_path / "m", {"seed": 1}, SILENT) as folder:
        folder.mkdir()
    assert [path.name for path in root.iterdir()] == ["notes"]


def test_what_fails_keeps_its_checkpoints(tmp_path: Path) -> None:
    for fault, raised in ((ValueError, ValueError), (KeyboardInterrupt, Stopped)):
        with pytest.raises(raised), checkpoints_beside(tmp_path / "m", {"seed": 1}, SILENT) as folder:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "step-000000000001.json").write_text("{}", encoding="utf-8")
            raise fault
        assert (folder / "step-000000000001.json").exists()


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from penchant.cli.app import main
    left = [int(sys.argv[1])]
    replace = Path.replace

    def killed(self, target):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)  # the temporary file is whole, its name is not yet the real one
        return replace(self, target)

    Path.replace = killed
    sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_process_killed_between_temporary_file_and_rename_goes_on(
    log: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    command = words(log, tmp_path / "m")
    # before the tensors of step 1 have their name; then before the card; then further on, in a later step of the same training
    for at in (1, 4, 7):
        start = [sys.executable, "-c", textwrap.dedent(KILLED), str(at), *command]
        assert subprocess.run(start, capture_output=True, check=False).returncode == -signal.SIGKILL
        assert list((tmp_path / ".m.checkpoints").rglob("*.partial"))
    done = run(*command)
    assert (done.code, "goes on from its checkpoint after step" in done.err) == (0, True)
    assert weights(tmp_path / "m") == whole


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("way", ["SIGKILL", "SIGINT"])
def test_a_process_stopped_at_any_moment_goes_on(log: Path, tmp_path: Path, whole: dict[str, bytes], way: str) -> None:
    command = [sys.executable, "-m", "penchant", *words(log, tmp_path / "m")]
    root, went_on = tmp_path / ".m.checkpoints", 0
    for turn in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            # start-up takes most of the time: wait for the first checkpoint, then some
            seen = {path.name for path in root.rglob("*.json")}
            while child.poll() is None and {path.name for path in root.rglob("*.json")} <= seen:
                time.sleep(0.002)
            time.sleep(0.013 * turn)
            child.send_signal(getattr(signal, way))
            out, err = child.communicate()
        went_on += "goes on from its checkpoint" in err
        if child.returncode == 0:
            break
        expected = -signal.SIGKILL if way == "SIGKILL" else 130
        assert child.returncode == expected, err
        if way == "SIGINT":
            assert err.rstrip().endswith("error: interrupted; the same command goes on from the newest checkpoint")
        assert "Traceback" not in err
    done = run(*words(log, tmp_path / "m"))
    assert done.code == 0
    assert went_on + ("goes on from its checkpoint" in done.err) > 0
    assert weights(tmp_path / "m") == whole
