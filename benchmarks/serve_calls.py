"""What `benchmarks.serve` says to the server: the people of a world, their events and their questions, as requests."""

from __future__ import annotations

import json
import select
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import numpy as np

from benchmarks.recording import source_state
from benchmarks.serve_load import Line, Measured, Request, Spec, drive
from benchmarks.serve_process import Server, penchant_server
from benchmarks.serve_world import PAST, SERVED, SIZES, served
from penchant.errors import UserError

K = 10
BATCH, IN_FLIGHT = 100, 4
"""Events of one request, and requests under way at a time, when events are sent in bulk."""

CONNECTIONS = 2
"""Connections of a closed load: while one request is computed, the next is there; more would only be refused, or wait."""


def person(number: int) -> str:
    """The id of a person who is served."""
    return f"guest-{number}"


def event(user: str, item: str, event_id: str, at: float) -> dict[str, Any]:
    return {"user_id": user, "item_id": item, "timestamp": at, "kind": "play", "event_id": event_id}


def pasts(size: str) -> list[list[str]]:
    """What each person did before, oldest first."""
    return [[f"i{item}" for item in row] for row in served(SIZES[size])[0].tolist()]


def post(path: str, body: Any) -> Request:
    return Request(method="POST", path=path, body=json.dumps(body))


def questions(people: Sequence[int] = range(SERVED), **more: Any) -> list[Request]:
    """A question of each of these people, in a random but fixed order."""
    order = np.random.default_rng(7).permutation(np.asarray(people)).tolist()
    return [post("/v1/recommend", {"user_id": person(number), "k": K, **more}) for number in order]


def seeded(server: Server, size: str) -> None:
    """Sends the pasts of all people, in the order of time; one event a minute, the newest an hour ago."""
    now, rows = time.time(), pasts(size)
    events = [
        event(person(number), row[place], f"past-{number}-{place}", now - 3600 - 60 * (PAST - place))
        for place in range(PAST)
        for number, row in enumerate(rows)
    ]
    sent_in_bulk(server, events)


@cache
def filled_store(models: tuple[Path, ...], size: str) -> Path:
    """A store that each of these models was served from once, with everyone's past in it.

    Writing the people of a model folder into a store takes minutes, so it is kept beside the models for as long as the code
    of the package stays the same.
    """
    code = source_state()
    home = models[0].parent / "stores"
    store = home / f"{'-'.join(model.name for model in models)}-{code or 'changed'}"
    if code and store.exists():
        return store
    for old in home.glob(f"{'-'.join(model.name for model in models)}-*"):
        shutil.rmtree(old)
    home.mkdir(exist_ok=True)
    partial = Path(mkdtemp(prefix="partial-", dir=home))
    print(f"filling a store for {size}", file=sys.stderr)
    for model in models[1:]:
        with penchant_server(model, partial):
            pass
    with penchant_server(models[0], partial) as server:
        seeded(server, size)
    with suppress(OSError):  # somebody else was as quick
        partial.rename(store)
    return store


@contextmanager
def serving(models: Sequence[Path], size: str, workers: int = 1) -> Iterator[Server]:
    """A server of the first of `models` on a store of its own that holds everyone's past, warmed up."""
    filled = filled_store(tuple(models), size)
    with TemporaryDirectory(prefix="penchant-serve-") as scratch:
        store = shutil.copytree(filled, Path(scratch) / "store")
        with penchant_server(models[0], store, workers=workers) as server:
            known = server.must("POST", "/v1/recommend", {"user_id": person(0), "k": K})["history"]
            if known[:1] != [f"past-0-{PAST - 1}"]:
                raise UserError(f"{filled}: the store does not hold the pasts; remove it, so that it is filled again")
            drive(questions(), Spec(port=server.port, connections=CONNECTIONS, seconds=3.0))
            yield server


def in_batches(events: Sequence[dict[str, Any]]) -> list[Request]:
    return [post("/v1/events", list(events[at : at + BATCH])) for at in range(0, len(events), BATCH)]


def sent_in_bulk(server: Server, events: Sequence[dict[str, Any]]) -> Measured:
    """Batches of 100 with four under way; raises UserError unless each event was accepted."""
    requests = in_batches(events)
    spec = Spec(port=server.port, connections=IN_FLIGHT, seconds=600, most=len(requests), keep=True)
    found = drive(requests, spec)
    kept = sum(accepted(body) for body in found.bodies)
    if kept != len(events):
        raise UserError(f"{kept} of {len(events)} events were accepted; an answer: {found.bodies[0][:300]}")
    return found


def accepted(body: str) -> int:
    """How many events of a batch were accepted, as its answer says; 0 for an error."""
    return counted(body).get("accepted", 0)


def counted(body: str) -> dict[str, int]:
    """What became of the events of a batch: how many were accepted, duplicate, rejected; nothing for an error."""
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return {name: told[name] for name in ("accepted", "duplicate", "rejected") if name in told}


class Talk:
    """One connection for requests in turn, timed; cheaper than a client library, so that it measures the server."""

    def __init__(self, server: Server) -> None:
        self.line = Line(server.port)

    @property
    def local_port(self) -> int:
        port: int = self.line.sock.getsockname()[1]
        return port

    def ask(self, request: Request) -> tuple[int, Any]:
        """Status and parsed body."""
        self.line.send(0, request.raw())
        while (found := self.line.answer()) is None:
            pass
        return found[0], json.loads(found[1]) if found[1] else None

    def close(self) -> None:
        self.line.sock.close()


def answering_processes(server: Server, talks: Sequence[Talk]) -> list[int]:
    """The process at the other end of each connection, by the kernel's tables: which worker has accepted it.

    A connection that no process holds yet (0) was not accepted so far.
    """
    wanted = {talk.local_port for talk in talks}
    inodes: dict[str, int] = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not Path(table).exists():
            continue
        for row in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            words = row.split()
            here, there = (int(word.rpartition(":")[2], 16) for word in words[1:3])
            if here == server.port and there in wanted:
                inodes[f"socket:[{words[9]}]"] = there
    holder: dict[int, int] = {}
    for pid in server.pids():
        for name in _open_files(pid):
            if name in inodes:
                holder[inodes[name]] = pid
    return [holder.get(talk.local_port, 0) for talk in talks]


def _open_files(pid: int) -> Iterator[str]:
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                yield str(link.readlink())
            except OSError:
                continue  # closed meanwhile
    except OSError:
        return


class Stalled:
    """Connections that send half a head (every other one), or half a body, and then nothing; closed ones are opened again."""

    halves = (
        b"POST /v1/recommend HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-ty",
        b"POST /v1/recommend HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{",
    )

    def __init__(self, server: Server, n: int) -> None:
        self.port, self.opened, self.over = server.port, 0, threading.Event()
        self.socks = [self._open(number) for number in range(n)]
        self.thread = threading.Thread(target=self._tend)

    def _open(self, number: int) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        sock.sendall(self.halves[number % 2])
        self.opened += 1
        return sock

    def _tend(self) -> None:
        while not self.over.wait(0.5):
            closed, _, _ = select.select(self.socks, (), (), 0)
            for sock in closed:
                sock.close()
                place = self.socks.index(sock)
                self.socks[place] = self._open(place)

    def __enter__(self) -> Stalled:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()
        for sock in self.socks:
            sock.close()
