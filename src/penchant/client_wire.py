"""What the client sends and gets, and how answers that are no success are raised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from penchant.errors import UserError
from penchant.event import Interaction, ItemUpdate, UserUpdate
from penchant.query import Past, Query
from penchant.slate import Recommendation, Slate, StageTrace


class Refused(UserError):
    """The server answered with a problem.

    Attributes:
        status: of HTTP.
        kind: last part of the problem's type, such as ``"busy"``.
        errors: the fields at fault, as the server named them: ``field``, ``value``, ``expected``, ``fix``.
        request_id: leads to the request in the server's log.
        retry_after: seconds after which trying again makes sense; None where it does not.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or f"the server answered {status}"))
        self.status, self.kind = status, str(problem.get("type", "")).rpartition(":")[2]
        self.errors: tuple[Mapping[str, str], ...] = tuple(problem.get("errors", ()))
        self.request_id, self.retry_after = problem.get("request_id"), problem.get("retry_after")


class KeyRefused(Refused):
    """401 or 403: no key, a wrong one, or one that does not allow this."""


class NotThere(Refused):
    """404: nobody knows this id."""


class Busy(Refused):
    """429 or 503, even after all repetitions."""


class Unreachable(UserError):
    """No answer came."""


_ERRORS: Mapping[int, type[Refused]] = {401: KeyRefused, 403: KeyRefused, 404: NotThere, 429: Busy, 503: Busy}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one event; `index` is its place in the request, from 0."""

    index: int
    status: str
    event_id: str | None = None
    offset: int = 0
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What became of events: counts, and each one that was not accepted."""

    accepted: int
    duplicate: int
    rejected: int
    events: tuple[Outcome, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A list, and what was made of the question; see `penchant.service.nouns.Served`. `took_ms` is the server's own time."""

    slate: Slate
    at: float
    took_ms: float
    log_offset: int
    fallback: bool
    context_used: Mapping[str, str | float] = field(default_factory=dict)
    context_ignored: Mapping[str, str] = field(default_factory=dict)
    cold: frozenset[str] = frozenset()
    titles: Mapping[str, str] = field(default_factory=dict)
    history: tuple[str, ...] = ()
    unknown_items: tuple[str, ...] = ()

    @property
    def items(self) -> tuple[Recommendation, ...]:
        """The items, best first."""
        return self.slate.items


def refusal(answer: httpx.Response) -> Refused:
    """The error that an answer stands for."""
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    return _ERRORS.get(answer.status_code, Refused)(answer.status_code, problem if isinstance(problem, dict) else {})


def quoted(text: str) -> str:
    """An id as one part of a path; dots alone would be taken for a folder."""
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")


def event_json(event: Interaction) -> dict[str, Any]:
    """An event as it is sent."""
    optional = ("session_id", "recommendation_id", "event_id")
    told = {name: getattr(event, name) for name in optional if getattr(event, name) is not None}
    told |= {"context": dict(event.context)} if event.context else {}
    return {
        "user_id": event.user_id,
        "item_id": event.item_id,
        "timestamp": event.at,
        "kind": event.kind,
        "value": event.value,
        **told,
    }


def _past(past: Past) -> dict[str, Any]:
    told = {"item_id": past.item_id, "timestamp": past.at, "kind": past.kind, "value": past.value}
    return told | {"context": dict(past.context)}


def question_json(query: Query) -> dict[str, Any]:
    """A question as it is sent."""
    told: dict[str, Any] = {
        "user_id": query.user_id,
        "at": query.at,
        "k": query.k,
        "where": query.where,
        "similar_to": query.similar_to,
        "repeats": query.repeats,
        "context": dict(query.context),
        "features": dict(query.features),
        "exclude": sorted(query.exclude),
        "history": None if query.history is None else [_past(past) for past in query.history],
        "candidates": None if query.candidates is None else list(query.candidates),
    }
    return {name: value for name, value in told.items() if value is not None}


def answer_of(told: Mapping[str, Any]) -> Answer:
    """The list in an answer."""
    items = tuple(
        Recommendation(
            item_id=one["item_id"],
            rank=one["rank"],
            score=one["score"],
            sources=tuple(one["sources"]),
            propensity=one["propensity"],
        )
        for one in told["items"]
    )
    trace = tuple(
        StageTrace(
            stage=one["stage"],
            n_in=one["n_in"],
            n_out=one["n_out"],
            milliseconds=one["ms"],
            removed=one["removed"],
            failure=one["failure"],
        )
        for one in told.get("trace") or ()
    )
    slate = Slate(
        recommendation_id=told["recommendation_id"], items=items, trace=trace, model_version=told["model_version"]
    )
    same = ("at", "took_ms", "log_offset", "fallback", "context_used", "context_ignored")
    return Answer(
        slate=slate,
        **{name: told[name] for name in same},
        cold=frozenset(one["item_id"] for one in told["items"] if one["cold"]),
        titles={one["item_id"]: one["title"] for one in told["items"] if one["title"] is not None},
        history=tuple(told["history"]),
        unknown_items=tuple(told["unknown_items"]),
    )


def recorded_of(told: Mapping[str, Any]) -> Recorded:
    """What became of events, items or people."""
    return Recorded(**{**told, "events": tuple(Outcome(**one) for one in told["events"])})


def item_json(item: ItemUpdate) -> dict[str, Any]:
    """An item as it is sent."""
    told = {"item_id": item.item_id, "timestamp": item.at, "features": dict(item.features), "available": item.available}
    return told | ({"deleted": True} if item.deleted else {})


def user_json(user: UserUpdate) -> dict[str, Any]:
    """A person as they are sent."""
    return {"user_id": user.user_id, "timestamp": user.at, "features": dict(user.features)}
