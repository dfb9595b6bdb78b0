"""Whether an item is in a past: rows under items are made at once (PostgreSQL), or later and for many events (SQLite)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from penchant.event import Interaction
from penchant.store.layout import SQLITE
from penchant.store.project import ProjectStore
from penchant.store.sqlite import SqliteDatabase
from tests.store.events import play

PEOPLE, ITEMS, KINDS = ("ann", "bea", "cid"), tuple(f"i{n}" for n in range(400)), ("view", "buy")


def drawn(n: int, seed: int) -> list[Interaction]:
    """Events of three people; times mostly rise, one in ten comes late, and many are the same."""
    rng = np.random.default_rng(seed)
    at = np.where(rng.random(n) < 0.1, rng.integers(0, n, n), np.arange(n)) // 3
    people, kinds = rng.choice(3, n, p=(0.8, 0.15, 0.05)), rng.integers(0, 2, n)
    items = rng.integers(0, len(ITEMS), n)
    return [
        play(PEOPLE[who], ITEMS[item], float(when), kind=KINDS[kind])
        for who, item, when, kind in zip(people.tolist(), items.tolist(), at.tolist(), kinds.tolist(), strict=True)
    ]


def check(store: ProjectStore, events: Sequence[Interaction], rng: np.random.Generator) -> None:
    """`events` are all of the log, in its order."""
    for person in PEOPLE:
        before, upto = float(rng.integers(0, len(events) // 3 + 2)), int(rng.integers(0, len(events) + 1))
        for kinds in (None, ["buy"], ["buy", "view"]):
            own = [
                event.item_id
                for event in events[:upto]
                if event.user_id == person and event.at < before and (kinds is None or event.kind in kinds)
            ]
            assert store.chosen_among(person, ITEMS, before=before, upto=upto, kinds=kinds) == set(own)


def under_items(store: ProjectStore) -> int:
    return int(store._database.read("SELECT count(*) FROM past WHERE part = 1")[0][0])


def test_an_item_is_found_whenever_its_row_is_made(store: ProjectStore) -> None:
    events, rng, start = drawn(1_500, seed=3), np.random.default_rng(4), 0
    while start < len(events):
        end = start + int(rng.choice([1, 2, 30, 300]))
        store.append(events[start:end])
        start = min(end, len(events))
        check(store, events[:start], rng)
    assert store.newest_at("ann") == max(event.at for event in events if event.user_id == "ann")


def test_rows_under_items_follow(lite: ProjectStore) -> None:
    """Of a past of 2,000 all but some newest have them; one of 60 has none."""
    lite.append([play("few", f"i{n}", n) for n in range(60)])
    for start in range(0, 2_000, 50):
        lite.append([play("many", f"i{n}", n) for n in range(start, start + 50)])
    assert 1_000 < under_items(lite) <= 2_000 - 64
    ((person, upto),) = lite._database.read("SELECT user_id, upto FROM listed")
    assert (person, upto + 1) == ("many", under_items(lite))
    lite.append([play("many", "late", 3.5)])  # from a time whose rows are made already
    assert upto + 2 == under_items(lite)
    lite.forget("many", 1e6)
    assert (under_items(lite), lite._database.read("SELECT * FROM listed")) == (0, [])
    assert lite.chosen_among("few", ["i1", "late"]) == {"i1"}


def test_pasts_of_an_older_layout(tmp_path: Path) -> None:
    """It had a row under its item for each event, at once."""
    path, events = tmp_path / "p.sqlite", drawn(600, seed=5)
    store = ProjectStore(SqliteDatabase(path, SQLITE.steps), "p")
    store.append(events[:400])
    for sql in (
        "INSERT OR IGNORE INTO past SELECT user_id, 1, item_id, kind, at, place FROM log",
        "DROP TABLE listed",
        "UPDATE layout SET version = 1",
    ):
        store._database.transact(lambda transaction, sql=sql: transaction.rows(sql))  # type: ignore[misc]
    store.close()
    store = ProjectStore(SqliteDatabase(path, SQLITE.steps), "p")
    own = sorted((event.at for event in events[:400] if event.user_id == "ann"), reverse=True)
    assert ("ann", own[64]) in store._database.read("SELECT user_id, upto FROM listed")
    check(store, events[:400], np.random.default_rng(6))
    for start in range(400, 600, 20):
        store.append(events[start : start + 20])
    check(store, events, np.random.default_rng(7))
    store.close()
