"""Forgetting a person while others play and ask: no byte of the id stays, and what is sent again is refused."""

from __future__ import annotations

import secrets
import threading
import time
from pathlib import Path

import pytest

from tests.faults.child import Answer, Caller, Server
from tests.faults.conftest import Start


def files_with(folder: Path, text: str) -> list[str]:
    """Names of the files below a folder that hold the bytes of a text."""
    found = []
    for file in sorted(folder.rglob("*")):
        if file.is_file() and text.encode() in file.read_bytes():
            found.append(file.name)
    return found


class Crowd:
    """Other people, who play and ask without end."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.failed: list[Answer] = []
        self.acknowledged: list[str] = []
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(f"other{n}",)) for n in range(2)]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _run(self, name: str) -> None:
        number = 0
        while not self._stopped.is_set():
            with self.server.caller() as caller:
                for _ in range(20):
                    ids = [f"{name}-{number}-{n}" for n in range(5)]
                    number += 1
                    sent = caller.send(*({"user_id": name, "item_id": "s0003", "event_id": one} for one in ids))
                    asked = caller.recommend(name)
                    self.failed += [one for one in (sent, asked) if one.status != 200]
                    self.acknowledged += ids
                    self._stopped.wait(0.01)


def live(caller: Caller, who: str, number: int) -> None:
    """Leaves traces of a person everywhere: events, sessions, attributes, lists, lists asked for with a past of their own."""
    for turn in range(number):
        event = {
            "user_id": who,
            "item_id": f"s{turn % 60:04}",
            "event_id": f"mine-{turn}",
            "timestamp": 1_760_000_000 + turn,
        }
        assert caller.send({**event, "context": {"mood": "calm"}, "session_id": "evening"}).json["accepted"] == 1
        shown = caller.recommend(who).json["recommendation_id"]
        told = {"user_id": who, "item_id": "s0001", "recommendation_id": shown, "event_id": f"from-{turn}"}
        assert caller.send(told).json["accepted"] == 1
    assert caller.ask("PUT", f"/v1/users/{who}", {"features": {"country": "BR"}}).status == 200
    assert caller.get(f"/v1/recommend/{who}?k=5").status == 200


def check_forgotten(start: Start, tmp_path: Path, workers: int, people: int) -> None:
    store, who = tmp_path / "store", ""
    with start("--workers", str(workers)) as server:
        with Crowd(server) as crowd, server.caller() as caller:
            for _ in range(people):
                who = secrets.token_hex(16)
                live(caller, who, 15)
                assert files_with(store, who) != []
                receipt = caller.ask("DELETE", f"/v1/users/{who}")
                assert receipt.status == 200, receipt.body
                assert files_with(store, who) == []
                assert receipt.json["rows"]["log"] >= 31 and receipt.json["rows"]["impressions"] >= 15
                check_nobody(caller, who)
                # the past is refused, what comes after is another matter
                again = caller.send(
                    *({"user_id": who, "item_id": "s0001", "timestamp": 1_760_000_000 + n} for n in range(9))
                )
                assert (again.json["accepted"], again.json["rejected"]) == (0, 9)
                assert "forgotten" in again.json["events"][0]["reason"]
                assert files_with(store, who) == []
                back = {"user_id": who, "item_id": "s0002", "event_id": f"back-{who[:6]}"}
                assert caller.send(back).json["accepted"] == 1
                assert caller.recommend(who).json["history"] == [f"back-{who[:6]}"]
                assert caller.ask("DELETE", f"/v1/users/{who}").status == 200
                assert files_with(store, who) == []
            # somebody of the model's own log is forgotten as well, and named in the receipt
            receipt = caller.ask("DELETE", "/v1/users/u0001")
            assert receipt.json["rows"]["log"] > 10 and receipt.json["trained_versions"] and receipt.json["outside"]
        assert crowd.failed == [] and len(crowd.acknowledged) > 20
        with server.caller() as caller:
            kept = caller.get("/v1/users/other0/export").body.decode()
        assert all(f'"{one}"' in kept for one in crowd.acknowledged if one.startswith("other0-"))
        server.kill()
        assert server.faults() == []
    assert files_with(store, who) == []
    with start() as server, server.caller() as caller:
        check_nobody(caller, who)
        check_nobody(caller, "u0001")  # the same folder again does not bring the person back
        old = {"user_id": who, "item_id": "s0001", "timestamp": 1_760_000_000.5}
        assert caller.send(old).json["rejected"] == 1
    assert files_with(store, who) == [] and who not in server.said.read_text()


def check_nobody(caller: Caller, who: str) -> None:
    """Nothing is told of a person."""
    assert caller.get(f"/v1/users/{who}").status == 404
    assert caller.get(f"/v1/users/{who}/export").status == 404


def test_a_person_is_forgotten_while_others_go_on(start: Start, tmp_path: Path) -> None:
    check_forgotten(start, tmp_path, workers=1, people=1)


@pytest.mark.slow
def test_people_are_forgotten_with_two_workers(start: Start, tmp_path: Path) -> None:
    check_forgotten(start, tmp_path, workers=2, people=5)


def test_events_ahead_of_the_clock_are_forgotten_too(shared: Server) -> None:
    """A phone whose clock is a little fast sends again what it sent before: that is refused as well."""
    who = secrets.token_hex(16)
    early = {"user_id": who, "item_id": "s0001", "timestamp": time.time() + 200, "event_id": f"early-{who[:6]}"}
    with shared.caller() as caller:
        assert caller.send(early).json["accepted"] == 1
        assert caller.ask("DELETE", f"/v1/users/{who}").status == 200
        assert caller.send(early).json["rejected"] == 1
        check_nobody(caller, who)
    assert files_with(shared.said.parent, who) == []
