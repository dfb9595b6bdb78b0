"""Two projects behind one server, each with keys of its own: at random, nothing of one ever appears in the other."""

from __future__ import annotations

import json
import random
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.faults.child import Answer, Caller, Server, command, problem, wait_for
from tests.faults.conftest import Start, prepare

READ_ONLY = ("GET", "/v1/users/ann/export"), ("DELETE", "/v1/users/ann"), ("POST", "/v1/models:refit")


@dataclass
class Tenant:
    """A project, its secret word that is part of all its ids, and what its client has done so far."""

    name: str
    key: str
    word: str = field(default_factory=lambda: secrets.token_hex(6))
    lists: list[str] = field(default_factory=list)
    events: int = 0
    gone: set[str] = field(default_factory=set)


def key_of(store: Path, project: str, scopes: str) -> str:
    made = command("keys", "create", "--store", store, "--project", project, "--scopes", scopes, "--json")
    assert made.returncode == 0, made.stderr
    return str(json.loads(made.stdout)["secret"])


@pytest.fixture
def tenants(folders: Path, tmp_path: Path) -> tuple[Tenant, Tenant]:
    """Two projects in one store."""
    store = tmp_path / "store"
    prepare(store, folders / "knn", "first")
    prepare(store, folders / "popular", "second")
    return Tenant("first", key_of(store, "first", "admin")), Tenant("second", key_of(store, "second", "admin"))


def act(caller: Caller, me: Tenant, draw: random.Random) -> Answer:
    """One random thing that a client does; people and items have the same names in both projects, or names of their own."""
    person = draw.choice(["both", f"p-{me.word}-{draw.randrange(4)}"])
    item = draw.choice(["s0001", "s0002", f"i-{me.word}-{draw.randrange(6)}"])
    match draw.randrange(14):
        case 0 | 1 | 2 | 3:
            me.events += 1
            words = {"session_id": f"e-{me.word}", "event_id": f"n{me.events}"}
            answer = caller.send({"user_id": person, "item_id": item, **words})
            assert answer.json["accepted"] == 1, (answer.body, "the same event id in the other project is no duplicate")
            return answer
        case 4:
            return caller.ask(
                "PUT", f"/v1/items/i-{me.word}-{draw.randrange(6)}", {"features": {"artist": f"a-{me.word}"}}
            )
        case 5:
            return caller.ask("PUT", f"/v1/users/{person}", {"features": {"country": f"c-{me.word}"}})
        case 6 | 7:
            answer = caller.recommend(person, k=30)
            me.lists.append(answer.json["recommendation_id"])
            return answer
        case 8:
            return caller.get("/v1/trending?k=50")
        case 9:
            return caller.get(f"/v1/users/{person}/export")
        case 10:
            return caller.get(f"/v1/items/{item}")
        case 11:
            return caller.get(f"/v1/users/{person}")
        case 12:
            return caller.ask("POST", "/v1/rank", {"user_id": person, "items": ["s0001", "s0002", "s0003"]})
        case _:
            return caller.get(
                draw.choice(["/v1/status", "/metrics", "/v1/models", "/v1/schema", "/v1/items/s0003/similar"])
            )


def check_apart(server: Server, tenants: tuple[Tenant, Tenant], steps: int) -> None:
    draw = random.Random(11)
    callers = {tenant.name: server.caller(tenant.key) for tenant in tenants}
    try:
        for _ in range(steps):
            me, other = draw.sample(tenants, 2)
            answer = act(callers[me.name], me, draw)
            assert answer.status in (200, 404), answer.body
            told = answer.body.decode() + str(answer.headers)
            assert other.word not in told and f'"{other.name}"' not in told, told
            if answer.status == 200 and answer.body.startswith(b'{"recommendation_id"'):
                assert answer.json["model_version"].startswith("itemknn" if me.name == "first" else "popular")
    finally:
        for caller in callers.values():
            caller.__exit__()


def test_two_projects_share_nothing(start: Start, tenants: tuple[Tenant, Tenant], tmp_path: Path) -> None:
    first, second = tenants
    with start("--project", "first", folder=None) as server:
        check_apart(server, tenants, 300)
        with server.caller(first.key) as mine, server.caller(second.key) as theirs:
            assert first.lists and second.lists
            for caller, foreign in ((mine, second), (theirs, first)):
                for one in foreign.lists[:5]:
                    problem(caller.get(f"/v1/recommendations/{one}"), 404)
                person = f"p-{foreign.word}-0"
                assert caller.get(f"/v1/users/{person}").status == 404
                assert caller.get(f"/v1/users/{person}/export").status == 404
                version = "popular" if foreign is second else "itemknn"
                there = [model["version"] for model in caller.get("/v1/models").json["models"]]
                assert len(there) == 1 and not there[0].startswith(version)
            assert mine.get(f"/v1/recommendations/{first.lists[0]}").json["same"] is True
            # a header does not open another project
            named = mine.ask("GET", "/v1/models", x_penchant_project="second").json["models"]
            assert named[0]["version"].startswith("itemknn")
            # what one deletes and forgets stays with the other
            kept = theirs.get("/v1/users/both/export").body
            assert kept and mine.ask("DELETE", "/v1/users/both").status == 200
            assert mine.ask("DELETE", "/v1/items/s0001").status == 200
            assert theirs.get("/v1/users/both/export").body == kept
            assert theirs.get("/v1/items/s0001").status == 200 and mine.get("/v1/items/s0001").status == 404
            version = theirs.get("/v1/models").json["models"][0]["version"]
            assert mine.ask("POST", f"/v1/models/{version}:activate").status in (404, 409, 422)
        assert server.faults() == []
        assert first.key not in server.said.read_text() and first.word not in server.said.read_text()
    for file in (tmp_path / "store").rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert not (first.word.encode() in data and second.word.encode() in data), file
            assert first.key.encode() not in data and first.key.rpartition("_")[2].encode() not in data, file


def test_keys_open_what_they_name_and_nothing_else(start: Start, tmp_path: Path) -> None:
    store = tmp_path / "store"
    keys = {scope: key_of(store, "default", scope) for scope in ("read", "ingest", "admin")}
    event: Any = {"user_id": "ann", "item_id": "s0001"}
    with start() as server:
        for key in (None, "pk_0000_" + "x" * 43, keys["read"][:-1] + "!", keys["read"] + "x", ""):
            with server.caller(key) as caller:
                assert problem(caller.recommend("ann"), 401)["type"].endswith("no-key")
                problem(caller.send(event), 401)
                assert caller.get("/health/ready").status == 200
        with server.caller("pk_0000_" + "x" * 43) as caller:
            # a body that is refused unread leaves no half-closed connection behind
            for _ in range(30):
                problem(caller.send({**event, "context": {"mood": "x" * 50_000}}), 401)
                assert caller.get("/health/ready").status == 200
        with server.caller(keys["read"]) as caller:
            assert len(caller.recommend("ann").ids) == 10
            problem(caller.send(event), 403)
            for method, path in READ_ONLY:
                problem(caller.ask(method, path), 403)
        with server.caller(keys["ingest"]) as caller:
            assert caller.send(event).json["accepted"] == 1
            problem(caller.recommend("ann"), 403)
        with server.caller(keys["admin"]) as caller:
            assert caller.ask("DELETE", "/v1/users/ann").status == 200
        listed = json.loads(command("keys", "list", "--store", store, "--json").stdout)["keys"]
        gone = next(key["key_id"] for key in listed if key["scopes"] == ["read"])
        assert command("keys", "remove", gone, "--store", store).returncode == 0
        with server.caller(keys["read"]) as caller:
            wait_for(lambda: caller.recommend("ann").status == 401, "the end of a removed key")
