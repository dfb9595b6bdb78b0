"""People: what is known of them, what they were shown and why, everything that is kept, and its end."""

from __future__ import annotations

import msgspec
from fastapi import Response
from fastapi.responses import StreamingResponse

from penchant.event import UserUpdate
from penchant.server import bodies, exporting, keeping, retelling
from penchant.server.ids import PathId
from penchant.server.records import Anything, ForgetReceipt, Kept, SentUser, SentUsers
from penchant.server.retelling import Retold
from penchant.server.routes import examples
from penchant.server.routing import Called, Routes, response
from penchant.server.sent_events import EventsAnswer

_KEPT = {"status": "accepted", "offset": 48_215}


async def get_user(call: Called, user_id: PathId) -> Response:
    """Tell what is known of a person."""
    return response(await retelling.user(call, user_id))


async def put_user(call: Called, user_id: PathId, body: SentUser) -> Kept:
    """Keep a person. Attributes replace all of before; without `features` those of before stay."""
    at = keeping.moment(call, body.timestamp)
    known = await call.aside(lambda: keeping.user_features(call, user_id, body.features))
    return await keeping.kept(call, UserUpdate(user_id=user_id, at=at, features=known))


async def put_users(call: Called, body: SentUsers) -> Response:
    """Keep the attributes of many people; each is judged by itself, and only a body of another shape is refused whole."""
    return response(await keeping.kept_many(call, body.users, keeping.user_update))


async def export_user(call: Called, user_id: PathId) -> Response:
    """Give everything that is kept about a person, one record a line."""
    return StreamingResponse(await exporting.lines(call, user_id), media_type=bodies.LINES[0])


async def forget_user(call: Called, user_id: PathId) -> ForgetReceipt:
    """Remove everything about a person, and say where it was.

    The answer comes when the removal is durable.
    """
    receipt = await call.aside(lambda: call.app.forget(user_id))
    return ForgetReceipt.model_validate(msgspec.to_builtins(receipt))


async def get_why(call: Called, recommendation_id: PathId) -> Response:
    """Draw a list that was served again, and show what it was made from."""
    return response(await retelling.why(call, recommendation_id))


def register(routes: Routes) -> None:
    """Declares the routes."""
    path = "/v1/users/{user_id}"
    user = {"user_id": "ann", "features": {"group": "young"}, "events": 12, "newest": examples.NOW}
    routes.add("GET", path, get_user, scope="read", example=user, response_model=Anything)
    routes.add(
        "PUT",
        path,
        put_user,
        scope="ingest",
        example=_KEPT,
        faults=(507,),
        more=examples.body({"features": {"group": "young"}}),
    )
    routes.add("DELETE", path, forget_user, scope="admin", example=examples.RECEIPT, faults=(507,))
    routes.add(
        "PUT",
        "/v1/users:batch",
        put_users,
        scope="ingest",
        example=examples.EVENTS_ANSWER,
        faults=(507,),
        answer=EventsAnswer,
        more=examples.body({"users": [{"user_id": "ann", "features": {"group": "young"}}]}),
    )
    routes.add(
        "GET",
        "/v1/users/{user_id}/export",
        export_user,
        scope="admin",
        example='{"type": "interaction", "user_id": "ann", "item_id": "s0001"}\n',
        response_class=Response,
        responses={
            200: {"content": {bodies.LINES[0]: {"schema": {"type": "string"}}}, "description": "a record a line"}
        },
    )
    routes.add(
        "GET", "/v1/recommendations/{recommendation_id}", get_why, scope="read", example=examples.WHY, answer=Retold
    )
