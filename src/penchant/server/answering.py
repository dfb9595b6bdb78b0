"""What the busiest routes do, the same whether they are reached through FastAPI or by the short way around it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from penchant.errors import BadConfig, UnknownName
from penchant.server import bodies
from penchant.server.answers import ENCODER, answer_of
from penchant.server.questions import Asking, Bounds, from_body, from_parameters, from_rank_body, parameters
from penchant.server.sent_events import Read, read_events
from penchant.server.sent_events import answer_of as events_answer
from penchant.server.site import Call
from penchant.service.nouns import Recorded, Served

SMALL = 8_192
"""Bytes of a body that are read on the spot, in well under a millisecond."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is ready to go out."""

    body: bytes
    status: int = 200
    media_type: str = bodies.JSON
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())


def reply(value: Any, status: int = 200) -> Reply:
    """An answer of JSON."""
    return Reply(ENCODER.encode(value), status)


async def post_events(call: Call) -> Reply:
    """Keeps events."""
    detail = _detail(call.scope["query_string"])
    body, kind = await call.body(bodies.JSON, *bodies.LINES)
    site = call.site
    kinds = site.declared(call.caller.project, call.app).kinds

    def work() -> tuple[Read, Future[tuple[Recorded, ...]] | None]:
        read = read_events(body, lines=kind != bodies.JSON, most=site.settings.batch, now=site.clock(), kinds=kinds)
        return read, call.submit(read.events) if read.events else None

    read, future = work() if len(body) <= SMALL else await site.reading.run(work)
    call.gauges.events("rejected", len(read.refused))
    recorded = await call.recorded(future) if future is not None else ()
    return reply(events_answer(read, recorded, detail=detail))


async def post_recommend(call: Call) -> Reply:
    """A list for the question in the body."""
    body, _ = await call.body(bodies.JSON)
    return await answered(call, await _read(call, body, from_body))


async def get_recommend(call: Call, user_id: str) -> Reply:
    """A list for the question in the URL."""
    declared = call.site.declared(call.caller.project, call.app)
    asking = from_parameters(user_id, call.scope["query_string"], call.site.bounds, declared.context)
    return await answered(call, asking)


async def post_rank(call: Call) -> Reply:
    """The items of the body, best first."""
    body, _ = await call.body(bodies.JSON)
    return await answered(call, await _read(call, body, from_rank_body))


async def _read(call: Call, body: bytes, reader: Callable[[bytes, Bounds], Asking]) -> Asking:
    """The question in a body; a long history is read in a thread."""
    bounds = call.site.bounds
    if len(body) <= SMALL:
        return reader(body, bounds)
    return await call.site.reading.run(lambda: reader(body, bounds))


async def answered(call: Call, asking: Asking) -> Reply:
    """The list for a question."""
    app = call.app
    made = await call.computed(lambda: app.recommend(asking.query, exact=asking.exact), short=asking.is_short)
    return told(call, made, trace=asking.trace)


def told(call: Call, served: Served, *, trace: bool = False) -> Reply:
    """A list as it goes out."""
    call.gauges.offset(served.log_offset)
    return reply(answer_of(served, perf_counter() - call.began, trace=trace))


def _detail(text: bytes) -> bool:
    if not text:
        return False
    plain, context = parameters(text)
    for name in [*plain, *context]:
        if name != "detail":
            raise UnknownName("parameter", name[:80], ("detail",))
    if plain.get("detail", "all") != "all":
        raise BadConfig('detail: expected "all", or leave it out')
    return "detail" in plain
