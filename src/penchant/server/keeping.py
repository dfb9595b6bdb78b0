"""Items and people on their way into the log, and ids that must be there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from penchant.errors import BadConfig, UnknownName
from penchant.event import Features, ItemUpdate, UserUpdate
from penchant.query import Query
from penchant.server.answering import Reply, reply
from penchant.server.problems import FieldFault, Problem, one_line
from penchant.server.records import Kept, SentItemOfMany, SentUserOfMany
from penchant.server.sent_events import EventOutcome, Read, answer_of
from penchant.server.site import Call
from penchant.server.values import features, instant
from penchant.service.nouns import Served
from penchant.service.protocol import App
from penchant.store.protocol import ItemState

S = TypeVar("S")
Update = ItemUpdate | UserUpdate


def moment(call: Call, given: float | str | None) -> float:
    """The time that was given, else now; seconds since 1970. Raises BadConfig."""
    return call.site.clock() if given is None else instant(given, "timestamp")


def item_update(call: Call, sent: SentItemOfMany) -> ItemUpdate:
    """One of many items."""
    return ItemUpdate(
        item_id=sent.item_id,
        at=moment(call, sent.timestamp),
        features=item_features(call, sent.item_id, sent.features),
        available=sent.available and not sent.deleted,
        deleted=sent.deleted,
    )


def user_update(call: Call, sent: SentUserOfMany) -> UserUpdate:
    """One of many people."""
    return UserUpdate(
        user_id=sent.user_id,
        at=moment(call, sent.timestamp),
        features=user_features(call, sent.user_id, sent.features),
    )


def item_features(call: Call, item_id: str, given: Mapping[str, Any] | None) -> Features:
    """The attributes that were sent; where none were, those that the item has."""
    if given is not None:
        return features(given)
    try:
        return call.app.item(item_id).features
    except UnknownName:
        return {}


def user_features(call: Call, user_id: str, given: Mapping[str, Any] | None) -> Features:
    """The attributes that were sent; where none were, those that the person has."""
    if given is not None:
        return features(given)
    try:
        known: Features = call.app.user(user_id)["features"]
    except UnknownName:
        return {}
    return known


async def kept(call: Call, update: Update) -> Kept:
    """What became of one update, once it is durable; raises Problem 422 when it was rejected."""
    (one,) = await call.record([update])
    if one.status == "rejected":
        reason = one_line(one.reason or "rejected")
        raise Problem(422, reason, errors=(FieldFault(field="features", expected=reason),))
    return Kept(status=one.status, offset=one.offset)


async def kept_many(call: Call, sent: Sequence[S], make: Callable[[Call, S], Update]) -> Reply:
    """What became of each of many items or people; one that `make` refuses spoils no other."""
    most = call.site.settings.batch
    if len(sent) > most:
        raise Problem(413, f"the request holds more than {most:,} records; send them in parts")
    read, updates = Read(), list[Update]()

    def made() -> None:
        for place, one in enumerate(sent):
            try:
                updates.append(make(call, one))
            except BadConfig as fault:
                read.refused.append(EventOutcome(index=place, status="rejected", reason=one_line(str(fault))))
            else:
                read.places.append(place)

    # attributes that were not sent are read from the store
    await call.aside(made)
    call.gauges.events("rejected", len(read.refused))
    return reply(answer_of(read, await call.record(updates), detail=False))


def bounded(call: Call, k: int) -> int:
    """The number of items, when an answer may hold so many; raises BadConfig."""
    most = call.site.bounds.items
    if k > most:
        raise BadConfig(f"k: expected 1 to {most:,}, got {k}")
    return k


def item_there(app: App, item_id: str) -> ItemState:
    """The item; raises Problem 404 when it is unknown or deleted."""
    try:
        item = app.item(item_id)
    except UnknownName:
        raise no_such("item", item_id) from None
    if item.deleted:
        raise no_such("item", item_id)
    return item


def of_known_item(app: App, item_id: str, query: Query) -> Served:
    """The list of a question about one item; raises Problem 404 when nobody knows it."""
    try:
        served = app.recommend(query)
    except UnknownName as fault:
        if fault.name == item_id:
            raise no_such("item", item_id) from None
        raise
    if item_id in served.unknown_items:
        raise no_such("item", item_id)
    return served


def no_such(kind: str, name: str) -> Problem:
    """404 for an id of the path."""
    return Problem(404, f"no {kind} has this id; check it", errors=(FieldFault(field=f"{kind}_id", value=name[:60]),))
