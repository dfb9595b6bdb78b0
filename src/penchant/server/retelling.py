"""What was served and why, and what is known of a person, as they go out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from penchant.errors import UnknownName
from penchant.event import Interaction
from penchant.query import Query
from penchant.server.answering import Reply, reply
from penchant.server.answers import AnsweredItem, Stage, items_of, stages_of
from penchant.server.keeping import no_such
from penchant.server.records import plain
from penchant.server.site import Call
from penchant.service.nouns import Why


class ToldEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event as it was known; `timestamp` in seconds since 1970 (UTC)."""

    item_id: str
    timestamp: float
    kind: str
    value: float
    context: Mapping[str, str | float] = {}
    session_id: str | None = None
    recommendation_id: str | None = None
    event_id: str | None = None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One place of the list that was served."""

    item_id: str
    rank: int
    propensity: float
    score: float | None = None
    sources: tuple[str, ...] = ()


class Retold(msgspec.Struct, frozen=True, kw_only=True):
    """A list that was served, and the same drawn again.

    `same` says whether items, order and scores are exactly those that were served; `again` is the list drawn anew from the kept
    question, the history as the answer knew it, that model and that seed.
    """

    recommendation_id: str
    same: bool
    model_version: str
    log_offset: int
    seed: int
    query: dict[str, Any]
    history: tuple[ToldEvent, ...]
    served: tuple[Shown, ...]
    again: tuple[AnsweredItem, ...]
    trace: tuple[Stage, ...] = ()


async def why(call: Call, recommendation_id: str) -> Reply:
    """The answer to why; raises Problem 404 when no such list was served."""

    def work() -> Why:
        try:
            return call.app.why(recommendation_id)
        except UnknownName:
            raise no_such("recommendation", recommendation_id) from None

    return reply(retold(await call.aside(work)))


def retold(found: Why) -> Retold:
    """The same as it goes out."""
    shown = found.impression
    scores = shown.scores or (None,) * len(shown.item_ids)
    sources = shown.sources or ((),) * len(shown.item_ids)
    places = zip(shown.item_ids, shown.propensities, scores, sources, strict=True)
    return Retold(
        recommendation_id=shown.recommendation_id,
        same=found.same,
        model_version=shown.model_version,
        log_offset=shown.log_offset,
        seed=shown.seed,
        query=_query(shown.query),
        history=tuple(map(_event, found.history)),
        served=tuple(
            Shown(item_id=item, rank=rank, propensity=propensity, score=score, sources=tuple(proposed))
            for rank, (item, propensity, score, proposed) in enumerate(places, 1)
        ),
        again=items_of(found.again),
        trace=stages_of(found.again),
    )


async def user(call: Call, user_id: str) -> Reply:
    """What is known of a person; raises Problem 404 when that is nothing."""

    def work() -> Mapping[str, Any]:
        try:
            return call.app.user(user_id)
        except UnknownName:
            raise no_such("user", user_id) from None

    return reply({"user_id": user_id, **plain(dict(await call.aside(work)))})


def _query(query: Query) -> dict[str, Any]:
    told: dict[str, Any] = plain(query)
    told["exclude"] = sorted(query.exclude)
    if query.history is not None:
        told["history"] = [
            {"timestamp" if name == "at" else name: value for name, value in past.items()} for past in told["history"]
        ]
    return {name: value for name, value in told.items() if value not in (None, [], {})}


def _event(event: Interaction) -> ToldEvent:
    return ToldEvent(
        item_id=event.item_id,
        timestamp=event.at,
        kind=event.kind,
        value=event.value,
        context=event.context,
        session_id=event.session_id,
        recommendation_id=event.recommendation_id,
        event_id=event.event_id,
    )
