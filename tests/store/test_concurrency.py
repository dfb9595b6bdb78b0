"""Many threads and processes at once, and the death of one: what was acknowledged is there, once, at its offset."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from penchant.event import Interaction
from penchant.store.layout import SQLITE
from penchant.store.project import ProjectStore
from penchant.store.stores import OpenStores
from penchant.store.url import open_stores
from tests.store.appending_child import BATCH
from tests.store.events import play

CHILD = Path(__file__).with_name("appending_child.py")


def test_threads_share_commits(store: ProjectStore) -> None:
    """Each of four threads sends 40 batches, every event twice: once by itself and once by its neighbour."""
    fates: dict[int, list] = {thread: [] for thread in range(4)}

    def send(thread: int) -> None:
        for number in range(40):
            names = [f"{(thread + turn) % 4}-{number}" for turn in (0, 1)]
            fates[thread].append(store.append([play(name, "i", number, name) for name in names]))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [one for pairs in fates.values() for pair in pairs for one in pair]
    assert sorted(one.status for one in told) == ["accepted"] * 160 + ["duplicate"] * 160
    assert sorted(one.offset for one in told if one.status == "accepted") == list(range(1, 161))
    assert sorted(one.offset for one in told if one.status == "duplicate") == list(range(1, 161))
    log = [one.event for one in store.scan()]
    for sender, pairs in fates.items():
        for number, pair in enumerate(pairs):
            for turn, one in enumerate(pair):
                assert log[one.offset - 1].event_id == f"{(sender + turn) % 4}-{number}"


def test_an_offset_never_changes_while_others_write(store: ProjectStore) -> None:
    """What a reader sees up to an offset it was given is the same ever after."""
    ended = threading.Event()

    def write(name: str) -> None:
        number = 0
        while not ended.is_set():
            store.append([play("a", f"{name}{number}", number % 7), play("b", "i", 1.0)])
            number += 1

    threads = [threading.Thread(target=write, args=(name,)) for name in "xy"]
    for thread in threads:
        thread.start()
    seen = []
    for _ in range(60):
        upto = store.offset()
        seen.append((upto, store.history("a", upto=upto)))
        assert [one.offset for one in store.scan(max(upto - 20, 0), upto)] == list(
            range(max(upto - 20, 0) + 1, upto + 1)
        )
    ended.set()
    for thread in threads:
        thread.join()
    assert all(store.history("a", upto=upto) == history for upto, history in seen)


def acknowledged(output: str) -> dict[int, int]:
    """Number of an event -> its offset, from whole lines of a child's output."""
    found = {}
    for line in output.splitlines(keepends=True):
        if line.endswith("\n"):
            first, *offsets = map(int, line.split())
            found.update({first + place: offset for place, offset in enumerate(offsets)})
    return found


@pytest.mark.parametrize("rounds", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_kill_loses_nothing_that_was_acknowledged(url: str, rounds: int, tmp_path: Path) -> None:
    """Two children append to one project and are killed in the middle, over and over."""
    rng = np.random.default_rng(rounds)
    expected: dict[str, int] = {}
    for turn in range(rounds):
        names = [f"r{turn}-{number}" for number in range(2)]
        children = [
            subprocess.Popen([sys.executable, str(CHILD), url, "p", name], stdout=subprocess.PIPE, text=True)
            for name in names
        ]
        outputs = []
        for child in children:
            assert child.stdout is not None
            outputs.append(child.stdout.readline())
        time.sleep(float(rng.uniform(0.0, 0.3)))
        for child in children:
            child.kill()
        for name, child, first in zip(names, children, outputs, strict=True):
            rest, _ = child.communicate()
            found = acknowledged(first + rest)
            assert len(found) >= BATCH
            expected.update({f"{name}-{number}": offset for number, offset in found.items()})
        stores = open_stores(url)
        store = stores.project("p")
        store.check()
        # a server may still finish what a killed client had asked of it
        upto = store.offset()
        log = list(store.scan(upto=upto))
        assert [one.offset for one in log] == list(range(1, upto + 1))
        kept = {str(one.event.event_id): one.offset for one in log}
        assert len(kept) == len(log)
        assert {event_id: kept.get(event_id) for event_id in expected} == expected
        stores.close()


@pytest.mark.slow
def test_a_person_with_a_million_events(url: str, opened: Callable[[str], OpenStores]) -> None:
    """Questions about one long past read a small part of it."""
    store = opened(url).project("p")
    for start in range(0, 1_000_000, 10_000):
        numbers = range(start, start + 10_000)
        store.append([Interaction(user_id="long", item_id=f"i{n % 5_000}", at=float(n)) for n in numbers])
    items = [f"i{n}" for n in range(0, 10_000, 20)]
    assert [event.at for event in store.history("long", before=500_000.0, last=2)] == [499_998.0, 499_999.0]
    assert len(store.history("long", last=1000)) == 1_000
    assert len(store.chosen_among("long", items)) == 250
    assert store.chosen_among("long", items, kinds=["buy"]) == frozenset()
    assert store.newest_at("long") == 999_999.0
    pasts = store._database.dialect.pasts
    buy = ["buy"] * pasts.chosen.count("{kinds}")
    questions = {
        pasts.history: ("long", 1e9, 10**9, 1000),
        pasts.newest_at: ("long",),
        pasts.chosen.format(kinds=""): (json.dumps(items), "long", 1e9, 10**9),
        pasts.chosen.format(kinds=" AND kind IN (?)"): (json.dumps(items), "long", 1e9, 10**9, *buy),
    }
    for sql, values in questions.items():
        assert work(store, sql, values) < 20_000, sql


def work(store: ProjectStore, sql: str, values: tuple) -> int:
    """What an answer takes: instructions of SQLite's machine (in hundreds, times 100), or pages of PostgreSQL.

    Reading all of a million events takes several million of the former and more than 20,000 of the latter.
    """
    if store._database.dialect is SQLITE:
        calls = count()
        cursor = store._database._reader()  # type: ignore[attr-defined]
        cursor.connection.set_progress_handler(lambda: next(calls) < 0, 100)  # False goes on
        cursor.execute(sql, values).fetchall()
        cursor.connection.close()
        return 100 * next(calls)
    plan = store._database.read(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", values)[0][0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
