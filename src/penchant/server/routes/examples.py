"""Examples for OpenAPI: one question and one answer for each operation, taken from one small story."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penchant.server import bodies, ids
from penchant.server.questions import LONGEST_WHERE

NOW = 1_764_115_200.0
"""2025-11-26 00:00 UTC."""

EVENT: Mapping[str, Any] = {
    "user_id": "ann",
    "item_id": "s0001",
    "timestamp": "2025-11-26T00:00:00Z",
    "context": {"mood": "calm"},
    "event_id": "5d1c0f",
}
EVENTS_ANSWER: Mapping[str, Any] = {"accepted": 1, "duplicate": 0, "rejected": 0, "events": []}
QUESTION: Mapping[str, Any] = {"user_id": "ann", "k": 2, "context": {"mood": "calm"}}
RANK_QUESTION: Mapping[str, Any] = {"user_id": "ann", "items": ["s0002", "s0003"]}
ANSWER: Mapping[str, Any] = {
    "recommendation_id": "r-7f3a",
    "model_version": "ease-1b2c",
    "took_ms": 2.1,
    "at": NOW,
    "log_offset": 48_213,
    "fallback": False,
    "context_used": {"mood": "calm"},
    "context_ignored": {},
    "items": [
        {
            "item_id": "s0002",
            "rank": 1,
            "score": 0.91,
            "sources": ["model"],
            "cold": False,
            "title": "Silver River",
            "propensity": 1.0,
        },
        {
            "item_id": "s0003",
            "rank": 2,
            "score": 0.74,
            "sources": ["model"],
            "cold": False,
            "title": "Old Rain",
            "propensity": 1.0,
        },
    ],
    "history": ["5d1c0f"],
    "unknown_items": [],
    "trace": None,
}
ID: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": ids.MOST_BYTES, "pattern": ids.PATTERN}
_MOMENT = {"anyOf": [{"type": "number"}, {"type": "string"}]}


def body(example: Mapping[str, Any]) -> dict[str, Any]:
    """An example beside the body of a route whose class is given as `body=`."""
    return {"requestBody": {"required": True, "content": {bodies.JSON: {"example": example}}}}


def _query(name: str, schema: Mapping[str, Any], words: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": words, **more}


FLAG = {"type": "string", "enum": ["true", "false"]}
RECOMMEND_PARAMETERS: Mapping[str, Any] = {
    "parameters": [
        _query("k", {"type": "integer", "minimum": 1, "default": 10}, "how many items"),
        _query("at", _MOMENT, "the moment; now when left out"),
        _query("where", {"type": "string", "maxLength": LONGEST_WHERE}, "a filter expression over item attributes"),
        _query("exclude", {"type": "string"}, "ids of items that must not come, separated by commas"),
        _query("candidates", {"type": "string"}, "ids of the only items that may come, separated by commas"),
        _query("repeats", {"type": "string", "enum": ["allow", "exclude"]}, "whether items of the past may come again"),
        _query("exact", FLAG, "score the whole catalogue"),
        _query("trace", FLAG, "add what each stage did"),
    ],
    "x-more-parameters": "context.<field>=<value>, a circumstance of the moment",
}
_EVENT_REF = {"$ref": "#/components/schemas/SentEvent"}
_ANYTHING = {"description": "anything else is answered as rejected, with the reason"}
EVENTS_MORE: Mapping[str, Any] = {
    "parameters": [_query("detail", {"type": "string", "enum": ["all"]}, "list the accepted events too")],
    "requestBody": {
        "required": True,
        "content": {
            bodies.JSON: {
                "schema": {
                    "anyOf": [
                        _EVENT_REF,
                        {"type": "object", **_ANYTHING},
                        {"type": "array", "items": {"anyOf": [_EVENT_REF, _ANYTHING]}},
                    ]
                },
                "examples": {"one": {"value": EVENT}, "a list": {"value": [EVENT]}},
            },
            bodies.LINES[0]: {"schema": {"type": "string", "description": "one event a line"}},
        },
    },
}
RECEIPT: Mapping[str, Any] = {
    "user_id": "ann",
    "at": NOW,
    "places": ["log: 12 rows", "free pages: overwritten"],
    "rows": {"log": 12, "impressions": 3},
    "trained_versions": ["ease-1b2c"],
    "refit": "a refit makes a model that never saw the person",
    "outside": [],
}
WHY: Mapping[str, Any] = {
    "recommendation_id": "r-7f3a",
    "same": True,
    "model_version": "ease-1b2c",
    "log_offset": 48_213,
    "seed": 1,
    "query": {"user_id": "ann", "at": NOW, "k": 2, "context": {"mood": "calm"}},
    "history": [{"item_id": "s0001", "timestamp": NOW - 60, "kind": "play", "value": 1.0, "event_id": "5d1c0f"}],
    "served": [{"item_id": "s0002", "rank": 1, "propensity": 1.0, "score": 0.91, "sources": ["model"]}],
    "again": [ANSWER["items"][0]],
    "trace": [],
}
