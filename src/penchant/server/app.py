"""The server as one ASGI application: what every request passes through, and the routes behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from penchant.clock import Clock
from penchant.server import paths, problems, short_way
from penchant.server.answering import Reply
from penchant.server.bodies import Gone
from penchant.server.observing import Log
from penchant.server.openapi import describe
from penchant.server.problems import Problem
from penchant.server.routes import health, hot, items, models, users
from penchant.server.routing import SEEN, GuardedRoute, Routes, problem_response
from penchant.server.security import KeyRing, Keys, check_bind
from penchant.server.settings import ServerConfig
from penchant.server.site import Seen, Site, request_id
from penchant.service.protocol import App

_SAFETY = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))


def build_app(
    apps: Mapping[str, App],
    keys: Keys | None,
    settings: ServerConfig,
    clock: Clock,
    *,
    log: Log | None = None,
    short: bool = True,
) -> Front:
    """The ASGI application.

    Args:
        apps: project -> application; they are closed by whoever made them, after the server.
        keys: where keys are kept, such as a `penchant.store.protocol.Stores`. None needs no key. On a loopback address no key
            is needed either as long as none was ever made.
        log: gets a line for each request; None writes none.
        short: whether the busiest routes take the short way around FastAPI.

    Raises:
        BadConfig: no keys, and an address that other machines reach.
    """
    check_bind(settings.host, keyless=keys is None)
    ring = KeyRing(keys, open_without=settings.is_local)
    site = Site(apps, ring, settings, clock, log)
    return Front(site, _framework(site), short=short)


class Front:
    """Gives each request an id, cleans its path, sends it the short or the long way, counts it, and answers what went wrong."""

    def __init__(self, site: Site, framework: FastAPI, *, short: bool = True) -> None:
        self.site, self.framework, self._short = site, framework, short

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self.framework(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:
        seen = Seen(request_id(scope["headers"]))

        async def hearing() -> Any:
            message = await receive()
            seen.heard = not message.get("more_body", False)
            return message

        async def noting(message: Any) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                message["headers"] = [*message["headers"], *_SAFETY, (b"x-request-id", seen.request_id.encode("ascii"))]
                if seen.status >= 400 and not seen.heard and _has_body(scope["headers"]):
                    # a connection with an unread body is of no more use, and whoever holds it must know
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        try:
            scope["path"] = paths.cleaned(scope.get("raw_path") or scope["path"].encode())
            way = short_way.found(scope, seen) if self._short else None
            if way is not None:
                await short_way.take(self.site, scope, hearing, noting, seen, way)
            else:
                scope[SEEN] = seen
                await self.framework(scope, hearing, noting)
        except Gone:
            seen.status = seen.status or 499
        except Exception as fault:
            seen.fault = fault
            await self._failed(fault, seen, noting)
        finally:
            self._told(scope, seen)

    async def _failed(self, fault: Exception, seen: Seen, send: Any) -> None:
        problem = problems.from_exception(fault)
        if seen.status:
            # the answer has begun; all that is left is to break it off
            raise fault
        reply = Reply(
            problem.body(seen.request_id),
            problem.status,
            problems.MEDIA_TYPE,
            tuple((name.encode(), value.encode("latin-1", "replace")) for name, value in problem.headers.items()),
        )
        await short_way.send_reply(send, reply)

    def _told(self, scope: Any, seen: Seen) -> None:
        seconds = perf_counter() - seen.began
        site, caller = self.site, seen.caller
        if seen.fault is not None and (seen.status == 500 or problems.from_exception(seen.fault).status == 500):
            site.log.error("fault", request_id=seen.request_id, route=seen.route, exc_info=seen.fault)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        site.gauges.of(caller.project if caller else "").request(seen.route, method, seen.status, seconds)
        if site.settings.access_log:
            site.log.info(
                "request",
                request_id=seen.request_id,
                route=seen.route,
                method=method,
                status=seen.status,
                ms=round(seconds * 1000, 2),
                project=caller.project if caller else None,
                key_id=caller.key_id if caller else None,
            )


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b" 0")) for name, value in headers
    )


_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})


def _framework(site: Site) -> FastAPI:
    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        site.ring.watch()
        yield
        site.close()

    app = FastAPI(
        title="Penchant",
        version=_version(),
        summary="Recommendations for this person, in this moment, with the reason why.",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=life,
    )
    app.state.site = site
    app.router.route_class = GuardedRoute
    routes = Routes(app)
    for group in (hot, items, users, models, health):
        group.register(routes)
    describe(app)
    app.add_exception_handler(HTTPException, _http_problem)
    return app


async def _http_problem(request: Request, fault: Exception) -> Response:
    """404 and 405 of paths that no route knows."""
    assert isinstance(fault, HTTPException)
    seen: Seen = request.scope[SEEN]
    words = {
        404: "there is no such path; GET /openapi.json lists them all",
        405: f"{request.method} is not known here",
    }
    status = fault.status_code if fault.status_code in problems.TITLES else 400
    headers = {"allow": _allowed(request)} if status == 405 else fault.headers
    problem = Problem(status, words.get(status, "the request cannot be read"), headers=headers)
    return problem_response(problem, seen.request_id)


def _allowed(request: Request) -> str:
    """The methods of all routes at a path, for the header ``Allow``."""
    routes = [route for route in request.app.routes if isinstance(route, GuardedRoute)]
    there = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for route in there for method in route.methods or ()}))


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("penchant")
    except PackageNotFoundError:
        return "0"
