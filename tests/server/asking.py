"""Asking a server without a socket: the same ASGI application, called directly."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from penchant.server.app import Front, build_app
from penchant.server.security import new_key
from penchant.server.settings import ServerConfig
from tests.server.fake_app import FakeApp, FakeKeys

NOW = 1_764_115_200.0


def server(app: FakeApp | None = None, *, short: bool = True, log: Any = None, **settings: Any) -> Front:
    """A server without keys with one project, whose clock stands still at `NOW`."""
    config = ServerConfig.parse(settings)
    return build_app({"default": app or FakeApp(NOW)}, None, config, lambda: NOW, log=log, short=short)


def ask(front: Front, method: str, path: str, *, client: str = "127.0.0.1", **request: Any) -> httpx.Response:
    """One request and its answer."""

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(front, raise_app_exceptions=False, client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as session:
            return await session.request(method, path, **request)

    return asyncio.run(once())


def check_problem(answer: httpx.Response, status: int) -> Mapping[str, Any]:
    """The problem in an answer, which must have this status and be one as RFC 9457 says."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == status and told["type"].startswith("urn:penchant:problem:")
    assert told["title"] and told["detail"] and "\n" not in told["detail"]
    assert "Traceback" not in answer.text
    return told


def guarded(**settings: Any) -> tuple[Front, dict[str, str], FakeKeys]:
    """A server with two projects; secrets by name: ``read``, ``ingest``, ``admin``, and ``other`` (admin of the other one)."""
    secrets, held = {}, []
    for name, project, scopes in (
        ("read", "one", ["read"]),
        ("ingest", "one", ["ingest"]),
        ("admin", "one", ["admin"]),
        ("other", "two", ["admin"]),
    ):
        key, secrets[name] = new_key(project, scopes, lambda: NOW)
        held.append(key)
    keys = FakeKeys(*held)
    apps = {"one": FakeApp(NOW), "two": FakeApp(NOW, items=("x",))}
    return build_app(apps, keys, ServerConfig.parse(settings), lambda: NOW), secrets, keys


def bearer(secret: str) -> dict[str, str]:
    """The header that carries a key."""
    return {"authorization": f"Bearer {secret}"}
