"""A log is sent to a running server once, however often it is sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from penchant.cli import sending
from penchant.event import Interaction, ItemUpdate, UserUpdate
from penchant.service.nouns import Recorded
from penchant.store.protocol import Logged, StoreFull
from tests.cli.running import START, event_rows, run, write_events
from tests.server.asking import server
from tests.server.fake_app import FakeApp
from tests.server.test_run import free_port

LOG_SCHEMA: dict[str, Any] = {
    "kinds": {"play": {}},
    "context": {"place": {"kind": "category"}, "absent": {"kind": "number"}},
    "item_attributes": {"title": {"kind": "text"}, "genres": {"kind": "tags"}},
    "user_attributes": {"group": {"kind": "category"}},
}


class Shop(FakeApp):
    """Declares what the log of the tests has; fills up after `room` events."""

    room = 10_000

    def schema_of(self) -> dict[str, Any]:
        return LOG_SCHEMA

    def record(self, events: Sequence[Logged]) -> Future[tuple[Recorded, ...]]:
        if len(self.log) + len(events) > self.room:
            self.fails_with = StoreFull("full")
        return super().record(events)


@pytest.fixture
def shop() -> Iterator[tuple[str, Shop]]:
    """A server in this process, and its application."""
    app, port = Shop(), free_port()
    config = uvicorn.Config(server(app), port=port, log_level="error", lifespan="off")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}", app
    running.should_exit = True
    thread.join()


def interactions(app: FakeApp) -> list[Interaction]:
    return [event for event in app.log if isinstance(event, Interaction)]


def test_a_log_is_sent_with_circumstances_and_attributes(log: Path, shop: tuple[str, Shop]) -> None:
    url, app = shop
    words = ("ingest", log / "events.csv", "--items", log / "items.csv", "--users", log / "users.csv", "--to", url)
    done = run(*words, "--batch", 50, "--json")
    assert done.code == 0, done.err
    assert done.json["events"] == {
        "rows": 240,
        "unreadable": 0,
        "sent_before": 0,
        "accepted": 240,
        "duplicate": 0,
        "rejected": 0,
    }
    assert done.json["attributes"] == {"items": 8, "people": 12} and done.json["reasons"] == []
    first = min(interactions(app), key=lambda event: event.at)
    # the first row of the log, of the only kind that the server declares
    assert (first.user_id, first.item_id, first.at, first.kind, first.context) == (
        "u0",
        "i0",
        START,
        "play",
        {"place": "home"},
    )
    assert first.event_id is not None and first.event_id.startswith("log:")
    item = next(event for event in app.log if isinstance(event, ItemUpdate) and event.item_id == "i0")
    assert item.features == {"title": "Silver Rain", "genres": ("folk", "slow")}
    person = next(event for event in app.log if isinstance(event, UserUpdate) and event.user_id == "u1")
    assert person.features == {"group": "young"}


def test_a_log_that_is_sent_again_or_has_grown_adds_only_what_is_new(tmp_path: Path, shop: tuple[str, Shop]) -> None:
    url, app = shop
    file = write_events(tmp_path / "events.csv", event_rows(60))
    assert "60 events accepted" in run("ingest", file, "--to", url).err
    assert "0 events accepted, 60 there already" in run("ingest", file, "--to", url).err
    write_events(file, event_rows(100))
    told = run("ingest", file, "--to", url, "--json").json["events"]
    assert (told["accepted"], told["duplicate"]) == (40, 60)
    assert len(interactions(app)) == 100


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path, shop: tuple[str, Shop]) -> None:
    url, app = shop
    file = write_events(tmp_path / "events.csv", event_rows(100))
    app.room = 45
    words = ("ingest", file, "--to", url, "--batch", 10, "--at-once", 1)
    assert "the disk below the store is full" in run(*words).error
    assert len(app.log) == 40
    app.room, app.fails_with = 1_000, None
    done = run(*words, "--json")
    assert done.json["events"]["sent_before"] == 40 and done.json["events"]["accepted"] == 60
    assert "40 of 100 events were sent by an earlier run" in done.err
    assert len({event.event_id for event in interactions(app)}) == 100
    # it went through, so nothing is left of the mark
    assert run(*words, "--json").json["events"]["sent_before"] == 0


def test_what_was_sent_before_can_be_sent_anew(tmp_path: Path, shop: tuple[str, Shop]) -> None:
    url, app = shop
    file = write_events(tmp_path / "events.csv", event_rows(30))
    app.room = 15
    words = ("ingest", file, "--to", url, "--batch", 10, "--at-once", 1)
    assert run(*words).code == 1
    app.room, app.fails_with = 1_000, None
    told = run(*words, "--anew", "--json").json["events"]
    assert (told["sent_before"], told["accepted"], told["duplicate"]) == (0, 20, 10)


def test_bad_rows_are_named_and_left_out(tmp_path: Path, shop: tuple[str, Shop]) -> None:
    url, _ = shop
    rows = "user_id,item_id,timestamp,event\n,a,1700000000,play\nu,a,1700000000,play\nu,b,1700000001,sing\n"
    (tmp_path / "events.csv").write_text(rows, encoding="utf-8")
    done = run("ingest", tmp_path / "events.csv", "--to", url)
    assert done.code == 0
    assert "blank_user: 1" in done.err and "events.csv:2" in done.err
    assert 'not taken: u, b at 1700000001.000: unknown event kind "sing"' in done.err
    assert "1 events accepted, 0 there already, 1 not taken" in done.err


def test_what_cannot_be_sent_is_said_in_one_line(tmp_path: Path, shop: tuple[str, Shop]) -> None:
    url, _ = shop
    (tmp_path / "timeless.csv").write_text("user_id,item_id\nu,a\nu,b\n", encoding="utf-8")
    assert "has no times" in run("ingest", tmp_path / "timeless.csv", "--to", url).error
    file = write_events(tmp_path / "events.csv", event_rows(10))
    nowhere = run("ingest", file, "--to", f"http://127.0.0.1:{free_port()}")
    assert "no answer" in nowhere.error and "is the server running?" in nowhere.error
    assert "url: expected" in run("ingest", file, "--to", "localhost:1").error


def test_a_mark_keeps_no_secret(tmp_path: Path, shop: tuple[str, Shop]) -> None:
    url, app = shop
    file = write_events(tmp_path / "events.csv", event_rows(30))
    app.room = 15
    assert run("ingest", file, "--to", url, "--key", "pk_x_secret", "--batch", 10, "--at-once", 1).code == 1
    from penchant.cli.reading import cache_folder

    marks = list((cache_folder() / "ingest").glob("*.json"))
    assert marks and all("secret" not in mark.name + mark.read_text(encoding="ascii") for mark in marks)
    assert sending.SHOWN_REASONS == 5
