"""The description of all routes: FastAPI's own, completed with what routes say of themselves and with msgspec's classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi

from penchant.server import bodies, problems
from penchant.server.routing import GuardedRoute, Routes

_BODY_FAULTS = (400, 408, 413, 415)
_REF = "#/components/schemas/{name}"
_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"header": []}]
_SCHEMES: Mapping[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "a key made by penchant keys create"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def describe(app: FastAPI) -> None:
    """Adds ``GET /openapi.json``."""
    made: list[bytes] = []

    async def openapi() -> Response:
        """Describe all routes (OpenAPI 3.1)."""
        if not made:
            made.append(msgspec.json.encode(document(app)))
        return Response(made[0], media_type=bodies.JSON)

    Routes(app).add("GET", "/openapi.json", openapi, scope=None, example={"openapi": "3.1.0"})


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document."""
    routes = [route for route in app.routes if isinstance(route, GuardedRoute)]
    made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=routes)
    structs: set[type[msgspec.Struct]] = {problems.ProblemBody}
    for route in routes:
        structs |= {one for one in (route.told.answer, route.told.body) if one is not None}
        for method in route.methods or ():
            _complete(made["paths"][route.path][method.lower()], route)
    _, schemas = msgspec.json.schema_components(sorted(structs, key=lambda one: one.__name__), ref_template=_REF)
    components = made.setdefault("components", {})
    components["schemas"] = {
        **{name: one for name, one in components.get("schemas", {}).items() if "ValidationError" not in name},
        **schemas,
    }
    components["securitySchemes"] = dict(_SCHEMES)
    made["servers"] = [{"url": "/"}]
    return made


def _complete(operation: dict[str, Any], route: GuardedRoute) -> None:
    told = route.told
    operation["parameters"] = list(operation.get("parameters", ()))
    answers = operation["responses"]
    good = answers[str(route.status_code or 200)]
    content = good.setdefault("content", {bodies.JSON: {}})
    kind = next(iter(content))
    content[kind]["example"] = told.example
    if told.answer is not None:
        content[kind]["schema"] = _ref(told.answer)
    if told.body is not None:
        sent = operation["requestBody"]["content"][bodies.JSON]
        sent.setdefault("schema", _ref(told.body))
    answers.pop("422", None)
    faults = {500, *told.faults}
    if told.scope is not None:
        operation["security"] = _SECURITY
        faults |= {400, 401, 403, 404, 422, 429, 503}
    if "requestBody" in operation:
        faults |= set(_BODY_FAULTS)
    for status in sorted(faults):
        answers[str(status)] = _problem(status)


def _ref(struct: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _REF.format(name=struct.__name__)}


def _problem(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": problems.TITLES[status][1],
        "content": {problems.MEDIA_TYPE: {"schema": _ref(problems.ProblemBody)}},
    }
    if status == 429:
        found["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}
    return found
