"""Events come in, in three forms, each judged by itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from penchant.event import Interaction
from penchant.store.protocol import StoreFull, StoreUnavailable
from tests.server.asking import NOW, ask, check_problem, server
from tests.server.fake_app import FakeApp

PATH = "/v1/events"
JSON = {"content-type": "application/json"}


def test_one_event_is_kept_with_everything_it_said() -> None:
    app = FakeApp(NOW)
    event = {
        "user_id": "ann",
        "item_id": "a",
        "timestamp": "2025-11-26T01:00:00+01:00",
        "kind": "play",
        "value": 3,
        "context": {"mood": "calm", "volume": 0.5},
        "session_id": "s",
        "recommendation_id": "r",
        "event_id": "e",
    }
    answer = ask(server(app), "POST", PATH, json=event)
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 1, "duplicate": 0, "rejected": 0, "events": []}
    # 01:00 in a zone that is an hour ahead is midnight UTC, which is NOW
    assert app.log == [
        Interaction(
            user_id="ann",
            item_id="a",
            at=NOW,
            kind="play",
            value=3.0,
            context={"mood": "calm", "volume": 0.5},
            session_id="s",
            recommendation_id="r",
            event_id="e",
        )
    ]


def test_an_event_without_time_and_kind_happens_now_and_is_of_the_only_kind() -> None:
    app = FakeApp(NOW)
    assert ask(server(app), "POST", PATH, json={"user_id": "ann", "item_id": "a"}).status_code == 200
    (event,) = app.log
    assert isinstance(event, Interaction)
    assert (event.at, event.kind, event.value) == (NOW, "play", 1.0)


def test_each_event_of_a_list_is_judged_by_itself() -> None:
    good = {"user_id": "ann", "item_id": "a", "event_id": "e"}
    sent = [
        good,
        {**good, "event_id": "f", "itm_id": 1},
        good,
        {"user_id": "", "item_id": "a"},
        {**good, "event_id": "g", "timestamp": 1.8e12},
        {**good, "event_id": "h", "kind": "plai"},
        {"item_id": "a"},
        {**good, "event_id": "i", "value": "much"},
        7,
    ]
    app = FakeApp(NOW)
    told = ask(server(app), "POST", PATH, json=sent).json()
    assert (told["accepted"], told["duplicate"], told["rejected"]) == (1, 1, 7)
    assert len(app.log) == 1
    assert [(one["index"], one["status"]) for one in told["events"]] == [
        (1, "rejected"),
        (2, "duplicate"),
        *((place, "rejected") for place in range(3, 9)),
    ]
    reasons = {one["index"]: one.get("reason", "") for one in told["events"]}
    assert 'did you mean "item_id"?' in reasons[1]
    assert "user_id: expected 1 to 256 bytes" in reasons[3]
    assert "timestamp: expected seconds since 1970" in reasons[4] and "milliseconds" in reasons[4]
    assert 'Did you mean "play"?' in reasons[5]
    assert reasons[6] == "user_id: missing; give it a value"
    assert reasons[7] == "value: expected a number, got str"
    assert "expected an object" in reasons[8]


def test_detail_lists_the_accepted_ones_too() -> None:
    told = ask(
        server(), "POST", f"{PATH}?detail=all", json=[{"user_id": "ann", "item_id": "a", "event_id": "e"}]
    ).json()
    assert told["events"] == [{"index": 0, "status": "accepted", "event_id": "e", "offset": 1}]
    assert check_problem(ask(server(), "POST", f"{PATH}?detal=all", json=[]), 422)["errors"][0]["field"] == "detal"
    check_problem(ask(server(), "POST", f"{PATH}?detail=none", json=[]), 422)


def test_lines_are_events() -> None:
    lines = b'{"user_id":"ann","item_id":"a"}\r\n\n{"user_id":"ann"\n{"user_id":"ann","item_id":"\xff"}\n'
    lines += b'{"user_id":"bob","item_id":"b"}'
    for kind in ("application/x-ndjson", "application/jsonl; charset=utf-8"):
        app = FakeApp(NOW)
        told = ask(server(app), "POST", PATH, content=lines, headers={"content-type": kind}).json()
        assert (told["accepted"], told["rejected"]) == (2, 2)
        assert [one["index"] for one in told["events"]] == [1, 2]
        assert [event.item_id for event in app.log if isinstance(event, Interaction)] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'[{"user_id":"ann","item_id":"a"},]', 400),
        (b'{"user_id":"ann","item_id":"a","value":NaN}', 400),
        (b'[{"user_id":"ann","item_id":"a","value":-Infinity}]', 400),
        (b'{"user_id":"ann","item_id":"\\ud800"}', 400),
        (b'{"user_id":"ann","item_id":"\xff"}', 400),
        (b'[{"nobody":"\xff"}]', 400),
        (b'{"user_id":"ann","item_id":"a"} x', 400),
        (b"[" * 5_000, 400),
        (b'{"context":' * 5_000, 400),
        (b"7", 422),
        (b'"text"', 422),
        (b"null", 422),
    ],
)
def test_what_is_no_json_is_refused_as_a_whole(body: bytes, status: int) -> None:
    app = FakeApp(NOW)
    for short in (True, False):
        check_problem(ask(server(app, short=short), "POST", PATH, content=body, headers=JSON), status)
    assert app.log == []


@pytest.mark.parametrize("value", ["1e999", "-1e400", "true", '"x"', "[1]", "null"])
def test_values_that_are_no_finite_numbers_are_rejected(value: str) -> None:
    app = FakeApp(NOW)
    body = f'[{{"user_id":"ann","item_id":"a","value":{value}}},{{"user_id":"ann","item_id":"b"}}]'
    told = ask(server(app), "POST", PATH, content=body, headers=JSON).json()
    assert (told["accepted"], told["rejected"]) == (1, 1)


@pytest.mark.parametrize("bad", ["", "a\0b", "a\nb", "\x7f", "\x85", "é" * 129, "x" * 257, "\U0001f600" * 65])
def test_ids_that_cannot_be_ids_are_rejected(bad: str) -> None:
    app = FakeApp(NOW)
    good = {"user_id": "ann", "item_id": "a", "session_id": "s", "recommendation_id": "r", "event_id": "e"}
    told = ask(server(app), "POST", PATH, json=[{**good, name: bad} for name in good]).json()
    assert told["rejected"] == len(good) and app.log == []


@pytest.mark.parametrize(
    "good", ["x" * 256, "é" * 128, "a b", "naïve/ümlaut?#%", "日本", "\U0001f600", "..", "'; drop"]
)
def test_ids_of_any_script_are_kept_as_they_are(good: str) -> None:
    app = FakeApp(NOW)
    assert ask(server(app), "POST", PATH, json={"user_id": good, "item_id": good}).json()["accepted"] == 1
    assert isinstance(app.log[0], Interaction) and app.log[0].user_id == app.log[0].item_id == good


def test_a_request_has_a_size() -> None:
    event = {"user_id": "ann", "item_id": "a"}
    assert ask(server(batch=3), "POST", PATH, json=[event] * 3).json()["accepted"] == 3
    check_problem(ask(server(batch=3), "POST", PATH, json=[event] * 4), 413)
    check_problem(ask(server(batch=3), "POST", PATH, json=[7] * 4), 413)
    lines = "\n".join([json.dumps(event)] * 4)
    check_problem(
        ask(server(batch=3), "POST", PATH, content=lines, headers={"content-type": "application/x-ndjson"}), 413
    )
    for short in (True, False):
        front = server(body_bytes=1_024, short=short)
        check_problem(ask(front, "POST", PATH, content=b" " * 2_000, headers=JSON), 413)

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b" " * 500

    # without a content-length the body is counted as it comes
    check_problem(ask(server(body_bytes=1_024), "POST", PATH, content=parts(), headers=JSON), 413)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""]
)
def test_other_kinds_of_body_are_not_read(kind: str) -> None:
    for short in (True, False):
        told = check_problem(ask(server(short=short), "POST", PATH, content=b"{}", headers={"content-type": kind}), 415)
        assert "application/json" in told["detail"]
    zipped = {**JSON, "content-encoding": "gzip"}
    check_problem(ask(server(), "POST", PATH, content=b"{}", headers=zipped), 415)


def test_a_store_that_keeps_nothing_is_said_so() -> None:
    app = FakeApp(NOW)
    for fault, status in ((StoreFull("x"), 507), (StoreUnavailable("x"), 503)):
        app.fails_with = fault
        answer = ask(server(app), "POST", PATH, json={"user_id": "ann", "item_id": "a"})
        assert "nothing of this request was kept" in check_problem(answer, status)["detail"]
        assert answer.headers.get("retry-after") == ("1" if status == 503 else None)


def test_no_more_events_wait_than_allowed() -> None:
    front = server(waiting_events=5)
    front.site.room.take(4)
    event = {"user_id": "ann", "item_id": "a"}
    answer = ask(front, "POST", PATH, json=[event, event])
    assert check_problem(answer, 429)["type"].endswith(":busy") and int(answer.headers["retry-after"]) >= 1
    assert ask(front, "POST", PATH, json=[event]).status_code == 200
    # those that waited are kept, and others come in again
    assert front.site.room.taken == 4
