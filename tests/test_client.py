"""The client and the server understand each other, and the client comes back when it is told to."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from penchant.client import Client
from penchant.client_wire import Busy, KeyRefused, NotThere, Refused, Unreachable
from penchant.errors import BadConfig
from penchant.event import Interaction, ItemUpdate, UserUpdate
from penchant.query import Past, Query
from penchant.server.app import Front
from tests.server.asking import NOW, guarded, server
from tests.server.fake_app import FakeApp


class Inside(httpx.BaseTransport):
    """Hands requests to a server in this process."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def once() -> httpx.Response:
            asked = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
            answer = await httpx.ASGITransport(self._front, client=("127.0.0.1", 1)).handle_async_request(asked)
            return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

        return asyncio.run(once())


def client(app: FakeApp | None = None) -> Client:
    return Client("http://localhost", transport=Inside(server(app)))


def answering(*answers: httpx.Response | Exception) -> tuple[Client, list[httpx.Request], list[float]]:
    """A client whose requests get these answers in turn; its requests, and its pauses in seconds."""
    left = list(answers)
    asked: list[httpx.Request] = []
    pauses: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        one = left.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    made = Client("http://localhost", transport=httpx.MockTransport(answer), sleep=pauses.append, retries=2)
    return made, asked, pauses


def busy(**fields: Any) -> httpx.Response:
    return httpx.Response(429, json={"type": "urn:penchant:problem:busy", "detail": "busy", **fields})


KEPT = httpx.Response(200, json={"accepted": 1, "duplicate": 0, "rejected": 0, "events": []})
EVENT = Interaction(user_id="ann", item_id="b", at=NOW, kind="play", event_id="e", context={"mood": "calm"})


def test_events_lists_and_reasons_go_there_and_back() -> None:
    app = FakeApp(NOW)
    with client(app) as asking:
        assert asking.record([EVENT, EVENT]).duplicate == 1
        assert app.log == [EVENT]
        wrong = asking.record([Interaction(user_id="ann", item_id="b", at=NOW, kind="plai")])
        assert wrong.rejected == 1 and 'Did you mean "play"' in (wrong.events[0].reason or "")
        told = asking.recommend(Query(user_id="ann", k=2, context={"mood": "calm"}), trace=True)
        assert [(one.item_id, one.rank, one.sources) for one in told.items] == [
            ("a", 1, ("popular",)),
            ("c", 2, ("popular",)),
        ]
        assert told.slate.model_version == "m-1" and told.slate.trace[0].stage == "retrieve"
        assert told.context_used == {"mood": "calm"} and told.history == ("e",) and told.titles == {"a": "Silver Rain"}
        assert asking.why(told.slate.recommendation_id)["same"] is True
        ranked = asking.rank(["c", "b", "?"], Query(user_id="ann", history=(Past(item_id="a", at=5.0, kind="play"),)))
        assert [one.item_id for one in ranked.items] == ["b", "c"] and ranked.unknown_items == ("?",)
        assert asking.similar("a", 1).items[0].item_id == "b"
        assert asking.trending(1, window=60.0).items[0].item_id == "b"


def test_a_question_arrives_whole() -> None:
    app = FakeApp(NOW)
    query = Query(
        user_id="ann",
        history=(Past(item_id="a"), Past(item_id="b", at=5.0, kind="play", value=2.0, context={"mood": "calm"})),
        features={"group": "young", "tags": ("x", "y")},
        at=9.0,
        context={"mood": "calm"},
        k=3,
        exclude=frozenset({"c"}),
        candidates=("a", "b"),
        where="item.genre == 'folk'",
        similar_to="a",
        repeats="allow",
    )
    told = client(app).recommend(query)
    assert app.served[told.slate.recommendation_id][0] == query


@pytest.mark.parametrize("odd", ["a/b", "..", ".", "%2F", "a b?c#d", "naïve", "日本"])
def test_any_id_finds_its_item(odd: str) -> None:
    asking = client()
    assert asking.put_items([ItemUpdate(item_id=odd, at=NOW, features={"genre": "folk", "tags": ("p",)})]).accepted == 1
    assert asking.item(odd)["features"] == {"genre": "folk", "tags": ["p"]}
    asking.delete_item(odd)
    with pytest.raises(NotThere):
        asking.item(odd)


def test_people_and_models() -> None:
    asking = client()
    assert asking.put_users([UserUpdate(user_id="ann", at=NOW, features={"group": "young"})]).accepted == 1
    asking.record([EVENT])
    assert asking.user("ann")["events"] == 1
    assert [one["type"] for one in asking.export("ann")] == ["user", "interaction"]
    assert asking.forget("ann")["rows"] == {"log": 2}
    with pytest.raises(NotThere):
        list(asking.export("ann"))
    assert [one["version"] for one in asking.models()] == ["m-2", "m-1"]
    assert asking.activate("m-2")["current"] is True
    with pytest.raises(Refused, match=r"weights\.npz") as refused:
        asking.activate("m-bad")
    assert refused.value.status == 409 and refused.value.kind == "bad-model"
    assert asking.schema()["kinds"] and asking.status()["events"] == 0


def test_a_key_goes_with_each_request_and_a_refusal_is_typed() -> None:
    front, secrets, _ = guarded()
    reading = Client("http://localhost", secrets["read"], transport=Inside(front))
    assert reading.trending().items
    with pytest.raises(KeyRefused, match='scope "ingest"') as refused:
        reading.record([EVENT])
    assert refused.value.status == 403
    with pytest.raises(KeyRefused):
        Client("http://localhost", transport=Inside(front)).trending()
    with pytest.raises(Refused, match="context field") as wrong:
        client().recommend(Query(context={"mod": "calm"}))
    assert wrong.value.errors[0]["field"] == "context.mod" and wrong.value.request_id


def test_what_is_refused_for_now_is_asked_again_after_longer_and_longer_pauses() -> None:
    asking, asked, pauses = answering(busy(), busy(), KEPT)
    assert asking.record([EVENT]).accepted == 1
    assert len(asked) == 3 and asked[0].content == asked[2].content
    # a tenth of a second and twice as much, each up to half as much longer
    assert 0.1 <= pauses[0] <= 0.15 and 0.2 <= pauses[1] <= 0.3


def test_the_server_says_how_long_to_wait_within_reason() -> None:
    asking, _, pauses = answering(busy(retry_after=1.0), busy(retry_after=3600.0), KEPT)
    asking.record([EVENT])
    assert 1.0 <= pauses[0] <= 1.5 and 5.0 <= pauses[1] <= 7.5


def test_patience_ends() -> None:
    asking, asked, _ = answering(busy(), busy(), busy())
    with pytest.raises(Busy) as refused:
        asking.record([EVENT])
    assert refused.value.kind == "busy" and len(asked) == 3


def test_events_that_could_be_kept_twice_are_sent_once() -> None:
    for fault in (busy(), httpx.ReadTimeout("late")):
        asking, asked, pauses = answering(fault, KEPT)
        with pytest.raises((Busy, Unreachable)):
            asking.record([EVENT, Interaction(user_id="ann", item_id="b", at=NOW)])
        assert len(asked) == 1 and pauses == []


def test_a_server_that_is_away_is_asked_again_and_then_named() -> None:
    asking, _, _ = answering(httpx.ConnectError("no"), KEPT)
    assert asking.record([EVENT]).accepted == 1
    asking, asked, _ = answering(*[httpx.ConnectError("no")] * 3)
    with pytest.raises(Unreachable, match="http://localhost: no answer"):
        asking.trending()
    assert len(asked) == 3


def test_other_refusals_are_final() -> None:
    for status in (400, 401, 404, 409, 413, 422, 500, 507):
        asking, asked, _ = answering(httpx.Response(status, content=b"<html>"), KEPT)
        with pytest.raises(Refused, match=f"the server answered {status}"):
            asking.record([EVENT])
        assert len(asked) == 1


def test_a_url_is_checked() -> None:
    for url in ("localhost:8080", "ftp://x", "http://", ""):
        with pytest.raises(BadConfig, match="url: expected"):
            Client(url)


def test_only_what_was_said_is_sent() -> None:
    asking, asked, _ = answering(KEPT)
    asking.record([Interaction(user_id="ann", item_id="b", at=5.0)])
    assert json.loads(asked[0].content) == [
        {"user_id": "ann", "item_id": "b", "timestamp": 5.0, "kind": "view", "value": 1.0}
    ]
