"""Whether an item is in a past: rows under items are made at once (PostgreSQL), or later and for many events (SQLite)."""

from __future__ import annotations

import numpy as np

from penchant.store.project import ProjectStore
from tests.store.choices import check, drawn
from tests.store.events import play


def under_items(store: ProjectStore) -> int:
    return int(store._database.read("SELECT count(*) FROM pasts WHERE part = 1")[0][0])


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
    ((person, upto),) = lite._database.read("SELECT user_id, upto FROM listed JOIN people USING (person)")
    assert (person, upto + 1) == ("many", under_items(lite))
    lite.append([play("many", "late", 3.5)])  # from a time whose rows are made already
    assert upto + 2 == under_items(lite)
    lite.forget("many", 1e6)
    assert (under_items(lite), lite._database.read("SELECT * FROM listed")) == (0, [])
    assert lite.chosen_among("few", ["i1", "late"]) == {"i1"}
