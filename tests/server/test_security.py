"""Who may do what: keys, scopes, projects, and the loopback address."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from penchant.errors import BadConfig, UnknownName
from penchant.server import short_way
from penchant.server.app import Front, build_app
from penchant.server.openapi import document
from penchant.server.routing import GuardedRoute
from penchant.server.security import KeyRing, check_bind, new_key
from penchant.server.settings import ServerConfig
from tests.server.asking import NOW, ask, bearer, check_problem, guarded, server
from tests.server.fake_app import FakeApp, FakeKeys

IDS = {"user_id": "ann", "item_id": "a", "version": "m-2", "recommendation_id": "r-0"}


def operations(front: Front) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every route of the OpenAPI: method, path, operation."""
    for path, methods in document(front.framework)["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def asked(front: Front, method: str, path: str, operation: dict[str, Any], secret: str | None) -> httpx.Response:
    """A good request to a route, with the example of its body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    example = content.get("example") or next((one["value"] for one in content.get("examples", {}).values()), None)
    request: dict[str, Any] = {"headers": bearer(secret) if secret else {}}
    if content:
        request["json"] = example
    return ask(front, method, path.format(**IDS), **request)


def test_every_route_asks_for_a_key_of_its_scope() -> None:
    seen = set()
    for method, path, operation in operations(server()):
        needed = operation.get("x-scope")
        seen.add((method, path))
        for who in (None, "wrong", "read", "ingest", "admin"):
            # a new server for each request, because some of them change what is there
            front, secrets, _ = guarded()
            app = front.site.apps["one"]
            assert isinstance(app, FakeApp)
            app.users["ann"] = {}
            app.recommend_fails_with = None
            app.trending(1)
            secret = {None: None, "wrong": secrets["read"][:-1] + "!"}.get(who, secrets.get(who or ""))
            answer = asked(front, method, path, operation, secret)
            if needed is None:
                assert answer.status_code == 200
            elif who in (None, "wrong"):
                assert check_problem(answer, 401)["type"].endswith(":no-key")
                assert answer.headers["www-authenticate"].startswith("Bearer")
            elif who in (needed, "admin"):
                assert answer.status_code in (200, 202), f"{method} {path} {who}: {answer.text}"
            else:
                assert f'scope "{needed}"' in check_problem(answer, 403)["detail"], f"{method} {path} {who}"
    assert {("POST", "/v1/events"), ("DELETE", "/v1/users/{user_id}"), ("GET", "/metrics")} <= seen and len(seen) >= 25


def test_only_health_and_the_description_are_open() -> None:
    open_ones = {path for _, path, operation in operations(server()) if operation.get("x-scope") is None}
    assert open_ones == {"/health/live", "/health/ready", "/openapi.json"}
    for _, _, operation in operations(server()):
        assert ("security" in operation) == (operation.get("x-scope") is not None)


def test_the_short_way_asks_for_the_same_scopes_as_the_long_one() -> None:
    routes = [route for route in server().framework.routes if isinstance(route, GuardedRoute)]
    declared = {(method, route.path): route.told.scope for route in routes for method in route.methods or ()}
    for way, (scope, _) in short_way.EXACT.items():
        assert declared[way] == scope
    assert declared["GET", short_way.BY_USER_ROUTE] == short_way.BY_USER_SCOPE


def test_a_key_opens_its_own_project_only() -> None:
    front, secrets, _ = guarded()
    one, two = bearer(secrets["admin"]), bearer(secrets["other"])
    ask(front, "PUT", "/v1/items/shared", headers=one, json={"features": {"genre": "secret"}})
    ask(front, "POST", "/v1/events", headers=one, json={"user_id": "ann", "item_id": "a"})
    listed = ask(front, "GET", "/v1/recommend/ann", headers=one).json()
    for path in (
        "/v1/items/shared",
        "/v1/users/ann",
        "/v1/users/ann/export",
        f"/v1/recommendations/{listed['recommendation_id']}",
    ):
        assert ask(front, "GET", path, headers=one).status_code == 200
        assert check_problem(ask(front, "GET", path, headers=two), 404)
    assert [one["item_id"] for one in ask(front, "GET", "/v1/trending", headers=two).json()["items"]] == ["x"]
    # a header cannot change the project of a key
    wish = {**two, "x-penchant-project": "one"}
    assert check_problem(ask(front, "GET", "/v1/items/shared", headers=wish), 404)
    metrics = ask(front, "GET", "/metrics", headers=two).text
    assert 'penchant_requests_total{method="GET",project="two",route="/v1/trending",status="200"} 1.0' in metrics
    assert 'project="one"' not in metrics and "penchant_events_total{" not in metrics


def test_a_project_without_an_application_is_not_served() -> None:
    key, secret = new_key("three", ["admin"], lambda: NOW)
    front = build_app({"one": FakeApp()}, FakeKeys(key), ServerConfig(), lambda: NOW)
    assert check_problem(ask(front, "GET", "/v1/trending", headers=bearer(secret)), 404)["type"].endswith(":no-project")


def test_a_secret_is_random_and_only_its_hash_is_kept() -> None:
    key, secret = new_key("one", ["ingest", "read", "read"], lambda: NOW, note=" phone ")
    assert re.fullmatch(r"pk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", secret)
    assert secret.split("_")[1] == key.key_id
    assert key.scopes == {"read", "ingest"} and key.project == "one" and key.created_at == NOW and key.note == "phone"
    assert secret[-43:] not in repr(key) and len(key.hashed) == 64
    assert new_key("one", ["read"], lambda: NOW)[1] != secret
    with pytest.raises(UnknownName, match='Did you mean "ingest"'):
        new_key("one", ["ingst"], lambda: NOW)
    with pytest.raises(BadConfig, match="at least one"):
        new_key("one", [], lambda: NOW)


@pytest.mark.parametrize("change", ["cut", "longer", "other id", "no id", "empty", "basic", "nul", "latin"])
def test_a_secret_that_is_not_exact_opens_nothing(change: str) -> None:
    front, secrets, _ = guarded()
    good = secrets["read"]
    bad = {
        "cut": good[:-1],
        "longer": good + "A",
        "other id": secrets["admin"][:16] + good[16:],
        "no id": "pk__" + good[16:],
        "empty": "",
        "basic": good,
        "nul": good[:-1] + "\0",
        "latin": good[:-1] + "\xff",
    }[change]
    scheme = "Basic" if change == "basic" else "Bearer"
    header = f"{scheme} {bad}".encode("latin-1")
    check_problem(ask(front, "GET", "/v1/trending", headers={b"authorization": header}), 401)
    assert ask(front, "GET", "/v1/trending", headers={"authorization": f"bearer {good}"}).status_code == 200
    assert ask(front, "GET", "/v1/trending", headers={"x-api-key": good}).status_code == 200
    if change != "basic":
        check_problem(ask(front, "GET", "/v1/trending", headers={b"x-api-key": bad.encode("latin-1")}), 401)


def test_the_key_is_looked_at_before_anything_else() -> None:
    front, secrets, _ = guarded()
    for short in ("/v1/events", "/v1/rank"):
        check_problem(ask(front, "POST", short, content=b"{"), 401)
        assert ask(front, "POST", short, content=b"{", headers=bearer(secrets["admin"])).status_code == 415
    check_problem(ask(front, "PUT", "/v1/items/x", content=b"{" * 2_000_000), 401)
    check_problem(ask(front, "GET", "/v1/trending?k=wrong"), 401)


def test_changed_keys_count_within_a_second_or_so() -> None:
    front, secrets, keys = guarded()
    held = keys.keys()
    front.site.ring.watch()
    try:
        assert ask(front, "GET", "/v1/trending", headers=bearer(secrets["read"])).status_code == 200
        fresh, secret = new_key("one", ["read"], lambda: NOW)
        keys.change(*(key for key in held if "read" not in key.scopes), fresh)
        end = time.monotonic() + 10
        while ask(front, "GET", "/v1/trending", headers=bearer(secret)).status_code != 200:
            assert time.monotonic() < end, "the new key never came"
            time.sleep(0.05)
        check_problem(ask(front, "GET", "/v1/trending", headers=bearer(secrets["read"])), 401)
    finally:
        front.site.ring.close()


def test_a_store_that_is_away_leaves_the_keys_as_they_were() -> None:
    front, secrets, keys = guarded()

    class Away(FakeKeys):
        def keys_generation(self) -> int:
            raise OSError("away")

    ring = KeyRing(keys)
    ring._source = Away()
    with pytest.raises(OSError, match="away"):
        ring.reread()
    headers = {b"authorization": f"Bearer {secrets['read']}".encode()}
    assert ring.caller(headers, "10.0.0.9", "read").project == "one"


def test_without_keys_only_this_machine_is_answered() -> None:
    front = server()
    assert ask(front, "GET", "/v1/trending").status_code == 200
    check_problem(ask(front, "GET", "/v1/trending", client="192.168.1.7"), 403)
    for host in ("localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST"):
        assert ask(front, "GET", "/v1/trending", headers={"host": host}).status_code == 200
    for host in ("example.org", "localhost.example.org", "127.0.0.1.example.org", "", "10.0.0.1"):
        check_problem(ask(front, "GET", "/v1/trending", headers={"host": host}), 403)
    # a page from elsewhere in this machine's browser
    for origin, status in (("http://localhost:3000", 200), ("https://example.org", 403), ("null", 403)):
        assert ask(front, "GET", "/v1/trending", headers={"origin": origin}).status_code == status


def test_without_keys_a_header_names_the_project() -> None:
    front = build_app({"default": FakeApp(), "two": FakeApp(items=("x",))}, None, ServerConfig(), lambda: NOW)
    items = ask(front, "GET", "/v1/trending", headers={"x-penchant-project": "two"}).json()["items"]
    assert [one["item_id"] for one in items] == ["x"]
    check_problem(ask(front, "GET", "/v1/trending", headers={"x-penchant-project": "three"}), 404)
    check_problem(ask(front, "GET", "/v1/trending", headers={"x-penchant-project": "../two"}), 422)


def test_a_server_without_keys_listens_to_this_machine_only() -> None:
    for host in ("0.0.0.0", "::", "192.168.1.7", "example.org"):
        with pytest.raises(BadConfig, match="penchant keys create"):
            build_app({}, None, ServerConfig(host=host), lambda: NOW)
        check_bind(host, keyless=False)
    for host in ("127.0.0.1", "::1", "localhost", "127.8.0.1"):
        check_bind(host, keyless=True)


def test_no_key_is_needed_until_the_first_is_made_and_never_beyond_this_machine() -> None:
    keys = FakeKeys()
    front = build_app({"default": FakeApp()}, keys, ServerConfig(), lambda: NOW)
    assert ask(front, "GET", "/v1/trending").status_code == 200
    key, secret = new_key("default", ["read"], lambda: NOW)
    keys.change(key)
    front.site.ring.reread()
    check_problem(ask(front, "GET", "/v1/trending"), 401)
    assert ask(front, "GET", "/v1/trending", headers=bearer(secret)).status_code == 200
    # a server that once had keys does not open itself when the last one goes
    keys.change()
    front.site.ring.reread()
    check_problem(ask(front, "GET", "/v1/trending"), 401)
    # nor does a worker that begins only now
    later = build_app({"default": FakeApp()}, keys, ServerConfig(), lambda: NOW)
    check_problem(ask(later, "GET", "/v1/trending"), 401)
    far = build_app({"default": FakeApp()}, FakeKeys(), ServerConfig(host="0.0.0.0"), lambda: NOW)
    check_problem(ask(far, "GET", "/v1/trending"), 401)


def test_a_key_that_asks_too_often_waits() -> None:
    front, secrets, _ = guarded(rate=0.5, burst=4.0)
    # a bucket of two: half a request a second, saved up for four seconds
    answers = [ask(front, "GET", "/v1/trending", headers=bearer(secrets["read"])) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "2" and 1 < check_problem(answers[2], 429)["retry_after"] <= 2
    assert ask(front, "GET", "/v1/trending", headers=bearer(secrets["admin"])).status_code == 200


def test_other_scopes_than_the_three_open_nothing() -> None:
    key, secret = new_key("one", ["read"], lambda: NOW)
    front = build_app({"one": FakeApp()}, FakeKeys(replace(key, scopes=frozenset())), ServerConfig(), lambda: NOW)
    check_problem(ask(front, "GET", "/v1/trending", headers=bearer(secret)), 403)
