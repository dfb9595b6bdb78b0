"""Faults below SQLite while the real server runs: no false acknowledgement, answers go on, and it recovers by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from penchant.store.url import open_stores
from tests.faults.child import ROOT, Caller, Server, problem, wait_for
from tests.faults.conftest import Start
from tests.store.faulty import NAME

SCRIPT = ROOT / "tests" / "store" / "run_with_faults.py"


@pytest.fixture
def control(tmp_path: Path) -> Path:
    """The file whose words make the disk fail; without it all is well."""
    return tmp_path / "trouble"


@pytest.fixture
def shaky(start: Start, tmp_path: Path, control: Path) -> Callable[[], Server]:
    """Starts a server above the faulty file system."""
    url = f"sqlite:{tmp_path / 'store'}?vfs={NAME}"
    return lambda: start(store=url, program=(str(SCRIPT), str(control)))


def play(number: int, user: str = "ann") -> dict[str, object]:
    return {
        "user_id": user,
        "item_id": f"s{number % 60:04}",
        "event_id": f"e{number}",
        "timestamp": 1_750_000_000 + number,
    }


def kept(folder: Path) -> list[str]:
    """Ids of the events that clients sent and that are in the store, after checking it."""
    stores = open_stores(folder)
    try:
        store = stores.project("default")
        store.check()
        ids = [stored.event.event_id or "" for stored in store.scan()]
        return [one for one in ids if not one.startswith("log:")]
    finally:
        stores.close()


def refused(caller: Caller, status: int) -> None:
    """Nothing that writes succeeds, and what only reads does."""
    problem(caller.send(play(1), play(2)), status)
    problem(caller.ask("PUT", "/v1/items/s0001", {"features": {"genre": "folk"}}), status)
    problem(caller.ask("PUT", "/v1/users/ann", {"features": {"country": "BR"}}), status)
    problem(caller.ask("DELETE", "/v1/users/ann"), status)
    for _ in range(5):
        answer = caller.recommend("ann")
        assert answer.json["history"] == ["e0"] and len(answer.ids) == 10 and not answer.json["fallback"]
    for path in ("/health/live", "/health/ready", "/v1/trending", "/v1/users/ann", "/metrics", "/v1/models"):
        assert caller.get(path).status == 200, path


@pytest.mark.parametrize(
    ("words", "status"), [("full", 507), ("sync", 503), pytest.param("write", 503, marks=pytest.mark.slow)]
)
def test_a_disk_that_takes_nothing_more(
    shaky: Callable[[], Server], tmp_path: Path, control: Path, words: str, status: int
) -> None:
    with shaky() as server, server.caller() as caller:
        assert caller.send(play(0)).json["accepted"] == 1
        control.write_text(words)
        refused(caller, status)
        shown = caller.recommend("ann").json["recommendation_id"]
        control.unlink()
        again = caller.send(*map(play, range(5))).json
        assert (again["accepted"], again["duplicate"]) == (4, 1)
        assert caller.recommend("ann").json["history"][:2] == ["e4", "e3"]
        # the list that was shown meanwhile waited for the disk, and is kept
        assert caller.get(f"/v1/recommendations/{shown}").json["same"] is True
        control.write_text(words)
        problem(caller.send(play(7)), status)
        server.kill()
        assert server.faults() == []
    control.unlink()
    there = kept(tmp_path / "store")
    assert set(there) - {"e7"} == {f"e{number}" for number in range(5)} and len(set(there)) == len(there)


def test_a_disk_that_cannot_be_read_for_a_while(shaky: Callable[[], Server], tmp_path: Path, control: Path) -> None:
    with shaky() as server, server.caller() as caller:
        assert caller.send(*map(play, range(20))).json["accepted"] == 20
        control.write_text("read")
        statuses = set()
        for number in range(30):
            answer = caller.recommend(f"u{number:04}")
            statuses.add(answer.status)
            if answer.status != 200:
                problem(answer, 503)
            sent = caller.send(play(100 + number))
            assert sent.status in (200, 503), sent.body
        control.unlink()
        wait_for(lambda: caller.recommend("ann").status == 200, "an answer after the trouble")
        assert caller.send(play(200)).json["accepted"] == 1
        assert "e200" in caller.recommend("ann").json["history"]
        assert statuses <= {200, 503}
        assert server.faults() == []
    assert "e200" in kept(tmp_path / "store")


def test_a_server_that_starts_on_a_full_disk_says_so(
    shaky: Callable[[], Server], tmp_path: Path, control: Path
) -> None:
    control.write_text("full")
    with pytest.raises(AssertionError, match="ended with 1") as caught, shaky():
        pass
    assert "the disk is full; make room" in str(caught.value) and "Traceback" not in str(caught.value)
    control.unlink()
    with shaky() as server, server.caller() as caller:
        assert caller.send(play(0)).json["accepted"] == 1
    assert kept(tmp_path / "store") == ["e0"]
