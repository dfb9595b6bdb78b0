"""A checkpoint is whole or refused by name, and a kill at any moment leaves the newest whole one."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from penchant.train.checkpoint import Checkpoints, training_key

KEY = training_key({"data": "abc", "seed": 7})


class Heard:
    """A reporter that keeps what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def progress(self, task: str, done: int, total: int) -> None:
        """Nothing to keep."""


def store(folder: Path, key: str = KEY) -> tuple[Checkpoints, Heard]:
    heard = Heard()
    return Checkpoints(folder, key, heard), heard


def tensors_of(step: int) -> dict[str, torch.Tensor]:
    return {"weight": torch.arange(4.0) + step, "step": torch.tensor(step)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two checkpoints, of steps 10 and 20."""
    path = tmp_path / "checkpoints"
    to, _ = store(path)
    for step in (10, 20):
        to.save(step, tensors_of(step), {"epoch": step // 10})
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().reshape(-1).clone().view(torch.uint8)


def flipped(content: bytes, place: int) -> bytes:
    """The content with one bit changed; bits are counted from the first byte on."""
    changed = bytearray(content)
    changed[place // 8] ^= 1 << (place % 8)
    return bytes(changed)


def assert_falls_back(folder: Path, *words: str) -> None:
    """The newest of `folder` is that of step 10, and one note says why, naming the file."""
    to, heard = store(folder)
    found = to.newest()
    assert found is not None
    assert (found.step, found.meta, found.tensors["weight"].tolist()) == (10, {"epoch": 1}, [10, 11, 12, 13])
    assert len(heard.notes) == 1
    assert [
        word for word in (*words, "step-000000000020", "the one before is tried, step 10") if word not in heard.notes[0]
    ] == []


def test_what_is_saved_comes_back_bit_for_bit(tmp_path: Path) -> None:
    whole = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    saved = {
        "nan": torch.tensor([math.nan, -0.0, math.inf]),
        "half": torch.tensor([1.5, 3.0], dtype=torch.bfloat16),
        "counts": torch.tensor([2**62, -1]),
        "mask": torch.tensor([True, False]),
        "one": torch.tensor(3.25, dtype=torch.float64),
        "none": torch.empty(0, 5),
        "whole": whole,
        "same": whole,
        "column": whole[:, 1],
        "turned": whole.T,
        "learned": torch.nn.Parameter(whole[1:]),
    }
    meta = {"rate": 0.1 + 0.2, "best": -math.inf, "name": 'ä"\n', "seen": [1, None, True], "inner": {"a": 1e-300}}
    to, heard = store(tmp_path)
    to.save(0, saved, meta)
    found = to.newest()
    assert found is not None
    assert (found.step, found.meta, heard.notes) == (0, meta, [])
    assert found.tensors.keys() == saved.keys()
    for name, tensor in saved.items():
        back = found.tensors[name]
        assert (back.dtype, back.shape) == (tensor.dtype, tensor.shape)
        assert bits(back).equal(bits(tensor))
    found.tensors["whole"].add_(1)  # each can be written to, and no other one changes
    assert found.tensors["same"].equal(whole)


def test_the_two_newest_are_kept(folder: Path) -> None:
    to, _ = store(folder)
    to.save(30, tensors_of(30), {})
    assert files(folder) == [f"step-0000000000{step}.{end}" for step in (20, 30) for end in ("json", "safetensors")]
    assert [step for step in (20, 30) if f"{step}" not in str(files(folder))] == []


def test_saving_a_step_again_replaces_it(folder: Path) -> None:
    to, heard = store(folder)
    to.save(20, tensors_of(21), {"again": True})
    found = to.newest()
    assert found is not None
    assert (found.meta, found.tensors["step"].item(), len(files(folder)), heard.notes) == ({"again": True}, 21, 4, [])


def test_a_course_that_was_left_is_removed(folder: Path) -> None:
    # step 20 is damaged, training went on from 10: what it writes at 15 must not stand behind 20
    (folder / "step-000000000020.safetensors").write_bytes(b"")
    to, heard = store(folder)
    to.save(15, tensors_of(15), {})
    found = to.newest()
    assert (found and found.step, heard.notes, len(files(folder))) == (15, [], 4)


def test_no_bit_of_a_card_can_flip_unnoticed(folder: Path) -> None:
    path = folder / "step-000000000020.json"
    content = path.read_bytes()
    unnoticed = []
    for place in range(8 * len(content)):
        path.write_bytes(flipped(content, place))
        to, heard = store(folder)
        found = to.newest()
        if found is None or found.step != 10 or len(heard.notes) != 1 or str(path) not in heard.notes[0]:
            unnoticed.append(place)
    assert unnoticed == []
    path.write_bytes(content)
    whole = store(folder)[0].newest()
    assert whole is not None and whole.step == 20


def test_no_bit_of_the_tensors_can_flip_unnoticed(folder: Path) -> None:
    path = folder / "step-000000000020.safetensors"
    content = path.read_bytes()
    for place in range(0, 8 * len(content), 7):  # every byte, and every bit of a byte in turn
        path.write_bytes(flipped(content, place))
        assert_falls_back(folder, "truncated or changed")


@pytest.mark.parametrize("end", ["json", "safetensors"])
@pytest.mark.parametrize("left", [0, 1, 100, -1])
def test_a_truncated_file_is_refused(folder: Path, end: str, left: int) -> None:
    path = folder / f"step-000000000020.{end}"
    path.write_bytes(path.read_bytes()[:left])
    assert_falls_back(folder, end, "truncated or changed")


def test_missing_tensors_are_refused(folder: Path) -> None:
    (folder / "step-000000000020.safetensors").unlink()
    assert_falls_back(folder, "missing")


def test_a_renamed_checkpoint_is_refused(folder: Path) -> None:
    for end in ("json", "safetensors"):
        (folder / f"step-000000000010.{end}").replace(folder / f"step-000000000030.{end}")
    to, heard = store(folder)
    found = to.newest()
    assert (found and found.step, len(heard.notes)) == (20, 1)
    assert "renamed" in heard.notes[0]


def test_another_format_is_refused(folder: Path) -> None:
    from penchant.train.checkpoint import _card_text

    path = folder / "step-000000000020.json"
    card = json.loads(path.read_bytes())
    path.write_text(_card_text({**card, "format": 0}), encoding="utf-8")
    assert_falls_back(folder, "another version")


def test_another_key_is_refused_and_replaced_by_the_first_save(folder: Path) -> None:
    other = training_key({"data": "abc", "seed": 8})
    to, heard = store(folder, other)
    assert to.newest() is None
    assert len(heard.notes) == 2
    assert "another log, other settings or another seed; not used, the one before is tried, step 10" in heard.notes[0]
    assert heard.notes[1].endswith("not used, training starts anew")
    to.save(5, tensors_of(5), {})
    found = to.newest()
    assert (found and found.step, len(files(folder)), len(heard.notes)) == (5, 2, 2)


def test_without_any_whole_one_training_starts_anew(folder: Path) -> None:
    for path in folder.glob("*.safetensors"):
        path.write_bytes(b"")
    to, heard = store(folder)
    assert to.newest() is None
    assert [text.rpartition("; ")[2] for text in heard.notes] == [
        "not used, the one before is tried, step 10", "not used, training starts anew",
    ]  # fmt: skip


def test_an_empty_or_missing_folder_says_nothing(tmp_path: Path) -> None:
    to, heard = store(tmp_path / "none")
    assert (to.newest(), heard.notes) == (None, [])
    to.clear()
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "stopped_before", ["tensors are written", "card is written", "renames", "second rename", "tidying"]
)
def test_a_kill_at_each_place_of_a_save(folder: Path, stopped_before: str) -> None:
    """Files as a kill leaves them, made by hand."""
    made = folder.parent / "made"
    to, _ = store(made)
    to.save(30, tensors_of(30), {"epoch": 3})
    arrays, card = (made / f"step-000000000030.{end}" for end in ("safetensors", "json"))
    names: dict[str, list[tuple[Path, str, int | None]]] = {
        "tensors are written": [(arrays, ".partial", 50)],
        "card is written": [(arrays, ".partial", None), (card, ".partial", 50)],
        "renames": [(arrays, ".partial", None), (card, ".partial", None)],
        "second rename": [(arrays, "", None), (card, ".partial", None)],
        "tidying": [(arrays, "", None), (card, "", None)],
    }
    for path, ending, length in names[stopped_before]:
        (folder / (path.name + ending)).write_bytes(path.read_bytes()[:length])
    again, heard = store(folder)
    found = again.newest()
    assert (found and found.step, heard.notes) == (30 if stopped_before == "tidying" else 20, [])
    again.save(40, tensors_of(40), {})
    newest = again.newest()
    assert (newest and newest.step, len(files(folder)), [n for n in files(folder) if "partial" in n]) == (40, 4, [])


def test_clear_leaves_what_is_not_its_own(folder: Path) -> None:
    (folder / "step-000000000030.json.partial").write_bytes(b"{")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    store(folder)[0].clear()
    assert files(folder) == ["notes.txt"]
    (folder / "notes.txt").unlink()
    store(folder)[0].clear()
    assert not folder.exists()


def test_a_place_that_cannot_be_written_is_noted_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    to, heard = store(tmp_path / "file" / "checkpoints")
    to.save(1, tensors_of(1), {})
    to.save(2, tensors_of(2), {})
    assert len(heard.notes) == 1
    assert "no checkpoint could be written (Not a directory); training goes on without" in heard.notes[0]


def test_a_full_disk_leaves_the_ones_before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    to, heard = store(folder)
    to.save(30, tensors_of(30), {})
    found = to.newest()
    assert (found and found.step, len(files(folder)), len(heard.notes)) == (20, 4, 1)
    assert "No space left on device" in heard.notes[0]


SAVE_AND_KILL = """
    import json, os, signal, sys, time
    from pathlib import Path
    import torch
    from penchant.train.checkpoint import Checkpoints

    class Heard:
        def note(self, text):
            notes.append(text)

    def save_for_ever(step):
        while True:
            step += 1
            to.save(step, {"weight": torch.full((20000,), float(step))}, {"step": step})

    torch.set_num_threads(1)
    folder, reached = Path(sys.argv[1]), 0
    for turn in range(25):
        notes = []
        to = Checkpoints(folder, "key", Heard())
        child = os.fork()
        if child == 0:
            save_for_ever(reached)
        while not list(folder.glob(f"step-*{reached + 1}.json")):
            time.sleep(0.001)
        time.sleep(0.0017 * turn)
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        partial = any(path.suffix == ".partial" for path in folder.iterdir())
        found = to.newest()
        values = found.tensors["weight"].unique().tolist()
        print(json.dumps([os.WTERMSIG(status), partial, found.step, found.meta, values, notes]))
        reached = found.step
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_a_killed_process_leaves_a_whole_newest_one(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(SAVE_AND_KILL), str(tmp_path / "checkpoints")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    turns = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(turns) == 25
    before = 0
    for how, _, step, meta, values, notes in turns:
        assert (how, meta, values, notes) == (signal.SIGKILL, {"step": step}, [step], [])
        assert step > before  # it went on from the one before
        before = step
    assert any(partial for _, partial, *_ in turns)  # else no kill fell into a save, and the test showed nothing


def test_a_key_depends_on_every_part() -> None:
    parts = {"data": "abc", "config": {"dim": 64, "rate": 0.001}, "seed": 7}
    others = [{**parts, "data": "abd"}, {**parts, "config": {"dim": 64, "rate": 0.002}}, {**parts, "seed": 8}]
    assert len({training_key(one) for one in (parts, *others)}) == 4
    assert training_key(parts) == training_key(dict(reversed(parts.items())))
