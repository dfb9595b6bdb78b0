"""Events as they come: one object, a list, or one object a line; each is read by itself, so that a bad one spoils no other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from penchant.errors import BadConfig
from penchant.event import Interaction
from penchant.server import ids
from penchant.server.faults import field_fault, names_of, sentence, unreadable
from penchant.server.problems import Problem, shown
from penchant.server.values import check_names, instant
from penchant.service.nouns import Recorded

IdText = Annotated[
    str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": ids.MOST_BYTES, "pattern": ids.PATTERN})
]
Moment = Annotated[
    float | str | None,
    msgspec.Meta(description="seconds since 1970 as a number, or ISO 8601 text (UTC unless it names a zone)"),
]
_ID_FIELDS = ("user_id", "item_id", "event_id", "session_id", "recommendation_id")
_MOST_CONTEXT = 64


class SentEvent(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A person did something with an item.

    `timestamp` is now when left out; `kind` may be left out where only one is declared; an event with the `event_id` of an
    earlier one is a duplicate and changes nothing.
    """

    user_id: IdText
    item_id: IdText
    timestamp: Moment = None
    kind: str | None = None
    value: float = 1.0
    context: Annotated[dict[str, str | int | float], msgspec.Meta(max_length=_MOST_CONTEXT)] = {}
    session_id: IdText | None = None
    recommendation_id: IdText | None = None
    event_id: IdText | None = None


FIELDS = names_of(SentEvent)
_ONE = msgspec.json.Decoder(SentEvent)
_MANY = msgspec.json.Decoder(list[SentEvent])
_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_new = object.__new__


class EventOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one event; `index` is its place in the request, from 0."""

    index: int
    status: str
    event_id: str | None = None
    offset: int = 0
    reason: str | None = None


class EventsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all events; `events` lists those that were not accepted, or all with ``detail=all``."""

    accepted: int
    duplicate: int
    rejected: int
    events: tuple[EventOutcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """A request's events: the good ones with their places, and why the others are none."""

    events: list[Interaction] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    refused: list[EventOutcome] = field(default_factory=list)


def read_events(body: bytes, *, lines: bool, most: int, now: float, kinds: Sequence[str]) -> Read:
    """Reads a body.

    Args:
        lines: whether it has one event a line.
        most: events that it may hold.
        now: the time of events without one, seconds since 1970.
        kinds: the declared kinds.

    Raises:
        Problem: 400 when the body is no JSON, 413 for too many events, 422 when it is neither an object nor a list.
    """
    sent: Iterable[SentEvent | Exception] = _lines(body, most) if lines else _list(body, most)
    only_kind = kinds[0] if len(kinds) == 1 else None
    read = Read()
    for place, one in enumerate(sent):
        try:
            if isinstance(one, Exception):
                raise one
            event = _event(one, now, only_kind, kinds)
        except (BadConfig, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
            read.refused.append(EventOutcome(index=place, status="rejected", reason=_reason(fault)))
        else:
            read.events.append(event)
            read.places.append(place)
    return read


def answer_of(read: Read, recorded: Sequence[Recorded], *, detail: bool) -> EventsAnswer:
    """The answer; `recorded` has the length of ``read.events``."""
    counts = {"accepted": 0, "duplicate": 0, "rejected": len(read.refused)}
    told = list(read.refused)
    for place, one in zip(read.places, recorded, strict=True):
        counts[one.status] += 1
        if detail or one.status != "accepted":
            told.append(
                EventOutcome(
                    index=place, status=one.status, event_id=one.event_id, offset=one.offset, reason=one.reason
                )
            )
    told.sort(key=lambda outcome: outcome.index)
    return EventsAnswer(**counts, events=tuple(told))


def _list(body: bytes, most: int) -> Iterable[SentEvent | Exception]:
    start = body.lstrip()[:1]
    if start not in (b"[", b"{"):
        _readable(body)
        raise Problem(422, "expected an event (an object), or a list of events")
    try:
        sent: Sequence[SentEvent | Exception] = _MANY.decode(body) if start == b"[" else [_ONE.decode(body)]
    except msgspec.ValidationError:
        # one of them is wrong: which?
        raws = _raws(body) if start == b"[" else [_readable(body)]
        sent = [_alone(raw) for raw in raws[: most + 1]]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise unreadable(fault) from None
    if len(sent) > most:
        raise _too_many(most)
    return sent


def _raws(body: bytes) -> list[msgspec.Raw]:
    _readable(body)
    try:
        return _RAW.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise unreadable(fault) from None


def _readable(body: bytes) -> bytes:
    """The body, when all of it is JSON: places that no field reads are only skipped by the decoder above."""
    try:
        msgspec.json.decode(body)
    except msgspec.ValidationError:
        return body  # a number beyond any float; whoever sent it with an event is told so
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise unreadable(fault) from None
    return body


def _lines(body: bytes, most: int) -> Iterable[SentEvent | Exception]:
    lines = [line for line in body.split(b"\n") if line.strip()]
    if len(lines) > most:
        raise _too_many(most)
    return [_alone(line) for line in lines]


def _too_many(most: int) -> Problem:
    return Problem(413, f"the request holds more than {most:,} events; send them in parts")


def _alone(raw: bytes | msgspec.Raw) -> SentEvent | Exception:
    try:
        return _ONE.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        return fault


def _event(sent: SentEvent, now: float, only_kind: str | None, kinds: Sequence[str]) -> Interaction:
    kind = sent.kind or only_kind
    if kind is None:
        raise BadConfig(f"kind: missing; expected one of {', '.join(kinds)}")
    given = (sent.user_id, sent.item_id, sent.event_id, sent.session_id, sent.recommendation_id)
    for text in given:
        if text is None or (0 < len(text) <= ids.SURELY_SHORT and text.isprintable()):
            continue
        if fault := ids.fault_of(text):
            name = _ID_FIELDS[given.index(text)]
            raise BadConfig(f'{name}: expected {ids.RULE}, got "{shown(text)}", which {fault}')
    if sent.context:
        check_names(sent.context, "context")
    event: Interaction = _new(Interaction)
    # filled in at once: the constructor of a frozen class sets one field after the other
    event.__dict__.update(
        user_id=sent.user_id,
        item_id=sent.item_id,
        at=now if sent.timestamp is None else instant(sent.timestamp, "timestamp"),
        kind=kind,
        value=sent.value,
        context=sent.context,
        session_id=sent.session_id,
        recommendation_id=sent.recommendation_id,
        event_id=sent.event_id,
    )
    return event


def _reason(fault: Exception) -> str:
    if isinstance(fault, msgspec.ValidationError):
        return sentence(field_fault(fault, FIELDS))
    if isinstance(fault, BadConfig):
        return str(fault)
    return unreadable(fault).detail
