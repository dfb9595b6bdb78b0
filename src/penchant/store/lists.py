"""Served lists as rows, and back: ``(recommendation_id, user_id, at, body)``, where `body` is JSON without empty fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import msgspec

from penchant.errors import UserError
from penchant.event import Impression
from penchant.query import Past, Query
from penchant.store.rows import body_of, checked_text

ListRow = tuple[str, str | None, float, str]

_decode = msgspec.json.Decoder().decode

_PLAIN_QUERY = Query()
_PAST_FIELDS = tuple(field.name for field in fields(Past))


def list_row(impression: Impression) -> ListRow:
    """The row of a served list; raises UserError for one that cannot be kept."""
    query = impression.query
    if query.at is None:
        raise UserError("impression: expected a query with `at`, got None")
    body = {"query": _query_fields(query)}
    for field in fields(Impression):
        if field.name not in ("query", "recommendation_id"):
            body[field.name] = getattr(impression, field.name)
    checked_text(impression.recommendation_id, "recommendation_id")
    return (impression.recommendation_id, query.user_id, query.at, body_of(body))


def impression_of(recommendation_id: str, body: str) -> Impression:
    """The served list of a row."""
    found = _decode(body)
    query = found.pop("query")
    known: dict[str, Any] = {}
    for name, value in found.items():
        known[name] = tuple(value) if isinstance(value, list) else value
    known["sources"] = tuple(tuple(names) for names in found["sources"])
    return Impression(recommendation_id=recommendation_id, query=_query_of(query), **known)


def _query_fields(query: Query) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for field in fields(Query):
        value = getattr(query, field.name)
        if value == getattr(_PLAIN_QUERY, field.name):
            continue
        if field.name == "history":
            value = [_past_fields(past) for past in value]
        elif field.name == "exclude":
            value = sorted(value)
        kept[field.name] = value
    return kept


def _past_fields(past: Past) -> dict[str, Any]:
    return {name: getattr(past, name) for name in _PAST_FIELDS}


def _query_of(found: Mapping[str, Any]) -> Query:
    known = dict(found)
    if "history" in known:
        known["history"] = tuple(Past(**past) for past in known["history"])
    if "exclude" in known:
        known["exclude"] = frozenset(known["exclude"])
    if "candidates" in known:
        known["candidates"] = tuple(known["candidates"])
    if "features" in known:
        known["features"] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in known["features"].items()
        }
    return Query(**known)
