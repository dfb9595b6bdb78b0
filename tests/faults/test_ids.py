"""Ids and paths that mean harm or are merely odd: they come back as they went, or are refused in words; no file is touched."""

from __future__ import annotations

import contextlib
import http.client
import json
from pathlib import Path
from urllib.parse import quote

from tests.faults.child import Caller, Server, problem

ODD = (
    "..", ".", "../../etc/passwd", "..\\..\\windows", "/etc/passwd", "//", "a/b/c", "%2e%2e%2f", "%00", "%", "a%2Fb",
    "~root", "CON", "-rf", "$(touch owned)", "`touch owned`", "'; DROP TABLE log; --", '"', "\\", "a b+c", "?k=5",
    "#", ";", ":activate", "s0001:batch", "similar", "export", "null", "0", "١٢٣", "naïve", "nai\u0308ve", "日本/語",
    "\U0001f3b5" * 60,
    "\u202egnp", "\ufeff", "\ufffd", "\u2028", "x" * 256, "é" * 128, "{user_id}", "{{7*7}}", "<script>", "file:///etc/passwd",
)  # fmt: skip
"""Ids that are fine, however they look."""

BAD = ("", "\0", "a\0b", "\n", "a\r\nb", "\t", "\x1b[2J", "\x7f", "\x85", "x" * 257, "é" * 129, "x" * 100_000)
"""Ids that are refused."""

RAW = (
    "/v1/items/%", "/v1/items/%2", "/v1/items/%zz", "/v1/items/%ff", "/v1/items/%c0%af", "/v1/items/%ed%a0%80",
    "/v1/items/%u0041", "/v1/items/a%00", "/v1/items/%0a", "/v1/items/", "/v1/items", "/v1/../v1/items/s0001",
    "/..%2f..%2fetc%2fpasswd", "/%2e%2e/", "/v1//items/s0001", "/v1/items/../models", "/etc/passwd",
    "//etc/passwd", "/v1/recommend/%00", "/v1/recommend/", "/v1/users/%00",
    "/v1/recommendations/..%2f..%2fx", "/v1/recommendations/%00", "/v1/users/a/../b/export", "/static/..%2f..%2fsetup.py",
    "/v1/recommend/ann?k=%00", "/v1/recommend/ann?%00=1", "/v1/recommend/ann?k=5&k=6", "/v1/recommend/ann?context.%2e%2e=1",
    "/v1/trending?where=%00", "/v1/trending?where=__import__('os')", "/openapi.json/..",
    "/docs", "/redoc", "/.env", "/.git/config",
)  # fmt: skip
"""Paths that lead nowhere."""


def tree(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))


def round_trip(caller: Caller, odd: str) -> None:
    """An item, a person, an event and a list under an odd id; each comes back under the same."""
    path = quote(odd, safe="")
    put = caller.ask("PUT", f"/v1/items/{path}", {"features": {"genre": "folk"}})
    assert put.status == 200, (odd, put.body)
    item = caller.get(f"/v1/items/{path}")
    assert (item.status, item.json["item_id"], item.json["features"]) == (200, odd, {"genre": "folk"})
    sent = caller.send({"user_id": odd, "item_id": odd, "event_id": odd, "session_id": odd})
    assert sent.json["accepted"] == 1, (odd, sent.body)
    asked = caller.get(f"/v1/recommend/{path}?k=3")
    assert asked.status == 200 and asked.json["history"] == [odd], (odd, asked.body)
    lines = [json.loads(line) for line in caller.get(f"/v1/users/{path}/export").body.splitlines()]
    assert [line["item_id"] for line in lines if line["type"] == "event"] == [odd]
    assert caller.ask("DELETE", f"/v1/items/{path}").status == 200
    assert caller.get(f"/v1/items/{path}").status == 404
    assert caller.ask("DELETE", f"/v1/users/{path}").json["user_id"] == odd
    assert caller.get(f"/v1/users/{path}").status == 404


def refused(caller: Caller, bad: str) -> None:
    """Neither a path nor a body takes a bad id."""
    path = quote(bad, safe="")
    if bad and len(path) < 60_000:
        for method, where in (("GET", "recommend"), ("DELETE", "users"), ("GET", "items")):
            answer = caller.ask(method, f"/v1/{where}/{path}")
            assert answer.status in (400, 404, 414, 422), (bad[:20], answer.status)
    for name in ("user_id", "item_id", "event_id", "session_id", "recommendation_id"):
        sent = caller.send({"user_id": "ann", "item_id": "s0001", name: bad}).json
        assert (sent["accepted"], sent["rejected"]) == (0, 1) and name in sent["events"][0]["reason"], (bad[:20], name)
    problem(caller.recommend(bad), 422)
    problem(caller.recommend("ann", exclude=[bad]), 422)
    problem(caller.ask("POST", "/v1/rank", {"user_id": "ann", "items": [bad]}), 422)
    assert caller.ask("PUT", "/v1/items:batch", {"items": [{"item_id": bad}]}).status == 422


def test_odd_ids_and_paths(shared: Server) -> None:
    place = shared.said.parent
    with shared.caller() as caller:
        before = tree(place)
        for odd in ODD:
            round_trip(caller, odd)
        for bad in BAD:
            refused(caller, bad)
        half = b'[{"user_id": "\\ud800", "item_id": "s0001"}, {"user_id": "ann", "item_id": "\\udfff"}]'
        for body in (half, half.replace(b"\\ud800", b"\xff")):
            answer = caller.ask("POST", "/v1/events", body)
            assert answer.status == 400 or answer.json["accepted"] == 0, answer.body
        for raw in RAW:
            answer = caller.get(raw)
            assert 400 <= answer.status < 500, (raw, answer.status, answer.body)
            problem(answer, answer.status)
            assert b"root:" not in answer.body
        for version in ("..%2F..%2Fstore", "%2e%2e", "..", "%00", "x" * 300, "itemknn-000000000000"):
            answer = caller.ask("POST", f"/v1/models/{version}:activate")
            assert answer.status in (400, 404, 409, 422), (version, answer.body)
        for project in ("../default", "/tmp", "a" * 41, "Default", "%2e%2e", ".."):
            answer = caller.ask("GET", "/v1/models", X_Penchant_Project=project)
            problem(answer, 422)
        problem(caller.ask("GET", "/v1/models", X_Penchant_Project="nobody"), 404)
        assert len(caller.recommend("u0001").ids) == 10
        assert tree(place) == before, "files came or went"
        assert shared.faults() == []


def test_heads_and_bodies_without_end(shared: Server) -> None:
    """They are refused; where the server hangs up before all is sent, the client may only see that."""
    for text in (b"x" * 70_000, b"x" * 2_000_000):
        for method, path, body in (
            ("GET", f"/v1/items/{text.decode()}", None),
            ("POST", "/v1/events", b'[{"user_id": "' + text + b'", "item_id": "s0001"}]'),
            ("POST", "/v1/events", b"[" * len(text)),
            ("POST", "/v1/recommend", b'{"user_id": ' * len(text)),
            ("PUT", "/v1/items/s0001", b'{"features": {"title": "' + text + b'"}}'),
        ):
            with shared.caller() as caller, contextlib.suppress(OSError, http.client.HTTPException):
                answer = caller.ask(method, path, body)
                refused = answer.status in (400, 404, 413, 414, 422, 431)
                assert refused or answer.json["rejected"] == 1, answer.body
    with shared.caller() as caller:
        assert caller.send({"user_id": "after", "item_id": "s0001"}).json["accepted"] == 1
        assert caller.get("/v1/users/after").json["events"] == 1 and caller.get("/v1/items/s0001").json["offset"] == 0
    assert shared.faults() == []
