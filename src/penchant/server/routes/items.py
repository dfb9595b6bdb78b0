"""Items: what there is, what it is like, what is like it, what is chosen most."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query as Param
from fastapi import Response
from pydantic import Field

from penchant.event import ItemUpdate
from penchant.query import Query
from penchant.server import answering, keeping
from penchant.server.answers import Answer
from penchant.server.ids import PathId
from penchant.server.questions import LONGEST_WHERE
from penchant.server.records import Item, Kept, SentItem, SentItems, Strict
from penchant.server.routes import examples
from penchant.server.routing import Called, Routes, response
from penchant.server.sent_events import EventsAnswer
from penchant.server.values import instant

_KEPT = {"status": "accepted", "offset": 48_214}
_FEATURES = {"genre": "folk", "tags": ["calm", "slow"]}


class ListParameters(Strict):
    """What a list of items may be asked with."""

    model_config = {"extra": "forbid", "strict": False}
    k: int = Field(10, ge=1)
    at: str | None = Field(None, description="the moment: seconds since 1970 or ISO 8601 text; now when left out")
    where: str | None = Field(None, max_length=LONGEST_WHERE, description="a filter expression over item attributes")


class TrendingParameters(ListParameters):
    """The same with the length of the window."""

    window: float | None = Field(None, gt=0, le=1e10, description="seconds; the model's half-life when left out")


async def get_item(call: Called, item_id: PathId) -> Item:
    """Tell what is known of an item."""
    item = await call.aside(lambda: keeping.item_there(call.app, item_id))
    return Item(
        item_id=item.item_id,
        features=dict(item.features),
        available=item.available,
        timestamp=item.at,
        offset=item.offset,
    )


async def put_item(call: Called, item_id: PathId, body: SentItem) -> Kept:
    """Keep an item. Attributes replace all of before; without `features` those of before stay."""
    at = keeping.moment(call, body.timestamp)
    known = await call.aside(lambda: keeping.item_features(call, item_id, body.features))
    update = ItemUpdate(item_id=item_id, at=at, features=known, available=body.available)
    return await keeping.kept(call, update)


async def delete_item(call: Called, item_id: PathId) -> Kept:
    """Take an item out of all lists, at once."""
    await call.aside(lambda: keeping.item_there(call.app, item_id))
    return await keeping.kept(call, ItemUpdate(item_id=item_id, at=call.site.clock(), available=False, deleted=True))


async def put_items(call: Called, body: SentItems) -> Response:
    """Keep the attributes of many items; each is judged by itself, and only a body of another shape is refused whole."""
    return response(await keeping.kept_many(call, body.items, keeping.item_update))


async def get_similar(call: Called, item_id: PathId, asked: Annotated[ListParameters, Param()]) -> Response:
    """Find items like one item."""
    at = None if asked.at is None else instant(asked.at, "at")
    query = Query(similar_to=item_id, k=keeping.bounded(call, asked.k), at=at, where=asked.where)
    served = await call.computed(lambda: keeping.of_known_item(call.app, item_id, query))
    return response(answering.told(call, served))


async def get_trending(call: Called, asked: Annotated[TrendingParameters, Param()]) -> Response:
    """List what was chosen most of late."""
    at = None if asked.at is None else instant(asked.at, "at")
    k = keeping.bounded(call, asked.k)
    served = await call.computed(lambda: call.app.trending(k, window=asked.window, where=asked.where, at=at))
    return response(answering.told(call, served))


def register(routes: Routes) -> None:
    """Declares the routes."""
    path, item = "/v1/items/{item_id}", {"item_id": "s0001", "features": _FEATURES, "available": True}
    routes.add("GET", path, get_item, scope="read", example={**item, "timestamp": examples.NOW, "offset": 48_214})
    routes.add(
        "PUT", path, put_item, scope="ingest", example=_KEPT, faults=(507,), more=examples.body({"features": _FEATURES})
    )
    routes.add("DELETE", path, delete_item, scope="ingest", example=_KEPT, faults=(507,))
    routes.add(
        "PUT",
        "/v1/items:batch",
        put_items,
        scope="ingest",
        example=examples.EVENTS_ANSWER,
        faults=(507,),
        answer=EventsAnswer,
        more=examples.body({"items": [{"item_id": "s0001", "features": _FEATURES}]}),
    )
    routes.add("GET", "/v1/items/{item_id}/similar", get_similar, scope="read", example=examples.ANSWER, answer=Answer)
    routes.add("GET", "/v1/trending", get_trending, scope="read", example=examples.ANSWER, answer=Answer)
