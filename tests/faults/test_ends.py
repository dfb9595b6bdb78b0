"""How a server begins and ends: what it accepted is finished, and nobody shares its port."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from penchant.store.url import open_stores
from tests.faults.child import PATIENCE, Server, command
from tests.faults.conftest import Start


def test_a_port_that_is_taken_is_refused(shared: Server, folders: Path, tmp_path: Path) -> None:
    """Two servers on one port would each get a part of the requests, and know only a part of the events."""
    with shared.caller() as caller:
        second = command("serve", folders / "popular", "--store", tmp_path / "second", "--port", str(shared.port))
        assert second.returncode == 1 and f"127.0.0.1:{shared.port}: cannot listen there" in second.stderr
        assert caller.recommend("ann").json["model_version"].startswith("itemknn")


class Half:
    """A request whose head and half of whose body are sent; the rest comes later."""

    def __init__(self, port: int, path: str, body: Any) -> None:
        text = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(text)}"
        )
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.sendall(head.encode() + b"\r\n\r\n" + text[: len(text) // 2])
        self.rest = text[len(text) // 2 :]

    def finish(self) -> tuple[int, Any]:
        """Sends the rest; status and body of the answer."""
        with self.socket:
            self.socket.sendall(self.rest)
            answer = http.client.HTTPResponse(self.socket)
            answer.begin()
            with answer:
                return answer.status, json.loads(answer.read())


def played(name: str) -> dict[str, str]:
    return {"user_id": "ann", "item_id": "s0001", "event_id": name}


def keep_sending(server: Server, name: str, acknowledged: list[str], lists: list[str]) -> None:
    """Sends events and asks until the server takes no more; a request that was let in must be answered."""
    number = 0
    with server.caller() as caller:
        try:
            while True:
                number += 1
                answer = caller.send({"user_id": name, "item_id": "s0002", "event_id": f"{name}-{number}"})
                assert answer.status == 200, answer.body
                acknowledged.append(f"{name}-{number}")
                lists.append(caller.recommend(name).json["recommendation_id"])
        except (OSError, http.client.HTTPException):
            return


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_a_stop_finishes_what_was_accepted(start: Start, tmp_path: Path, workers: str) -> None:
    acknowledged: list[str] = []
    lists: list[str] = []
    with start("--workers", workers) as server:
        senders = [threading.Thread(target=keep_sending, args=(server, f"p{n}", acknowledged, lists)) for n in range(3)]
        for thread in senders:
            thread.start()
        halves = [Half(server.port, "/v1/events", [played(f"half-{n}")]) for n in range(6)]
        asking = [Half(server.port, "/v1/recommend", {"user_id": "ann", "k": 5}) for _ in range(6)]
        time.sleep(1.0)
        server.child.send_signal(signal.SIGTERM)
        time.sleep(1.0)
        with pytest.raises(OSError), server.caller() as late:
            late.get("/health/live")
        for half in halves:
            status, body = half.finish()
            assert (status, body["accepted"]) == (200, 1)
        for half in asking:
            status, body = half.finish()
            assert status == 200 and len(body["items"]) == 5
            lists.append(body["recommendation_id"])
        assert server.child.wait(PATIENCE) == 0
        for thread in senders:
            thread.join()
        assert server.faults() == []
    acknowledged += [f"half-{n}" for n in range(6)]
    stores = open_stores(tmp_path / "store")
    try:
        store = stores.project("default")
        there = [stored.event.event_id for stored in store.scan()]
        assert len(acknowledged) > 20 and all(there.count(one) == 1 for one in acknowledged)
        # lists, too: those that waited to be kept were kept before the end
        assert [one for one in lists if store.impression(one) is None] == []
        store.check()
    finally:
        stores.close()


@pytest.mark.slow
def test_five_hundred_stalled_sockets_change_nothing(start: Start) -> None:
    with start("--set", "body_timeout=60", "--set", "header_timeout=60") as server:
        with server.caller() as caller:
            before = caller.recommend("u0001", at=1_790_000_000.0).ids
        still = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(500)]
        try:
            for number, one in enumerate(still):
                words = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                one.sendall(words + b"Content-Length: 90\r\n\r\n[{" if number % 2 else words[: number % 60])
            for number in range(100):
                with server.caller() as caller:
                    assert caller.send(played(f"e{number}")).json["accepted"] == 1
                    assert caller.recommend("ann").json["history"][0] == f"e{number}"
                    assert caller.recommend("u0001", at=1_790_000_000.0).ids == before
        finally:
            for one in still:
                one.close()
