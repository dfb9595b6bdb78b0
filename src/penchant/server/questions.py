"""Questions as they come: a body or the parameters of a URL become a `Query`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec

from penchant.errors import BadConfig, UnknownName
from penchant.query import Past, Query, Repeats
from penchant.server import ids
from penchant.server.faults import invalid, names_of, unreadable
from penchant.server.problems import FieldFault, Problem, shown
from penchant.server.sent_events import IdText, Moment
from penchant.server.values import check_names, features, instant

LONGEST_WHERE = 2_000
_MOST_PARAMETERS = 200
_CONTEXT = "context."

Values = dict[str, str | int | float]
Features = dict[str, str | int | float | list[str | float]]


class SentPast(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An event of a history that comes with the question; without `timestamp` it lies just before the question."""

    item_id: IdText
    timestamp: Moment = None
    kind: str | None = None
    value: float = 1.0
    context: Values = {}


class Question(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Who asks, when, and in which circumstances.

    A stranger has no `user_id`. `history` replaces what is known of the person. `exact` scores the whole catalogue, `trace`
    adds what each stage did.
    """

    user_id: IdText | None = None
    history: list[SentPast] | None = None
    features: Features = {}
    at: Moment = None
    context: Values = {}
    k: Annotated[int, msgspec.Meta(ge=1)] = 10
    exclude: list[IdText] = []
    candidates: list[IdText] | None = None
    where: Annotated[str, msgspec.Meta(max_length=LONGEST_WHERE)] | None = None
    similar_to: IdText | None = None
    repeats: Repeats | None = None
    exact: bool = False
    trace: bool = False


class RankQuestion(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which of these items first, for this person in this moment; none is left out because it was seen before."""

    items: Annotated[list[IdText], msgspec.Meta(min_length=1)]
    user_id: IdText | None = None
    history: list[SentPast] | None = None
    features: Features = {}
    at: Moment = None
    context: Values = {}
    trace: bool = False


FIELDS = names_of(Question)
_QUESTION, _RANK = msgspec.json.Decoder(Question), msgspec.json.Decoder(RankQuestion)
PARAMETERS = ("k", "at", "where", "exclude", "candidates", "repeats", "exact", "trace", "context.<field>")


_FEW, _SOME_PAST = 100, 1_000
"""Items of a list, and events of a history that came with the question, that take no longer than most."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A query, and how it is to be answered."""

    query: Query
    exact: bool = False
    trace: bool = False

    @property
    def is_short(self) -> bool:
        """Whether it is answered as fast as most are: the whole catalogue is not looked at, and the list is no long one."""
        query = self.query
        return not self.exact and query.where is None and query.k <= _FEW and len(query.history or ()) <= _SOME_PAST


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a question may ask for: items of an answer, events of a history."""

    items: int
    history: int


def from_body(body: bytes, bounds: Bounds) -> Asking:
    """The question of ``POST recommend``; raises Problem or BadConfig."""
    sent = _decoded(_QUESTION, body, FIELDS)
    query = Query(
        user_id=_id(sent.user_id, "user_id"),
        history=_history(sent.history, bounds),
        features=features(sent.features),
        at=None if sent.at is None else instant(sent.at, "at"),
        context=_context(sent.context),
        k=_bounded(sent.k, bounds),
        exclude=frozenset(_listed(sent.exclude, "exclude", bounds.history)),
        candidates=None if sent.candidates is None else _listed(sent.candidates, "candidates", bounds.history),
        where=sent.where,
        similar_to=_id(sent.similar_to, "similar_to"),
        repeats=sent.repeats,
    )
    return Asking(query, sent.exact, sent.trace)


def from_rank_body(body: bytes, bounds: Bounds) -> Asking:
    """The question of ``POST rank``; raises Problem or BadConfig."""
    sent = _decoded(_RANK, body, names_of(RankQuestion))
    items = tuple(dict.fromkeys(_listed(sent.items, "items", bounds.items)))
    query = Query(
        user_id=_id(sent.user_id, "user_id"),
        history=_history(sent.history, bounds),
        features=features(sent.features),
        at=None if sent.at is None else instant(sent.at, "at"),
        context=_context(sent.context),
        k=len(items),
        candidates=items,
        repeats="allow",
    )
    return Asking(query, trace=sent.trace)


def from_parameters(user_id: str, text: bytes, bounds: Bounds, context_kinds: Mapping[str, str]) -> Asking:
    """The question of ``GET recommend/{user_id}``; raises Problem, BadConfig or UnknownName.

    Args:
        text: what follows the question mark.
        context_kinds: context field -> its kind; values of numbers and cycles are read as numbers.
    """
    given, context = parameters(text)
    for name in given:
        if name not in PARAMETERS:
            raise UnknownName("parameter", shown(name), PARAMETERS)
    at = given.get("at")
    query = Query(
        user_id=_id(user_id, "user_id"),
        at=None if at is None else instant(at, "at"),
        context=_context({name: typed(name, value, context_kinds) for name, value in context.items()}),
        k=_bounded(_whole(given.get("k", "10"), "k"), bounds),
        exclude=frozenset(_listed(_commas(given.get("exclude")), "exclude", bounds.history)),
        candidates=_listed(_commas(given["candidates"]), "candidates", bounds.history)
        if "candidates" in given
        else None,
        where=_where(given.get("where")),
        repeats=_repeats(given.get("repeats")),
    )
    return Asking(query, _flag(given, "exact"), _flag(given, "trace"))


def parameters(text: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """Plain parameters and those of the context; raises Problem for what cannot be read, and for one that comes twice."""
    if not text:
        return {}, {}
    try:
        pairs = parse_qsl(
            text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except (ValueError, UnicodeDecodeError):
        raise Problem(400, "the parameters cannot be read; expected name=value, percent-encoded UTF-8") from None
    plain: dict[str, str] = {}
    context: dict[str, str] = {}
    for name, value in pairs:
        into, key = (context, name[len(_CONTEXT) :]) if name.startswith(_CONTEXT) else (plain, name)
        if key in into:
            raise BadConfig(f"{shown(name)}: expected once, got it twice")
        into[key] = value
    return plain, context


def typed(name: str, value: str, kinds: Mapping[str, str]) -> str | float:
    """A context value of a URL: a number where the schema says so, else text; raises BadConfig."""
    if kinds.get(name) not in ("number", "cycle"):
        return value
    return number(value, f"{_CONTEXT}{name}")


def number(text: str, name: str) -> float:
    """A finite number; raises BadConfig."""
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not abs(found) < float("inf"):
        raise BadConfig(f'{name}: expected a finite number, got "{shown(text)}"')
    return found


def _decoded(decoder: msgspec.json.Decoder[Any], body: bytes, fields: Sequence[str]) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as fault:
        raise invalid(fault, fields, names_of(SentPast)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise unreadable(fault) from None


def _id(text: str | None, name: str) -> str | None:
    if text is not None and (fault := ids.fault_of(text)):
        raise BadConfig(f'{name}: expected {ids.RULE}, got "{shown(text)}", which {fault}')
    return text


def _listed(texts: Sequence[str], name: str, most: int) -> tuple[str, ...]:
    if len(texts) > most:
        raise BadConfig(f"{name}: expected at most {most:,} ids, got {len(texts):,}")
    for text in texts:
        _id(text, name)
    return tuple(texts)


def _history(sent: Sequence[SentPast] | None, bounds: Bounds) -> tuple[Past, ...] | None:
    if sent is None:
        return None
    if len(sent) > bounds.history:
        raise BadConfig(f"history: expected at most {bounds.history:,} events, got {len(sent):,}")
    return tuple(
        Past(
            item_id=_id(one.item_id, "history.item_id") or "",
            at=None if one.timestamp is None else instant(one.timestamp, "history.timestamp"),
            kind=one.kind,
            value=one.value,
            context=_context(one.context),
        )
        for one in sent
    )


def _context(context: Values) -> Values:
    if context:
        check_names(context, "context")
    return context


def _bounded(k: int, bounds: Bounds) -> int:
    if not 1 <= k <= bounds.items:
        raise Problem(
            422,
            f"k: expected 1 to {bounds.items:,}, got {shown(str(k))}",
            errors=(FieldFault(field="k", value=shown(str(k)), expected=f"1 to {bounds.items:,}"),),
        )
    return k


def _whole(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadConfig(f'{name}: expected a whole number >= 1, got "{shown(text)}"')
    return int(text)


def _commas(text: str | None) -> list[str]:
    return text.split(",") if text else []


def _where(text: str | None) -> str | None:
    if text is not None and len(text) > LONGEST_WHERE:
        raise BadConfig(f"where: expected at most {LONGEST_WHERE:,} characters, got {len(text):,}")
    return text


def _repeats(text: str | None) -> Repeats | None:
    if text is None or text == "allow" or text == "exclude":
        return text  # type: ignore[return-value]
    raise BadConfig(f'repeats: expected "allow" or "exclude", got "{shown(text)}"')


def _flag(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "false")
    if text not in ("true", "false"):
        raise BadConfig(f'{name}: expected true or false, got "{shown(text)}"')
    return text == "true"
