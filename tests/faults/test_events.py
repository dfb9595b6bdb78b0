"""Events that come twice, late, early or by the million, and items that go while somebody asks."""

from __future__ import annotations

import random
import statistics
import threading
import time
from pathlib import Path

import pytest

from penchant.event import Interaction
from penchant.store.url import open_stores
from tests.faults.child import Answer, Server
from tests.faults.conftest import Start, prepare

DAY = 86_400.0


def test_duplicates_and_events_in_any_order(shared: Server) -> None:
    """The past is a set with times: whatever the order and however often it is sent, the same list comes."""
    draw, now = random.Random(5), time.time() - 10 * DAY
    events = [
        {
            "item_id": f"s{draw.randrange(60):04}",
            "timestamp": now + 60 * n,
            "event_id": f"-{n}",
            "context": {"mood": "calm"},
        }
        for n in range(60)
    ]

    def of(user: str, past: list[dict[str, object]]) -> list[dict[str, object]]:
        return [{**event, "user_id": user, "event_id": f"{user}{event['event_id']}"} for event in past]

    with shared.caller() as caller:
        assert caller.send(*of("in-order", events)).json["accepted"] == 60
        shuffled = of("shuffled", events)
        draw.shuffle(shuffled)
        for event in shuffled:
            assert caller.send(event, event).json["duplicate"] == 1
        assert caller.send(*shuffled[:30], *shuffled).json["duplicate"] == 90
        # the first one counts: the same id with other words changes nothing
        changed = [{**event, "item_id": "s0079", "timestamp": now + 1} for event in shuffled]
        assert caller.send(*changed).json["duplicate"] == 60
        # two clients at once
        pair = [threading.Thread(target=send_all, args=(shared, of("twice", events))) for _ in range(2)]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
        lists = {}
        for user in ("in-order", "shuffled", "twice"):
            answer = caller.recommend(user, k=20, at=now + DAY, context={"mood": "calm"})
            lists[user] = [(item["item_id"], round(item["score"], 6)) for item in answer.json["items"]]
            assert answer.json["history"] == [f"{user}-{n}" for n in range(59, 39, -1)]
            assert caller.get(f"/v1/users/{user}").json["events"] == 60
        assert lists["in-order"] == lists["shuffled"] == lists["twice"]


def send_all(server: Server, events: list[dict[str, object]]) -> None:
    with server.caller() as caller:
        for event in events:
            assert caller.send(event).json["rejected"] == 0


def test_events_of_other_times(shared: Server) -> None:
    """What is far ahead is refused in words; what is a little ahead counts; a question about the past knows only that past."""
    now = time.time()
    good = {"old": now - 3_000 * DAY, "first": -60.0, "soon": now + 200, "text": "2024-02-29T23:59:59.5+05:30"}
    bad = {
        "far": now + 3_600, "milliseconds": now * 1000, "huge": 1e300, "no-day": "2023-02-29", "words": "yesterday",
        "leap": "2016-12-31T23:59:61Z", "nothing": "", "listed": [now], "flag": True,
    }  # fmt: skip
    with shared.caller() as caller:
        for name, at in good.items():
            event = {"user_id": f"u-{name}", "item_id": "s0001", "timestamp": at, "event_id": name}
            assert caller.send(event).json["accepted"] == 1, name
            assert caller.recommend(f"u-{name}").json["history"] == [name]
        for name, sent in bad.items():
            answer = caller.send({"user_id": f"u-{name}", "item_id": "s0001", "timestamp": sent})
            told = answer.json
            assert (told["accepted"], told["rejected"]) == (0, 1), name
            assert "timestamp" in told["events"][0]["reason"], told
            assert caller.get(f"/v1/users/u-{name}").status == 404
        for word in (b'"timestamp": NaN', b'"timestamp": 1e999', b'"value": 1e999', b'"value": Infinity'):
            answer = caller.ask("POST", "/v1/events", b'{"user_id": "a", "item_id": "s0001", ' + word + b"}")
            assert answer.status == 400 or answer.json["rejected"] == 1
        assert caller.recommend("u-soon", at=now).json["history"] == []
        assert caller.recommend("u-old", at=now - 3_001 * DAY).json["history"] == []
        assert shared.faults() == []


class Deleter:
    """Deletes items one after another; `gone` holds those whose deletion is acknowledged."""

    def __init__(self, server: Server, items: list[str]) -> None:
        self.server, self.items = server, items
        self.gone: tuple[str, ...] = ()

    def run(self) -> None:
        with self.server.caller() as caller:
            for number, item in enumerate(self.items):
                if number % 2:
                    sent = caller.ask("DELETE", f"/v1/items/{item}")
                else:
                    sent = caller.ask("PUT", f"/v1/items/{item}", {"available": False})
                assert sent.status == 200, sent.body
                self.gone = (*self.gone, item)
                time.sleep(0.02)


def ask_all(server: Server, deleter: Deleter, name: str, found: list[tuple[Answer, set[str]]]) -> None:
    """Asks until all items are gone; notes answers that hold an item whose deletion was acknowledged before the question."""
    ways = (
        lambda caller: caller.recommend(name, k=80, repeats="allow"),
        lambda caller: caller.recommend(None, k=80, exact=True),
        lambda caller: caller.get(f"/v1/recommend/{name}?k=80"),
        lambda caller: caller.get("/v1/trending?k=80"),
        lambda caller: caller.get("/v1/items/s0079/similar?k=80"),
        lambda caller: caller.ask("POST", "/v1/rank", {"user_id": name, "items": [f"s{n:04}" for n in range(80)]}),
    )
    turn = 0
    while len(deleter.gone) < len(deleter.items) or turn < len(ways):
        with server.caller() as caller:
            for way in ways:
                turn += 1
                gone = set(deleter.gone)
                answer = way(caller)
                if answer.status != 200 or gone & set(answer.ids):
                    found.append((answer, gone))


def check_items_vanish(start: Start, workers: int) -> None:
    with start("--workers", str(workers)) as server:
        with server.caller() as caller:
            every = set(caller.recommend("u0001", k=80, repeats="allow").ids)
        assert len(every) > 70
        deleter = Deleter(server, [f"s{n:04}" for n in range(60)])
        found: list[tuple[Answer, set[str]]] = []
        threads = [threading.Thread(target=ask_all, args=(server, deleter, f"u{n:04}", found)) for n in range(3)]
        threads.append(threading.Thread(target=deleter.run))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(deleter.gone) == 60 and found == []
        with server.caller() as caller:
            assert set(caller.recommend("u0001", k=80, repeats="allow").ids) == every - set(deleter.gone)
            assert caller.ask("PUT", "/v1/items/s0000", {"available": True}).status == 200
            assert "s0000" in caller.recommend("u0001", k=80, repeats="allow").ids
        assert server.faults() == []


def test_items_that_go_while_somebody_asks(start: Start) -> None:
    check_items_vanish(start, 1)


@pytest.mark.slow
def test_items_that_go_while_two_workers_are_asked(start: Start) -> None:
    check_items_vanish(start, 2)


def load(folder: Path, user: str, number: int) -> None:
    """A past of so many events into the store: the older half on twenty items, the newer half on twenty others."""
    stores, base = open_stores(folder), time.time() - 400 * DAY
    try:
        store = stores.project("default")
        under_way = []
        for first in range(0, number, 10_000):
            batch = [
                Interaction(
                    user_id=user, item_id=f"s{n % 20 + (20 if 2 * n >= number else 0):04}", kind="play",
                    at=base + 30 * n, event_id=f"{user}-{n}",
                )
                for n in range(first, min(first + 10_000, number))
            ]  # fmt: skip
            under_way.append(store.submit(batch))
            if len(under_way) > 4:
                under_way.pop(0).result()
        for future in under_way:
            future.result()
    finally:
        stores.close()


@pytest.mark.parametrize("number", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_person_with_a_very_long_past(start: Start, folders: Path, tmp_path: Path, number: int) -> None:
    """Nothing that was ever chosen comes again, also from far beyond the events that an answer reads; and it stays quick."""
    prepare(tmp_path / "store", folders / "knn")
    load(tmp_path / "store", "giant", number)
    load(tmp_path / "store", "ordinary", 40)
    with start(folder=None) as server, server.caller() as caller:
        chosen = {f"s{n:04}" for n in range(40)}
        rest = set(caller.recommend("giant", k=80, repeats="allow").ids) - chosen
        assert len(rest) > 30
        milliseconds: dict[str, list[float]] = {"giant": [], "ordinary": []}
        for _ in range(25):
            for user, taken in milliseconds.items():
                answer = caller.recommend(user, k=80, repeats="exclude")
                if user == "giant":
                    assert set(answer.ids) == rest
                taken.append(answer.json["took_ms"])
        assert statistics.median(milliseconds["giant"]) <= 20 * statistics.median(milliseconds["ordinary"]), (
            milliseconds
        )
        assert caller.send({"user_id": "giant", "item_id": "s0050", "event_id": "new"}).json["accepted"] == 1
        after = caller.recommend("giant", k=80, repeats="exclude")
        assert "s0050" not in after.ids and after.json["history"][0] == "new"
        assert caller.get(f"/v1/recommendations/{after.json['recommendation_id']}").json["same"] is True
        assert caller.get("/v1/users/giant").json["more_events"] is True
        # it can be forgotten, too
        assert caller.ask("DELETE", "/v1/users/giant").json["rows"]["log"] == number + 1
        assert caller.recommend("giant").json["history"] == []
        assert server.faults() == []
