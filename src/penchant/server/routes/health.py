"""Is the process alive, can it answer, and what has it counted."""

from __future__ import annotations

from fastapi import Request, Response

from penchant.server import observing
from penchant.server.answering import reply
from penchant.server.records import Alive, Ready
from penchant.server.routing import Called, Routes, response
from penchant.server.site import Site


async def alive() -> Alive:
    """Say that the process answers."""
    return Alive()


async def ready(request: Request) -> Response:
    """Say whether requests can be answered; 503 when not.

    Reasons name no project: whoever may not see a project learns only that something is not ready.
    """
    site: Site = request.app.state.site
    states = [app.ready() for app in site.apps.values()]
    is_ready = bool(states) and all(state.ready for state in states)
    told = Ready(ready=is_ready, reasons=[] if is_ready else ["a model is not loaded yet, or a store is away"])
    return response(reply(told.model_dump(), 200 if is_ready else 503))


async def metrics(call: Called) -> Response:
    """Give counts and times of the server and of the key's project, for Prometheus."""
    page = call.site.gauges.page(call.caller.project, call.app.ready().version)
    return Response(page, media_type=observing.MEDIA_TYPE)


def register(routes: Routes) -> None:
    """Declares the routes."""
    routes.add("GET", "/health/live", alive, scope=None, example={"alive": True})
    routes.add(
        "GET",
        "/health/ready",
        ready,
        scope=None,
        example={"ready": True, "reasons": []},
        response_model=Ready,
        responses={503: {"model": Ready, "description": "Not ready"}},
    )
    routes.add(
        "GET",
        "/metrics",
        metrics,
        scope="read",
        example='penchant_log_offset{project="shop",worker="17"} 48213.0\n',
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text"}},
        response_class=Response,
    )
