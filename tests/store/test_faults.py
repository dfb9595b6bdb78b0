"""Faults below SQLite: nothing is acknowledged that is not there, and the store recovers by itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from penchant.store.project import ProjectStore
from penchant.store.protocol import BadStore, StoreFull, StoreUnavailable
from penchant.store.stores import OpenStores
from penchant.store.url import open_stores
from tests.store.events import play, shown
from tests.store.faulty import NAME, FaultyFiles

SCRIPT = Path(__file__).with_name("run_with_faults.py")


@pytest.fixture
def control(tmp_path: Path) -> Path:
    return tmp_path / "trouble"


@pytest.fixture
def files(control: Path) -> Iterator[FaultyFiles]:
    files = FaultyFiles(control)
    yield files
    files.unregister()


@pytest.fixture
def url(files: FaultyFiles, tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'store'}?vfs={NAME}"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("full", StoreFull),
        ("full log", StoreFull),
        ("write", StoreUnavailable),
        ("sync", StoreUnavailable),
        ("sync log", StoreUnavailable),
    ],
)
def test_no_false_acknowledgement(
    url: str, control: Path, files: FaultyFiles, opened: Callable[[str], OpenStores], words: str, error: type[Exception]
) -> None:
    store = opened(url).project("p")
    store.append([play("a", "before", 1.0, "e0")])
    control.write_text(words)
    futures: list[Future] = [store.submit([play("a", f"i{n}", 2.0, f"e{n}")]) for n in range(1, 5)]
    for future in futures:
        with pytest.raises(error):
            future.result()
    with pytest.raises(error):
        store.keep_impressions([shown("r", "a", 1.0)]).result()
    assert files.calls > 0
    assert (store.offset(), [event.item_id for event in store.history("a")]) == (1, ["before"])
    control.unlink()
    again = store.append([play("a", f"i{n}", 2.0, f"e{n}") for n in range(5)])
    assert [one.status for one in again] == ["duplicate"] + ["accepted"] * 4
    store.check()
    with pytest.raises(error):  # and once more: recovering works more than once
        control.write_text(words)
        store.append([play("a", "late", 3.0)])
    control.unlink()
    assert len(store.history("a")) == 5


def test_a_full_disk_in_the_middle_of_many_callers(
    url: str, control: Path, opened: Callable[[str], OpenStores]
) -> None:
    store = opened(url).project("p")
    futures = []
    for number in range(300):
        if number in (100, 200):
            control.write_text("full" if number == 100 else "")
        futures.append(store.submit([play("a", f"i{number}", number, f"e{number}") for _ in range(2)]))
        if number % 50 == 49:
            futures[-1].exception()
    kept = {number for number, future in enumerate(futures) if future.exception() is None}
    assert all(isinstance(future.exception(), StoreFull | None) for future in futures)
    assert kept >= {*range(100), *range(250, 300)} and len(kept) < 300
    assert {int(event.item_id[1:]) for event in store.history("a")} == kept


def test_a_disk_that_cannot_be_read(url: str, control: Path, opened: Callable[[str], OpenStores]) -> None:
    store = opened(url).project("p")
    store.append([play("a", f"i{number}", number) for number in range(2_000)])
    control.write_text("read")
    other = opened(url)
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        other.project("p")
    control.unlink()
    assert other.project("p").offset() == 2_000


def test_forgetting_on_a_full_disk(url: str, control: Path, opened: Callable[[str], OpenStores]) -> None:
    store = opened(url).project("p")
    store.append([play(f"u{number % 50}", "i", number) for number in range(500)])
    control.write_text("full")
    with pytest.raises(StoreFull):
        store.forget("u1", 9.0)
    control.unlink()
    assert len(store.history("u1")) == 10
    assert store.forget("u1", 9.0).rows["log"] == 10


def test_a_bad_work_fails_alone(lite: ProjectStore) -> None:
    """What one caller wants may be impossible; the others of its group get their commit."""
    first = lite.submit([play("a", "i", 1.0)])
    bad = [lite._writer.submit(job) for job in _impossible()]
    others = [lite.submit([play("a", f"j{number}", 2.0)]) for number in range(5)]
    assert first.result()[0].status == "accepted"
    assert [other.result()[0].status for other in others] == ["accepted"] * 5
    assert [type(one.exception()) for one in bad] == [KeyError, KeyError]
    assert len(lite.history("a")) == 6


def _impossible() -> list:
    from penchant.store.writer import Job

    def work(transaction: object) -> None:
        raise KeyError("of no use")

    return [Job(work), Job(work)]


def test_a_cancelled_batch_is_not_written(lite: ProjectStore) -> None:
    futures = [lite.submit([play("a", f"i{number}", number)]) for number in range(200)]
    cancelled = {number for number, future in enumerate(futures) if future.cancel()}
    kept = {number for number, future in enumerate(futures) if number not in cancelled and future.result()}
    assert {int(event.item_id[1:]) for event in lite.history("a")} == kept
    assert kept | cancelled == set(range(200))


@pytest.mark.parametrize("damage", ["text", "torn", "flipped"])
def test_damage_is_found(tmp_path: Path, damage: str) -> None:
    stores = open_stores(tmp_path)
    stores.project("p").append([play(f"u{number}", f"i{number}", number, f"e{number}") for number in range(3_000)])
    stores.close()
    path = tmp_path / "p.sqlite"
    data = bytearray(path.read_bytes())
    if damage == "text":
        data[:100] = b"this is no database\n" * 5
    elif damage == "torn":
        del data[len(data) // 2 :]
    else:
        for page in range(8, len(data) // 4096, 3):
            data[page * 4096 : page * 4096 + 16] = b"\xff" * 16
    path.write_bytes(data)
    with pytest.raises(BadStore, match=r"p\.sqlite.*(damaged|database)") as caught:
        stores = open_stores(tmp_path)
        try:
            stores.project("p").check()
        finally:
            stores.close()
    assert "\n" not in str(caught.value)


def test_a_command_can_run_above_it(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), str(tmp_path / "trouble"), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
