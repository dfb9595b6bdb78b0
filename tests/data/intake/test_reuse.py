"""The cache: used when nothing changed, never when something did, and never half-written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from penchant.data.cache import save_dataset
from penchant.data.dataset import Dataset
from penchant.data.files import Loaded, load
from penchant.data.schema import Schema

TEXT = "user_id,item_id,timestamp\na,x,1600000000\nb,y,1600000001\n,y,1600000002\n"


class Notes:
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)

    def progress(self, task: str, done: int, total: int) -> None:
        assert 0 <= done <= total, task


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(TEXT)
    return path


def folders(cache: Path) -> list[Path]:
    return sorted(cache.iterdir())


def same(first: Loaded, second: Loaded) -> bool:
    one, other = first.report.as_json(), second.report.as_json()
    one.pop("from_cache"), other.pop("from_cache")
    return one == other and first.dataset.digest == second.dataset.digest


def test_the_second_reading_is_memory_mapped_and_the_same(log: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first, second = load(log, cache=cache), load(log, cache=cache)
    assert (first.report.from_cache, second.report.from_cache) == (False, True)
    assert same(first, second)
    assert isinstance(second.dataset.interactions.at.base, np.memmap)
    assert list(second.dataset.users) == ["a", "b"]
    assert second.dataset.schema == first.dataset.schema
    assert second.report.broken == first.report.broken


def test_any_change_reads_again_and_leaves_nothing_old(log: Path, tmp_path: Path) -> None:
    cache, items = tmp_path / "cache", tmp_path / "items.csv"
    items.write_text("item_id,title\nx,Old\n")
    load(log, items=items, cache=cache)
    log.write_text(TEXT.replace("a,x", "c,x"))  # the size stays
    changed = load(log, items=items, cache=cache)
    assert not changed.report.from_cache
    assert list(changed.dataset.users) == ["c", "b"]
    items.write_text("item_id,title\nx,New\n")
    assert not load(log, items=items, cache=cache).report.from_cache
    assert len(folders(cache)) == 1
    # another schema is another dataset of the same files; both stay
    assert not load(log, items=items, cache=cache, schema=Schema(repeats="allow")).report.from_cache
    assert load(log, items=items, cache=cache).report.from_cache
    assert len(folders(cache)) == 2


def test_the_same_bytes_at_another_time_are_read_again(log: Path, tmp_path: Path) -> None:
    load(log, cache=tmp_path / "cache")
    os.utime(log, ns=(1, 1))
    assert not load(log, cache=tmp_path / "cache").report.from_cache


@pytest.mark.parametrize("damage", ["truncated", "missing", "no meta", "no report", "other report"])
def test_a_damaged_cache_is_read_anew_and_said(log: Path, tmp_path: Path, damage: str) -> None:
    cache, notes = tmp_path / "cache", Notes()
    first = load(log, cache=cache)
    (folder,) = folders(cache)
    match damage:
        case "truncated":
            (folder / "log.at.npy").write_bytes((folder / "log.at.npy").read_bytes()[:-4])
        case "missing":
            (folder / "log.user.npy").unlink()
        case "no meta":
            (folder / "meta.json").unlink()
        case "no report":
            (folder / "report.json").write_text("{")
        case "other report":
            text = (folder / "report.json").read_text().replace('"n_loaded": 2', '"n_loaded": 3')
            (folder / "report.json").write_text(text)
    again = load(log, cache=cache, reporter=notes)
    assert not again.report.from_cache
    assert same(first, again)
    assert any("the cache is damaged" in text for text in notes.said)
    assert load(log, cache=cache).report.from_cache


def test_what_a_killed_process_left_is_never_read_and_is_swept(log: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load(log, cache=cache)
    (folder,) = folders(cache)
    # no process has number 0 or below, so that a number beyond every limit stands for a dead one
    unfinished = cache / f".unfinished-{folder.name.split('-')[0]}-{2**30}-abc"
    folder.rename(unfinished)
    assert not load(log, cache=cache).report.from_cache
    assert folders(cache) == [folder]
    alive = cache / f".unfinished-{folder.name.split('-')[0]}-{os.getpid()}-abc"
    alive.mkdir()
    log.write_text(TEXT + "c,z,1600000003\n")
    load(log, cache=cache)
    assert alive.exists()


def test_a_full_disk_costs_the_cache_only(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_up(data: Dataset, folder: Path) -> None:
        save_dataset(data, folder)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("penchant.data.intake.reuse.save_dataset", fill_up)
    notes, cache = Notes(), tmp_path / "cache"
    loaded = load(log, cache=cache, reporter=notes)
    assert len(loaded.dataset) == 2
    assert folders(cache) == []
    assert any("No space left on device" in text for text in notes.said)


def test_rejected_rows_are_written_even_where_the_cache_has_the_rest(log: Path, tmp_path: Path) -> None:
    cache, rejects = tmp_path / "cache", tmp_path / "rejects.csv"
    load(log, cache=cache)
    loaded = load(log, cache=cache, rejects=rejects)
    assert loaded.report.n_rejected == 1
    assert len(rejects.read_text().splitlines()) == 2
    log.write_text(TEXT.replace(",y,1600000002\n", "")[:-1])
    load(log, cache=cache)
    assert load(log, cache=cache, rejects=rejects).report.from_cache
    assert rejects.read_text().splitlines() == ["line,rule,column,value,raw"]


def test_frames_are_not_kept(tmp_path: Path) -> None:
    load({"user_id": [1], "item_id": [2], "timestamp": [3]}, cache=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
