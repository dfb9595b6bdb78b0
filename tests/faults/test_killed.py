"""kill -9 in the middle of ingest: every acknowledged event is there exactly once, and the store is whole."""

from __future__ import annotations

import http.client
import os
import random
import signal
import statistics
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from penchant.store.url import open_stores
from tests.faults.child import PATIENCE, ROOT, Server, wait_for
from tests.faults.conftest import Start, prepare

READY_SECONDS = 10.0
"""What the service promises after a kill; held against the median of all rounds."""


@dataclass
class Ledger:
    """What clients sent and what was acknowledged; `open` are batches whose answer never came."""

    sent: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    open: list[list[Mapping[str, Any]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def pour(server: Server, ledger: Ledger, name: str, again: list[list[Mapping[str, Any]]]) -> None:
    """Sends batches, first those that were left open, until the server is gone."""
    number = 0
    with server.caller() as caller:
        while True:
            if again:
                batch = again.pop()
            else:
                number += 1
                batch = [
                    {"user_id": f"u{name}", "item_id": f"s{n:04}", "event_id": f"{name}-{number}-{n}"}
                    for n in range(20)
                ]
            ids = {str(event["event_id"]) for event in batch}
            with ledger.lock:
                ledger.sent |= ids
            try:
                answer = caller.send(*batch)
            except (OSError, http.client.HTTPException):
                with ledger.lock:
                    ledger.open.append(batch)
                return
            assert answer.status == 200 and answer.json["rejected"] == 0, answer.body
            with ledger.lock:
                ledger.acknowledged |= ids


def check_kept(folder: Path, ledger: Ledger) -> None:
    """Every acknowledged event once, nothing that was never sent, and a store without damage."""
    stores = open_stores(folder)
    try:
        store = stores.project("default")
        store.check()
        ids = [stored.event.event_id or "" for stored in store.scan()]
        offsets = [stored.offset for stored in store.scan()]
        there = Counter(one for one in ids if not one.startswith("log:"))
        assert offsets == list(range(1, store.offset() + 1))
        assert ledger.acknowledged - there.keys() == set(), "acknowledged and lost"
        assert there.keys() - ledger.sent == set(), "kept and never sent"
        assert [one for one, count in there.items() if count > 1] == []
    finally:
        stores.close()


def check_kills(start: Start, folder: Path, number: int, workers: int) -> None:
    ledger, draw, seconds = Ledger(), random.Random(number), []
    for turn in range(number):
        with start("--workers", str(workers)) as server:
            seconds.append(server.seconds)
            check_kept(folder, ledger)
            again, ledger.open = ledger.open, []
            before = len(ledger.acknowledged)
            pouring = [
                threading.Thread(target=pour, args=(server, ledger, f"{turn}-{client}", again)) for client in range(3)
            ]
            for thread in pouring:
                thread.start()
            wait_for(lambda enough=before + 200: len(ledger.acknowledged) > enough, "acknowledged events")
            threading.Event().wait(draw.uniform(0.0, 0.5))
            server.kill()
            for thread in pouring:
                thread.join()
            assert server.faults() == []
    with start() as server:
        check_kept(folder, ledger)
        user = next(iter(ledger.acknowledged)).rsplit("-", 2)[0]
        with server.caller() as caller:
            told = caller.get(f"/v1/users/u{user}/export").body.decode()
            mine = {one for one in ledger.acknowledged if one.startswith(f"{user}-")}
            assert len(mine) >= 20 and all(told.count(f'"{one}"') == 1 for one in mine)
            assert len(caller.recommend(f"u{user}").ids) == 10
    assert len(ledger.acknowledged) > 200 * number
    assert statistics.median(seconds) <= READY_SECONDS, seconds


def test_three_kills_during_ingest(start: Start, tmp_path: Path) -> None:
    check_kills(start, tmp_path / "store", 3, workers=1)


@pytest.mark.slow
def test_twenty_kills_during_ingest(start: Start, tmp_path: Path) -> None:
    check_kills(start, tmp_path / "store", 20, workers=1)


@pytest.mark.slow
def test_kills_of_two_workers_during_ingest(start: Start, tmp_path: Path) -> None:
    check_kills(start, tmp_path / "store", 3, workers=2)


def check_power_cuts(start: Start, folder: Path, model: Path, number: int) -> None:
    """The same on a disk that loses at the kill what was not synced, and keeps some of it in no order."""
    ledger, draw = Ledger(), random.Random(number)
    prepare(folder, model)
    for turn in range(number):
        url = f"sqlite:{folder}?vfs=lossy"
        with start(folder=None, store=url, program=(str(ROOT / "tests" / "faults" / "lossy.py"),)) as server:
            again, ledger.open = ledger.open, []
            before = len(ledger.acknowledged)
            pouring = [
                threading.Thread(target=pour, args=(server, ledger, f"{turn}-{client}", again)) for client in range(3)
            ]
            for thread in pouring:
                thread.start()
            wait_for(lambda enough=before + 200: len(ledger.acknowledged) > enough, "acknowledged events")
            threading.Event().wait(draw.uniform(0.0, 0.5))
            server.kill()
            for thread in pouring:
                thread.join()
            assert server.faults() == []
        check_kept(folder, ledger)


def test_two_power_cuts_during_ingest(start: Start, folders: Path, tmp_path: Path) -> None:
    check_power_cuts(start, tmp_path / "store", folders / "knn", 2)


@pytest.mark.slow
def test_eight_power_cuts_during_ingest(start: Start, folders: Path, tmp_path: Path) -> None:
    check_power_cuts(start, tmp_path / "store", folders / "knn", 8)


def test_a_server_whose_only_worker_is_killed_ends_with_a_fault(start: Start, tmp_path: Path) -> None:
    """So that whatever watches over it starts it anew; what was acknowledged is there then."""
    with start() as server:
        with server.caller() as caller:
            assert caller.send({"user_id": "ann", "item_id": "s0001", "event_id": "e1"}).json["accepted"] == 1
        (worker,) = server.workers()
        os.kill(worker, signal.SIGKILL)
        assert server.child.wait(PATIENCE) == 1
    check_kept(tmp_path / "store", Ledger(sent={"e1"}, acknowledged={"e1"}))


@pytest.mark.slow
def test_one_of_two_workers_is_killed_and_comes_back(start: Start) -> None:
    with start("--workers", "2") as server:
        # ready is what one of them says; the one that stays must be there when the other dies
        wait_for(lambda: server.listening() == 2, "both workers")
        first = set(server.workers())
        assert len(first) == 2
        with server.caller() as caller:
            assert caller.send({"user_id": "ann", "item_id": "s0001", "event_id": "e1"}).json["accepted"] == 1
        os.kill(min(first), signal.SIGKILL)
        wait_for(lambda: len(set(server.workers()) - first) == 1, "a new worker")
        for _ in range(20):
            with server.caller() as caller:
                assert caller.recommend("ann").json["history"] == ["e1"]
        assert server.child.poll() is None
