"""How a route is declared: path, scope, example, what can go wrong; all of it is read from here by the guard and by OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from penchant.server import bodies, problems
from penchant.server.answering import Reply
from penchant.server.bodies import Gone
from penchant.server.faults import unreadable
from penchant.server.problems import Problem
from penchant.server.site import Call, Seen, Site, let_in
from penchant.server.validation import from_validation
from penchant.store.protocol import KeyScope

CALL, SEEN = "penchant.call", "penchant.seen"
"""Keys of an ASGI scope."""

SCOPE = "x-scope"
"""Names what a key needs, in OpenAPI."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a route says of itself.

    Attributes:
        scope: what a key needs; None asks for no key.
        faults: statuses beside those of every route.
        example: a body of a good answer.
        answer, body: msgspec classes; None where FastAPI reads them from the endpoint.
    """

    scope: KeyScope | None
    faults: tuple[int, ...]
    example: Any
    answer: type[msgspec.Struct] | None
    body: type[msgspec.Struct] | None


def the_call(request: Request) -> Call:
    """The call that a guarded route was let in with."""
    return cast(Call, request.scope[CALL])


Called = Annotated[Call, Depends(the_call)]


def response(reply: Reply) -> Response:
    """The same answer for FastAPI."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reply.headers}
    return Response(reply.body, reply.status, headers, media_type=reply.media_type)


def problem_response(problem: Problem, request_id: str | None) -> Response:
    """A problem for FastAPI."""
    return Response(problem.body(request_id), problem.status, problem.headers, media_type=problems.MEDIA_TYPE)


class GuardedRoute(APIRoute):
    """A route that looks at the key before anything else, then reads the body within its limits, then checks it."""

    told: Told

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own work, guarded."""
        inner = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            seen = cast(Seen, request.scope[SEEN])
            seen.route = self.path
            try:
                if self.told.scope is not None:
                    site = cast(Site, request.app.state.site)
                    call = let_in(site, request.scope, request.receive, self.told.scope, seen)
                    request.scope[CALL] = call
                    if self.body_field is not None:
                        await _take_body(request, call)
                return await inner(request)
            except Gone:
                return Response(status_code=499)  # nobody reads it
            except RequestValidationError as fault:
                return problem_response(from_validation(fault, self._known()), seen.request_id)
            except Exception as fault:
                # answered here: the framework would send a page of its own
                seen.fault = fault
                return problem_response(problems.from_exception(fault), seen.request_id)

        return guarded

    def _known(self) -> dict[str, Any]:
        """Place of a request -> the class that reads it."""
        places = {
            "body": [self.body_field] if self.body_field is not None else [],
            "query": self.dependant.query_params,
        }
        return {place: fields[0].field_info.annotation for place, fields in places.items() if fields}


async def _take_body(request: Request, call: Call) -> None:
    """Reads and decodes the body here: the framework's own reader takes NaN, lone surrogates and any length."""
    body, _ = await call.body(bodies.JSON)
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise unreadable(fault) from None
    request._body, request._json = body, value


class Routes:
    """Declares routes on an application."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def add(
        self,
        method: str,
        path: str,
        endpoint: Callable[..., Any],
        *,
        scope: KeyScope | None,
        example: Any,
        faults: tuple[int, ...] = (),
        status: int = 200,
        answer: type[msgspec.Struct] | None = None,
        body: type[msgspec.Struct] | None = None,
        more: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Declares one route.

        Args:
            scope, faults, example, answer, body: see `Told`.
            more: other parts of its entry in OpenAPI.
            options: of FastAPI.
        """
        words = (endpoint.__doc__ or "").strip()
        self._app.router.add_api_route(
            path,
            endpoint,
            methods=[method],
            status_code=status,
            openapi_extra={SCOPE: scope, **(more or {})},
            operation_id=endpoint.__name__,
            name=endpoint.__name__,
            summary=words.partition("\n")[0].rstrip("."),
            **options,
        )
        route = self._app.router.routes[-1]
        assert isinstance(route, GuardedRoute)
        route.told = Told(scope=scope, faults=faults, example=example, answer=answer, body=body)
