"""Bringing databases forward, refusing strange ones, and how questions are answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import apsw
import numpy as np
import pytest

from penchant.store import reading, sqlite
from penchant.store.database import Database
from penchant.store.layout import SQLITE
from penchant.store.project import ProjectStore
from penchant.store.protocol import BadStore
from penchant.store.sqlite import SqliteDatabase, refuse_old
from tests.store.events import play

Opener = Callable[[tuple[tuple[str, ...], ...]], Database]


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens one database with some steps, once on each backend."""
    if request.param == "sqlite":
        return lambda steps: SqliteDatabase(tmp_path / "p.sqlite", steps)
    from penchant.store.postgres import PostgresDatabase

    url = request.getfixturevalue("postgres_url")
    return lambda steps: PostgresDatabase(url, "penchant_p", steps)


def _steps(database: Opener) -> tuple[tuple[str, ...], ...]:
    opened = database(())
    opened.close()
    return opened.dialect.steps


def test_an_old_layout_is_brought_forward(database: Opener) -> None:
    """A second step, put in by the test, finds the data of the first one and is run once."""
    first = _steps(database)
    store = ProjectStore(database(first), "p")
    store.append([play("a", "i", 1.0, "x")])
    store.close()
    second = ("ALTER TABLE log ADD COLUMN place_of_birth text", "UPDATE log SET place_of_birth = 'layout 1'")
    for _ in range(2):
        store = ProjectStore(database((*first, second)), "p")
        assert store._database.read("SELECT place_of_birth FROM log")[0][0] == "layout 1"
        assert store._database.read("SELECT version FROM layout") == [(len(first) + 1,)]
        store.append([play("a", "j", 2.0)])
        assert [event.item_id for event in store.history("a")][:2] == ["i", "j"]
        store.close()


def test_a_newer_layout_is_refused(database: Opener) -> None:
    first = _steps(database)
    database((*first, ("CREATE TABLE more (a text)",))).close()
    with pytest.raises(
        BadStore, match=f"has layout {len(first) + 1}, this version of penchant knows up to {len(first)}"
    ):
        database(first)


def test_a_step_that_fails_changes_nothing(database: Opener) -> None:
    first = _steps(database)
    ProjectStore(database(first), "p").close()
    with pytest.raises(Exception, match="nowhere"):
        database((*first, ("CREATE TABLE more (a text)", "INSERT INTO nowhere VALUES (1)")))
    again = database(first)
    assert again.read("SELECT version FROM layout") == [(len(first),)]
    again.close()


def test_many_openers_of_nothing(database: Opener) -> None:
    """Ten threads open a database that is not there yet: one makes it, all find it made."""
    first = _steps(database)
    opened: list[Database] = []
    threads = [Thread(target=lambda: opened.append(database(first))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.read("SELECT version FROM layout") for one in opened] == [[(len(first),)]] * 10
    for one in opened:
        one.close()


def test_another_programs_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "p.sqlite"
    foreign = apsw.Connection(str(path))
    foreign.execute("CREATE TABLE theirs (a)")
    foreign.close()
    before = path.read_bytes()
    with pytest.raises(BadStore, match="another program"):
        SqliteDatabase(path, SQLITE.steps)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", ["3.51.2", "3.9.99", "2.99.99"])
def test_an_old_sqlite_is_refused(version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for good in ("3.51.3", "3.52.0", "4.0.0", "3.51.10"):
        refuse_old(good)
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: version)
    with pytest.raises(BadStore, match=rf"expected SQLite 3\.51\.3 or newer, got {version}"):
        SqliteDatabase(tmp_path / "p.sqlite", SQLITE.steps)


def test_a_commit_is_synced(lite: ProjectStore) -> None:
    writer: Any = lite._database
    assert writer._writer().pragma("synchronous") == 2  # FULL: the log is synced at every commit
    assert writer._writer().pragma("secure_delete") == 1
    assert writer._writer().pragma("journal_mode") == "wal"


def test_the_log_file_is_emptied_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_PAGES_BEFORE_CHECKPOINT", 100)
    store = ProjectStore(SqliteDatabase(tmp_path / "p.sqlite", SQLITE.steps), "p")
    for turn in range(60):  # each writes 60 pages at least
        store.append(
            [play(f"u{turn}-{n * 7919 % 4999}", f"i{n}", n, f"{n * 7919 % 4999}-{turn}") for n in range(1_000)]
        )
    assert 60 * 4_096 < (tmp_path / "p.sqlite-wal").stat().st_size < 1_000 * 4_096
    assert (tmp_path / "p.sqlite").stat().st_size > 1_000 * 4_096
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["p.sqlite"]


def test_numbers_survive_the_way_through_json(lite: ProjectStore) -> None:
    """SQLite reads numbers from text when it takes rows: every bit of a float must come through."""
    rng = np.random.default_rng(5)
    numbers = [*rng.uniform(1e9, 2e9, 2_000), *rng.uniform(-1, 1, 2_000), *np.exp(rng.uniform(-600, 600, 2_000))]
    numbers += [0.0, 5e-324, 1.7976931348623157e308, 2.0**53 + 1, 0.1 + 0.2]
    events = [play("a", "i", float(at), value=float(value)) for at, value in zip(numbers, numbers[::-1], strict=True)]
    lite.append(events)
    assert [(one.event.at, one.event.value) for one in lite.scan()] == [(event.at, event.value) for event in events]  # type: ignore[union-attr]


def test_every_question_has_an_index(lite: ProjectStore) -> None:
    """SQLite plans without statistics here, so the plans of an empty database are those of a full one."""
    own, pasts = " AND user_id = ?", SQLITE.pasts
    questions = {
        "history": pasts.history,
        "newest_at": pasts.newest_at,
        "chosen": pasts.chosen.format(kinds=""),
        "chosen of a kind": pasts.chosen.format(kinds=" AND kind IN (?)"),
        "own events": pasts.own_events,
        "forget": f"DELETE FROM log WHERE place IN ({pasts.own_places})",
        "forget the past": pasts.after_delete[0],
        "forget what is listed": pasts.after_delete[1],
        "forget the rest": "DELETE FROM log WHERE place IN (SELECT place FROM log WHERE type <> 1 AND user_id = ?)",
        "scan": reading._SCAN.format(columns="type", which=""),
        "scan of updates": reading._SCAN.format(columns="type", which=" AND type <> 1 AND type IN (2, 4)"),
        "item": reading._ITEM,
        "user": reading._USER,
        "lists": reading._LISTS.format(whose=""),
        "own lists": reading._LISTS.format(whose=own),
        "start of own lists": reading._LISTS_START.format(whose=own),
    }
    for name, sql in questions.items():
        plan = plan_of(lite, sql)
        slow = [step for step in plan if step.startswith("SCAN") and "VIRTUAL" not in step or "TEMP B-TREE" in step]
        assert (name, slow) == (name, [])
    assert any("(user_id=? AND part=? AND item_id=?" in step for step in plan_of(lite, questions["chosen"]))


def plan_of(lite: ProjectStore, sql: str) -> list[str]:
    """The steps of a plan; values are ``?``, or ``?1`` and so on for one that is used more than once."""
    values = len(set(re.findall(r"\?\d+", sql))) + len(re.findall(r"\?(?!\d)", sql))
    return [row[3] for row in lite._database.read(f"EXPLAIN QUERY PLAN {sql}", [None] * values)]
