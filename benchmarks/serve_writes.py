"""Rows of `benchmarks.serve` about events: read your own write, and durable ingest."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.serve_calls import (
    BATCH,
    IN_FLIGHT,
    K,
    Talk,
    answering_processes,
    counted,
    event,
    in_batches,
    person,
    post,
    sent_in_bulk,
    serving,
)
from benchmarks.serve_load import Spec, drive
from benchmarks.serve_process import Server
from benchmarks.serve_world import SERVED

LINES = 6
"""Connections for writing, and as many for reading, so that both workers hold some of each."""


def own_writes(model: Path, size: str, workers: int, n: int) -> dict[str, Any]:
    """Plays the first item of a person's list, and asks again at once, on another connection: the item must be gone.

    Repeats are excluded in this world, so a list that still holds the item was made without the event.
    """
    with serving([model], size, workers) as server:
        alone = Talk(server)
        first = {number: asked(alone, number)["items"][0]["item_id"] for number in range(min(n, SERVED))}
        # only now: the server lets go of connections that say nothing for some seconds
        writers, readers, processes = spread(server, workers)
        changed, named, behind, wrong, pairs = 0, 0, 0, [], Counter[str]()
        acknowledged, answered = np.zeros(n), np.zeros(n)
        for turn in range(n):
            number = turn % SERVED
            writer, reader = turn % len(writers), (turn * 5 + turn // len(writers)) % len(readers)
            item, begun = first[number], time.perf_counter()
            sent = event(person(number), item, f"own-{turn}", time.time())
            status, told = writers[writer].ask(post("/v1/events?detail=all", [sent]))
            acknowledged[turn] = time.perf_counter() - begun
            found = asked(readers[reader], number)
            answered[turn] = time.perf_counter() - begun
            items = [one["item_id"] for one in found["items"]]
            taken = status < 300 and _offset(told) is not None
            good = taken and len(items) == K and item not in items
            changed += good
            named += found.get("history", [None])[0] == f"own-{turn}"
            behind += taken and "log_offset" in found and found["log_offset"] < (_offset(told) or 0)
            if not good and len(wrong) < 5:
                wrong.append({"turn": turn, "item": item, "status": status, "told": told, "items": items})
            first[number] = items[0]
            same = processes["write"][writer] == processes["read"][reader]
            pairs["same process" if same else "another process"] += 1
        return {
            "workers": workers, "events": n, "changed_the_next_answer": changed, "answers_that_name_the_event": named,
            "answers_behind_the_event": int(behind),
            "processes_that_answered": len({*processes["write"], *processes["read"]}), "pairs": dict(pairs),
            "wrong": wrong, "acknowledged_ms": quantiles(acknowledged), "event_to_changed_list_ms": quantiles(answered),
            "share_changed": changed / n, "event_to_changed_list_p95_ms": float(1000 * np.percentile(answered, 95)),
        }  # fmt: skip


def spread(server: Server, workers: int) -> tuple[list[Talk], list[Talk], dict[str, list[int]]]:
    """Connections for writing and for reading; more are opened until each worker holds one of both kinds."""
    kinds: list[list[Talk]] = []
    held: list[list[int]] = []
    for _ in range(2):
        talks: list[Talk] = []
        pids: list[int] = []
        while len(talks) < 40 and (len(talks) < LINES or len(set(pids)) < workers):
            talks.append(Talk(server))
            talks[-1].ask(post("/v1/recommend", {"user_id": person(0), "k": K}))  # accepted for certain after this
            pids = answering_processes(server, talks)
        kinds.append(talks)
        held.append(pids)
    return kinds[0], kinds[1], {"write": held[0], "read": held[1]}


def asked(talk: Talk, number: int) -> Any:
    """A person's list; anything but success ends the row."""
    status, found = talk.ask(post("/v1/recommend", {"user_id": person(number), "k": K}))
    if status != 200:
        raise RuntimeError(f"recommend: status {status}: {found}")
    return found


def _offset(told: Any) -> int | None:
    """The place in the log of the one event that was accepted."""
    rows = (told or {}).get("events") or [{}]
    return int(rows[0]["offset"]) if rows[0].get("status") == "accepted" else None


def quantiles(seconds: np.ndarray) -> dict[str, float]:
    found = np.percentile(1000 * seconds, [50, 95, 99])
    return {"p50": float(found[0]), "p95": float(found[1]), "p99": float(found[2]), "max": float(1000 * seconds.max())}


def ingest(model: Path, size: str, runs: int, events: int) -> dict[str, Any]:
    """Batches of 100, four in flight, acknowledged when durable; then the first batch again, which must all be duplicates."""
    with tempfile.TemporaryDirectory() as folder:
        limit = {
            "fsyncs_per_second": fsyncs(Path(folder)),
            "events_per_second_of_bare_sqlite": bare_sqlite(Path(folder)),
        }
    with serving([model], size) as server:
        turns = []
        for run in range(runs + 1):  # the first one warms up
            now = time.time()
            sent = [
                event(person(i % SERVED), f"i{i % 1000}", f"run-{run}-{i}", now - 1e-3 * (events - i))
                for i in range(events)
            ]
            cpu = server.cpu_seconds()
            found = sent_in_bulk(server, sent)
            cpu = server.cpu_seconds() - cpu
            turns.append(
                {"events_per_second": events / found.seconds, "events_per_server_cpu_second": events / cpu}
                | {"batch_p50_ms": found.told()["p50_ms"], "batch_p99_ms": found.told()["p99_ms"]}
            )
        again = drive(in_batches(sent[:BATCH]), Spec(port=server.port, connections=1, seconds=60, most=1, keep=True))
    turns = turns[1:]
    pace = median(turn["events_per_second"] for turn in turns)
    return {
        "events": events, "batch": BATCH, "in_flight": IN_FLIGHT, "turns": turns, "events_per_second": pace,
        "sent_again": counted(again.bodies[0]),
        **limit, "share_of_bare_sqlite": pace / limit["events_per_second_of_bare_sqlite"],
        "events_per_second_if_only_fsync_cost": BATCH * IN_FLIGHT * limit["fsyncs_per_second"],
    }  # fmt: skip


def fsyncs(folder: Path) -> float:
    """How often 64 KB can be appended to a file and made durable here in a second: what a commit of 400 events writes."""
    block, n = os.urandom(64 * 1024), 200
    with (folder / "probe").open("wb", buffering=0) as file:
        begun = time.perf_counter()
        for _ in range(n):
            file.write(block)
            os.fdatasync(file.fileno())
        return n / (time.perf_counter() - begun)


def bare_sqlite(folder: Path, n: int = 40_000) -> float:
    """Events a second that SQLite alone keeps, durable in commits of 400: one table, one index, unique ids, no checks."""
    import apsw

    link = apsw.Connection(str(folder / "bare.sqlite"))
    link.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
    link.execute("CREATE TABLE log (place INTEGER PRIMARY KEY, person, item, at, kind, event UNIQUE)")
    link.execute("CREATE INDEX past ON log (person, at)")
    rng = np.random.default_rng(3)
    rows = [(f"guest-{u}", f"i{i}", float(t), 1, f"e-{t}") for t, (u, i) in enumerate(rng.integers(2000, size=(n, 2)))]
    begun = time.perf_counter()
    for at in range(0, n, BATCH * IN_FLIGHT):
        with link:
            link.executemany(
                "INSERT INTO log (person, item, at, kind, event) VALUES (?, ?, ?, ?, ?)",
                rows[at : at + BATCH * IN_FLIGHT],
            )
    pace = n / (time.perf_counter() - begun)
    link.close()
    return pace
