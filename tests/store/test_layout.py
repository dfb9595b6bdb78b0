"""Bringing databases forward, refusing strange ones, and how questions are answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import apsw
import numpy as np
import pytest

from penchant.event import Interaction
from penchant.store import reading, sqlite
from penchant.store.database import Database, Transaction
from penchant.store.layout import SQLITE
from penchant.store.project import ProjectStore
from penchant.store.protocol import BadStore
from penchant.store.sqlite import SqliteDatabase, refuse_old
from tests.store.choices import check, drawn
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


def of_the_first_layout(path: Path, events: Sequence[Interaction]) -> None:
    """A file as the first layout left it, with a row under its time and one under its item for each event."""
    new = ProjectStore(SqliteDatabase(path.with_suffix(".new"), SQLITE.steps), "p")
    new.append(events)
    rows = new._database.read("SELECT * FROM log")
    new.close()
    old = SqliteDatabase(path, SQLITE.steps[:1])

    def fill(transaction: Transaction) -> None:
        for row in rows:
            transaction.rows(f"INSERT INTO log VALUES ({', '.join('?' * len(row))})", row)
        transaction.rows(
            "INSERT INTO past SELECT user_id, 0, '', '', at, place FROM log UNION ALL "
            "SELECT user_id, 1, item_id, kind, at, place FROM log"
        )
        transaction.rows("UPDATE counters SET value = ? WHERE name = 'offset'", (len(rows),))

    old.transact(fill)
    old.close()


def test_pasts_of_the_first_layout_are_brought_forward(tmp_path: Path) -> None:
    """Its events are read, chosen among and forgotten as if written today."""
    events = [
        play(person, f"i{n % 5}", float(n * 7 % 11), f"{person}-{n}" if n % 3 else None, **words)
        for n in range(40)
        for person in ("ann", "bob", "eve")
        for words in ({"kind": "buy", "value": 2.5} if n % 4 else {"context": {"mood": "calm"}, "session_id": "s"},)
    ]
    of_the_first_layout(tmp_path / "p.sqlite", events)
    store = ProjectStore(SqliteDatabase(tmp_path / "p.sqlite", SQLITE.steps), "p")
    new = ProjectStore(SqliteDatabase(tmp_path / "new.sqlite", SQLITE.steps), "p")
    new.append(events)
    # rows under items are made later today, and stood there at once
    questions = ("SELECT * FROM people", "SELECT * FROM pasts WHERE part = 0")
    for sql in questions:
        assert store._database.read(sql) == new._database.read(sql)
    for each in (store, new):
        each.append([play("ann", "later", 100.0), play("dan", "first", 1.0)])
        each.forget("eve", 200.0)
    for sql in questions:
        found = store._database.read(sql)
        assert found == new._database.read(sql) and len(found) in (3, 82)
    assert store._database.read("SELECT count(*) FROM pasts WHERE part = 1") == [(80,)]
    for person in ("ann", "bob", "dan", "eve"):
        assert store.history(person) == new.history(person)
        assert store.chosen_among(person, ["i1", "later", "x"]) == new.chosen_among(person, ["i1", "later", "x"])
    assert len(store.history("ann")) == 41 and store.history("eve") == ()
    assert store._database.read("SELECT count(*) FROM sqlite_schema WHERE name = 'past'") == [(0,)]
    store.close()
    new.close()


def test_long_pasts_of_the_first_layout_are_listed(tmp_path: Path) -> None:
    events = drawn(600, seed=5)
    of_the_first_layout(tmp_path / "p.sqlite", events[:400])
    store = ProjectStore(SqliteDatabase(tmp_path / "p.sqlite", SQLITE.steps), "p")
    own = sorted((event.at for event in events[:400] if event.user_id == "ann"), reverse=True)
    assert ("ann", own[64]) in store._database.read("SELECT user_id, upto FROM listed JOIN people USING (person)")
    check(store, events[:400], np.random.default_rng(6))
    for start in range(400, 600, 20):
        store.append(events[start : start + 20])
    check(store, events, np.random.default_rng(7))
    store.close()


def test_a_newer_layout_is_refused(database: Opener) -> None:
    first = _steps(database)
    database((*first, ("CREATE TABLE more (a text)",))).close()
    n = len(first)
    with pytest.raises(BadStore, match=f"has layout {n + 1}, this version of penchant knows up to {n}"):
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
        "past": pasts.newest,
        "forget what is listed": pasts.after_delete[0],
        "forget the past": pasts.after_delete[1],
        "forget the number": pasts.after_delete[2],
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
    assert any("(person=? AND part=? AND item_id=?" in step for step in plan_of(lite, questions["chosen"]))


def plan_of(lite: ProjectStore, sql: str) -> list[str]:
    """The steps of a plan; values are ``?``, or ``?1`` and so on for one that is used more than once."""
    values = len(set(re.findall(r"\?\d+", sql))) + len(re.findall(r"\?(?!\d)", sql))
    return [row[3] for row in lite._database.read(f"EXPLAIN QUERY PLAN {sql}", [None] * values)]
