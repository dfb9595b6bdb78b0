"""Models: which there are, which one serves, how to change that; and what a client may send."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query as Param
from fastapi import Response

from penchant.server import refitting
from penchant.server.answering import reply
from penchant.server.ids import PathId
from penchant.server.records import Anything, Model, Models, Refit, plain
from penchant.server.routes import examples
from penchant.server.routing import Called, Routes, response

_MODEL = {
    "version": "ease-1b2c",
    "model": "ease",
    "current": True,
    "added_at": examples.NOW,
    "trained_to": 48_000,
    "card": {},
}
_SCHEMA = {"kinds": {"play": {"weight": 1.0, "target": True}}, "context": {"mood": {"kind": "category"}}}


async def get_models(call: Called) -> Models:
    """List all versions that can be served, newest first."""
    found = await call.aside(call.app.models)
    return Models(models=[Model.model_validate(plain(one)) for one in found])


async def activate_model(call: Called, version: PathId) -> Model:
    """Serve another version, in all workers within a second.

    One that cannot be loaded is refused by name (409), and the one before goes on.
    """
    return Model.model_validate(plain(await call.aside(lambda: refitting.activated(call.app, version))))


async def refit_models(
    call: Called,
    response: Response,
    wait: Annotated[Literal["true", "false"], Param()] = "false",
    force: Annotated[Literal["true", "false"], Param()] = "false",
) -> Refit:
    """Fit anew on the log, and serve the result if it is good enough.

    Answers at once (202); the new version appears in ``GET /v1/models``. With ``wait=true`` it answers when that is done
    (200); with ``force=true`` it is served whatever the comparison says.
    """
    told = await refitting.refit(call, wait=wait == "true", force=force == "true")
    response.status_code = 202 if told.status == "started" else 200
    return told


async def get_schema(call: Called) -> Response:
    """Tell what a client may send: event kinds, circumstances, attributes."""
    return response(reply(plain(dict(await call.aside(call.app.schema_of)))))


async def get_status(call: Called) -> Response:
    """Tell how the service fares: drift, coverage, fallbacks, acceptance by source, sizes and versions."""
    return response(reply(plain(dict(await call.aside(call.app.status)))))


def register(routes: Routes) -> None:
    """Declares the routes."""
    routes.add("GET", "/v1/models", get_models, scope="read", example={"models": [_MODEL]})
    routes.add(
        "POST", "/v1/models/{version}:activate", activate_model, scope="admin", example=_MODEL, faults=(409, 507)
    )
    routes.add(
        "POST",
        "/v1/models:refit",
        refit_models,
        scope="admin",
        example={"status": "started", "model": None, "found": {}},
        status=202,
        faults=(409, 507),
        responses={200: {"model": Refit, "description": "Done, with wait=true"}},
    )
    routes.add("GET", "/v1/schema", get_schema, scope="read", example=_SCHEMA, response_model=Anything)
    routes.add(
        "GET", "/v1/status", get_status, scope="read", example={"versions": ["ease-1b2c"]}, response_model=Anything
    )
