"""Lists, asked for in a body and in a URL, by the short way and by the long one."""

from __future__ import annotations

from typing import Any

import pytest

from penchant.query import Past, Query
from penchant.server.questions import Bounds, from_body, from_parameters
from tests.server.asking import NOW, ask, check_problem, server
from tests.server.fake_app import FakeApp

BOUNDS = Bounds(items=100, history=100)
BOTH = pytest.mark.parametrize("short", [True, False])


@BOTH
def test_a_list_says_how_it_came_to_be(short: bool) -> None:
    app = FakeApp(NOW)
    front = server(app, short=short)
    ask(front, "POST", "/v1/events", json=[{"user_id": u, "item_id": "b", "event_id": u} for u in ("ann", "bob")])
    told = ask(
        front, "POST", "/v1/recommend", json={"user_id": "ann", "k": 1, "context": {"mood": "calm"}, "trace": True}
    )
    answer: dict[str, Any] = told.json()
    assert answer.pop("took_ms") >= 0
    assert answer == {
        "recommendation_id": "r-0",
        "model_version": "m-1",
        "at": NOW,
        "log_offset": 2,
        "fallback": False,
        "context_used": {"mood": "calm"},
        "context_ignored": {},
        "items": [
            {
                "item_id": "a",
                "rank": 1,
                "score": 0.0,
                "sources": ["popular"],
                "cold": False,
                "title": "Silver Rain",
                "propensity": 1.0,
            }
        ],
        "history": ["ann"],
        "unknown_items": [],
        "trace": [{"stage": "retrieve", "n_in": 3, "n_out": 1, "ms": 0.1, "removed": {}, "failure": None}],
    }
    by_url = ask(front, "GET", "/v1/recommend/ann?k=1&context.mood=calm&trace=true").json()
    assert {**by_url, "recommendation_id": "r-0", "took_ms": 0} == {**answer, "took_ms": 0}
    assert ask(front, "GET", "/v1/recommend/ann").json()["trace"] is None


def test_a_body_becomes_a_query() -> None:
    body = b"""{"history": [{"item_id": "a", "timestamp": 5, "kind": "play", "value": 2, "context": {"mood": "x"}},
        {"item_id": "b", "timestamp": "1970-01-01T00:00:06Z"}],
        "features": {"group": "young", "tags": ["p", "q"], "v": [1, 2.5]},
        "at": "1970-01-01T00:01:00", "context": {"mood": "calm", "volume": 1}, "k": 3, "exclude": ["c"],
        "candidates": ["d", "e"], "where": "item.genre == 'x'", "similar_to": "f", "repeats": "allow", "exact": true}"""
    asking = from_body(body, BOUNDS)
    assert asking.exact and not asking.trace
    assert asking.query == Query(
        history=(
            Past(item_id="a", at=5.0, kind="play", value=2.0, context={"mood": "x"}),
            Past(item_id="b", at=6.0),
        ),
        features={"group": "young", "tags": ("p", "q"), "v": (1.0, 2.5)},
        at=60.0,
        context={"mood": "calm", "volume": 1.0},
        k=3,
        exclude=frozenset({"c"}),
        candidates=("d", "e"),
        where="item.genre == 'x'",
        similar_to="f",
        repeats="allow",
    )


def test_parameters_become_the_same_query() -> None:
    text = (
        b"k=3&at=1970-01-01T00%3A01%3A00Z&context.mood=very+calm&context.volume=1&exclude=c,x&candidates=d,e"
        b"&where=item.genre+%3D%3D+%27x%27&repeats=exclude&exact=true&trace=false"
    )
    asking = from_parameters("ann", text, BOUNDS, {"mood": "category", "volume": "number"})
    assert asking.exact and not asking.trace
    assert asking.query == Query(
        user_id="ann",
        at=60.0,
        # volume is declared as a number, so it is one
        context={"mood": "very calm", "volume": 1.0},
        k=3,
        exclude=frozenset({"c", "x"}),
        candidates=("d", "e"),
        where="item.genre == 'x'",
        repeats="exclude",
    )


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"usr_id": "ann"}, "usr_id", 'did you mean "user_id"?'),
        ({"k": 0}, "k", ""),
        ({"k": 101}, "k", "1 to 100"),
        ({"k": 2.5}, "k", "whole number"),
        ({"k": "3"}, "k", "whole number"),
        ({"history": [{"item_id": 3}]}, "history[0].item_id", "a text"),
        ({"history": [{"itm_id": "a"}]}, "history[0].itm_id", 'did you mean "item_id"?'),
        ({"history": [{"item_id": "a", "timestamp": 1e15}]}, "history.timestamp", "seconds since 1970"),
        ({"at": "yesterday"}, "at", "a time such as"),
        ({"context": {"mod": "calm"}}, "context.mod", "mood"),
        ({"context": {"mood": ["calm"]}}, "context.*", "a number or a text"),
        ({"user_id": ""}, "user_id", "1 to 256 bytes"),
        ({"exclude": ["a", "b\0"]}, "exclude", "1 to 256 bytes"),
        ({"repeats": "sometimes"}, "repeats", ""),
        ({"where": "x" * 2_001}, "where", "2000"),
        ({"where": "anything"}, "where", "an expression"),
        ({"features": {"f": ["a", 1]}}, "features.f", "got both"),
        ({"features": {"f": True}}, "features.*", ""),
        ({"exact": 1}, "exact", "true or false"),
        ([], "", "an object"),
    ],
)
@BOTH
def test_a_wrong_body_is_told_field_value_and_fix(body: Any, field: str, words: str, short: bool) -> None:
    told = check_problem(ask(server(short=short, most_items=100), "POST", "/v1/recommend", json=body), 422)
    assert told["errors"][0]["field"] == field
    assert words in str(told["errors"][0]) + told["detail"]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("kk=3", 422, 'Did you mean "k"?'),
        ("k=", 422, "whole number"),
        ("k=%C2%B2", 422, "whole number"),
        ("k=-1", 422, "whole number"),
        ("k=0", 422, "1 to 100"),
        ("k=1&k=2", 422, "twice"),
        ("context.mood=a&context.mood=b", 422, "twice"),
        ("context.volume=loud", 422, "finite number"),
        ("context.volume=nan", 422, "finite number"),
        ("context.volume=1e999", 422, "finite number"),
        ("context.wrong=1", 422, "context field"),
        ("context.=1", 422, "context"),
        ("at=nan", 422, "a time such as"),
        ("at=1e300", 422, "a time such as"),
        ("trace=yes", 422, "true or false"),
        ("exclude=a,,b", 422, "1 to 256 bytes"),
        ("where=%FF", 400, "percent-encoded UTF-8"),
        ("&".join(f"context.f{i}=1" for i in range(300)), 400, "parameters"),
    ],
)
@BOTH
def test_a_wrong_url_is_told_what_to_do(query: str, status: int, words: str, short: bool) -> None:
    told = check_problem(ask(server(short=short, most_items=100), "GET", f"/v1/recommend/ann?{query}"), status)
    assert words in told["detail"]


def test_given_items_are_ranked_and_none_is_left_out_because_it_was_seen() -> None:
    front = server()
    ask(front, "POST", "/v1/events", json={"user_id": "ann", "item_id": "b"})
    told = ask(front, "POST", "/v1/rank", json={"user_id": "ann", "items": ["a", "b", "zz", "a"]}).json()
    assert [one["item_id"] for one in told["items"]] == ["b", "a"]
    assert told["unknown_items"] == ["zz"]
    check_problem(ask(front, "POST", "/v1/rank", json={"user_id": "ann", "items": []}), 422)
    check_problem(ask(front, "POST", "/v1/rank", json={"user_id": "ann"}), 422)


def test_like_items_and_trending_ones() -> None:
    front = server()
    assert len(ask(front, "GET", "/v1/items/a/similar?k=2").json()["items"]) == 2
    check_problem(ask(front, "GET", "/v1/items/nothing/similar"), 404)
    assert len(ask(front, "GET", "/v1/trending?k=1&window=3600&at=5").json()["items"]) == 1
    assert 'did you mean "window"?' in check_problem(ask(front, "GET", "/v1/trending?windw=1"), 422)["detail"]
    for bad in ("k=0", "k=x", "k=100000", "window=-1", "window=nan", "at=never"):
        check_problem(ask(front, "GET", f"/v1/trending?{bad}"), 422)


def test_a_list_that_was_served_can_be_drawn_again() -> None:
    front = server()
    ask(front, "POST", "/v1/events", json={"user_id": "ann", "item_id": "b", "event_id": "e"})
    served = ask(front, "POST", "/v1/recommend", json={"user_id": "ann", "exclude": ["c"]}).json()
    why = ask(front, "GET", f"/v1/recommendations/{served['recommendation_id']}").json()
    assert why["same"] is True and why["model_version"] == "m-1" and why["log_offset"] == 1
    assert why["query"] == {"user_id": "ann", "at": NOW, "k": 10, "exclude": ["c"]}
    assert why["history"] == [{"item_id": "b", "timestamp": NOW, "kind": "play", "value": 1.0, "event_id": "e"}]
    assert [one["item_id"] for one in why["served"]] == ["a"] == [one["item_id"] for one in why["again"]]
    check_problem(ask(front, "GET", "/v1/recommendations/r-99"), 404)


def test_a_busy_server_says_so() -> None:
    front = server()
    front.site.answers.inside = 50
    for path in ("/v1/recommend/ann", "/v1/trending"):
        answer = ask(front, "GET", path)
        assert check_problem(answer, 429)["type"].endswith(":busy") and int(answer.headers["retry-after"]) >= 1
    assert ask(front, "GET", "/health/live").status_code == 200


@BOTH
def test_a_fault_of_ours_gives_nothing_away_and_is_logged(short: bool) -> None:
    lines: list[tuple[str, dict[str, Any]]] = []

    class Log:
        def info(self, event: str, **fields: Any) -> None:
            lines.append((event, fields))

        error = info

    app = FakeApp(NOW)
    app.recommend_fails_with = RuntimeError("secret-detail of ann")
    answer = ask(server(app, short=short, log=Log()), "POST", "/v1/recommend", json={"user_id": "ann"})
    told = check_problem(answer, 500)
    assert "secret" not in answer.text and "RuntimeError" not in answer.text
    fault = next(fields for event, fields in lines if event == "fault")
    assert fault["request_id"] == told["request_id"] == answer.headers["x-request-id"]
    assert fault["exc_info"] is app.recommend_fails_with
