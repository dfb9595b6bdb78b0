"""Items, people and models through the slower routes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penchant.event import ItemUpdate, UserUpdate
from penchant.service.nouns import Refitted
from penchant.store.protocol import StoreFull
from tests.server.asking import NOW, ask, check_problem, server
from tests.server.fake_app import FakeApp


def test_an_item_comes_changes_and_goes() -> None:
    app = FakeApp(NOW)
    front = server(app)
    sent = {"features": {"genre": "folk", "tags": ["calm", "slow"], "bpm": 90, "vector": [0.5, 1]}, "timestamp": 5}
    assert ask(front, "PUT", "/v1/items/new", json=sent).json() == {"status": "accepted", "offset": 1}
    assert app.log == [
        ItemUpdate(
            item_id="new",
            at=5.0,
            features={"genre": "folk", "tags": ("calm", "slow"), "bpm": 90, "vector": (0.5, 1)},
        )
    ]
    there = ask(front, "GET", "/v1/items/new").json()
    assert there == {
        "item_id": "new",
        "features": {"genre": "folk", "tags": ["calm", "slow"], "bpm": 90, "vector": [0.5, 1]},
        "available": True,
        "timestamp": 5.0,
        "offset": 1,
    }
    ask(front, "PUT", "/v1/items/new", json={"available": False})
    assert ask(front, "GET", "/v1/items/new").json()["available"] is False
    assert ask(front, "DELETE", "/v1/items/new").status_code == 200
    assert app.log[-1] == ItemUpdate(item_id="new", at=NOW, available=False, deleted=True)
    for method in ("GET", "DELETE"):
        check_problem(ask(front, method, "/v1/items/new"), 404)
        check_problem(ask(front, method, "/v1/items/never"), 404)


def test_many_items_and_people_at_once() -> None:
    app = FakeApp(NOW)
    front = server(app, batch=3)
    items = [{"item_id": "x", "features": {"genre": "folk"}}, {"item_id": "y", "deleted": True}]
    told = ask(front, "PUT", "/v1/items:batch", json={"items": items}).json()
    assert told == {"accepted": 2, "duplicate": 0, "rejected": 0, "events": []}
    users = [{"user_id": "ann", "features": {"group": "young"}, "timestamp": "1970-01-01"}]
    assert ask(front, "PUT", "/v1/users:batch", json={"users": users}).json()["accepted"] == 1
    assert app.log == [
        ItemUpdate(item_id="x", at=NOW, features={"genre": "folk"}),
        ItemUpdate(item_id="y", at=NOW, available=False, deleted=True),
        UserUpdate(user_id="ann", at=0.0, features={"group": "young"}),
    ]
    check_problem(ask(front, "PUT", "/v1/items:batch", json={"items": [{"item_id": "x"}] * 4}), 413)
    check_problem(ask(front, "PUT", "/v1/items:batch", json={"items": []}), 422)


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"featurs": {}}, "featurs", 'did you mean "features"?'),
        ({"features": {"x": True}}, "features.x", "a text, a number, or a list"),
        ({"features": {"x": None}}, "features.x", "a text, a number, or a list"),
        ({"features": {"x": {"y": 1}}}, "features.x", "a text, a number, or a list"),
        ({"features": {"x": ["a", 1]}}, "features.x", "got both"),
        ({"features": {"x": "a\0"}}, "features.x", "without NUL"),
        ({"features": []}, "features", "an object"),
        ({"available": 1}, "available", "true or false"),
        ({"timestamp": "never"}, "timestamp", "a time such as"),
        ({"timestamp": 1e18}, "timestamp", "milliseconds"),
        ([], "body", "an object"),
        ("x", "body", "an object"),
    ],
)
def test_wrong_attributes_are_told_field_and_fix(body: Any, field: str, words: str) -> None:
    app = FakeApp(NOW)
    told = check_problem(ask(server(app), "PUT", "/v1/items/x", json=body), 422)
    assert told["errors"][0]["field"] == field and words in told["detail"]
    assert app.log == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"features":{"x":NaN}}', b'{"features":{"x":"\\ud800"}}', b"\xff", b"[" * 9_000]
)
def test_a_body_that_is_no_json_is_unreadable(body: bytes) -> None:
    headers = {"content-type": "application/json"}
    check_problem(ask(server(), "PUT", "/v1/users/x", content=body, headers=headers), 400)


def test_a_misspelt_field_in_one_of_many_is_found() -> None:
    told = check_problem(
        ask(server(), "PUT", "/v1/items:batch", json={"items": [{"item_id": "x"}, {"itm_id": "y"}]}), 422
    )
    assert told["errors"][0]["field"] == "items.1.itm_id" and told["errors"][0]["fix"] == 'did you mean "item_id"?'
    assert told["errors"][1]["field"] == "items.1.item_id" and told["errors"][1]["expected"] == "missing"


def test_a_person_is_known_exported_and_forgotten() -> None:
    app = FakeApp(NOW)
    front = server(app)
    ask(front, "PUT", "/v1/users/ann", json={"features": {"group": "young"}})
    ask(front, "POST", "/v1/events", json=[{"user_id": "ann", "item_id": "a"}] * 3)
    known = ask(front, "GET", "/v1/users/ann").json()
    assert known == {"user_id": "ann", "features": {"group": "young"}, "events": 3, "newest": NOW}
    export = ask(front, "GET", "/v1/users/ann/export")
    assert export.headers["content-type"].startswith("application/x-ndjson")
    records = [json.loads(line) for line in export.text.splitlines()]
    assert [one["type"] for one in records] == ["user", *["interaction"] * 3]
    receipt = ask(front, "DELETE", "/v1/users/ann").json()
    assert receipt["user_id"] == "ann" and receipt["rows"] == {"log": 4} and receipt["places"] == ["log: 4 rows"]
    for path in ("/v1/users/ann", "/v1/users/ann/export"):
        check_problem(ask(front, "GET", path), 404)


def test_an_export_of_many_records_comes_in_parts() -> None:
    app = FakeApp(NOW)
    front = server(app, batch=10_000)
    ask(front, "POST", "/v1/events", json=[{"user_id": "ann", "item_id": "a"}] * 4_500)
    assert len(ask(front, "GET", "/v1/users/ann/export").text.splitlines()) == 4_501


def test_models_are_listed_and_changed_and_a_bad_one_is_refused_by_name() -> None:
    front = server()
    listed = ask(front, "GET", "/v1/models").json()["models"]
    assert [(one["version"], one["current"]) for one in listed] == [("m-2", False), ("m-1", True)]
    assert ask(front, "POST", "/v1/models/m-2:activate").json()["current"] is True
    told = check_problem(ask(front, "POST", "/v1/models/m-bad:activate"), 409)
    assert "weights.npz" in told["detail"] and told["type"].endswith(":bad-model")
    check_problem(ask(front, "POST", "/v1/models/m-9:activate"), 404)
    assert ask(front, "POST", "/v1/recommend", json={}).json()["model_version"] == "m-2"


def test_a_refit_is_started_or_waited_for() -> None:
    app = FakeApp(NOW)
    front = server(app)
    assert ask(front, "POST", "/v1/models:refit").status_code == 202
    waited = ask(front, "POST", "/v1/models:refit?wait=true")
    assert waited.status_code == 200 and waited.json()["model"]["version"] == "m-2"
    check_problem(ask(front, "POST", "/v1/models:refit?wait=perhaps"), 422)

    class Gated(FakeApp):
        def refit(self, *, force: bool = False) -> Refitted:
            return Refitted(model=None, found={"reason": "worse"})

    assert ask(server(Gated()), "POST", "/v1/models:refit?wait=true").json() == {
        "status": "refused",
        "model": None,
        "found": {"reason": "worse"},
    }


def test_a_full_disk_is_said_so_and_what_was_there_stays() -> None:
    app = FakeApp(NOW)
    app.fails_with = StoreFull("x")
    for method, path, body in (("PUT", "/v1/items/a", {}), ("DELETE", "/v1/items/a", None), ("PUT", "/v1/users/a", {})):
        check_problem(ask(server(app), method, path, json=body), 507)
    assert app.log == []


def test_what_a_client_may_send_and_how_the_service_fares() -> None:
    front = server()
    assert ask(front, "GET", "/v1/schema").json()["context"]["volume"] == {"kind": "number"}
    assert ask(front, "GET", "/v1/status").json()["events"] == 0
