"""What may enter the log: checks of one event against the schema, with a reason in words for what may not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from penchant.context import is_instant
from penchant.data.growing import is_number
from penchant.data.schema import Field, Schema
from penchant.errors import BadConfig, UnknownName, UserError
from penchant.event import Flag, Interaction, ItemUpdate, UserUpdate
from penchant.service.settings import ServiceConfig
from penchant.store.protocol import Logged

_PLAIN = {"category": "text", "number": "a number", "cycle": "a number", "text": "text"}


class Intake:
    """Checks events; one for each schema that is served."""

    def __init__(self, schema: Schema, config: ServiceConfig) -> None:
        self.schema, self.config = schema, config

    def reason(self, event: Logged, now: float) -> str | None:
        """Why the event may not enter the log at the moment `now` (seconds), or None when it may."""
        try:
            self._check(event, now)
        except UserError as fault:
            return str(fault)
        return None

    def _check(self, event: Logged, now: float) -> None:
        self._check_time(event.at, now)
        self._check_id("event_id", event.event_id)
        match event:
            case Interaction():
                self._check_interaction(event)
            case ItemUpdate():
                self._check_id("item_id", event.item_id)
                self._check_features(event.features, self.schema.item_attributes, "item attribute")
            case UserUpdate():
                self._check_id("user_id", event.user_id)
                self._check_features(event.features, self.schema.user_attributes, "user attribute")
            case Flag():
                self._check_id("subject_id", event.subject_id)
                if not 0 <= event.score <= 1:
                    raise BadConfig(f"score: expected a number in 0..1, got {event.score}")
                if not all(map(_is_text, event.reasons)):
                    raise BadConfig(f"reasons: expected texts without NUL, got {_shown(event.reasons)}")

    def _check_interaction(self, event: Interaction) -> None:
        self._check_id("user_id", event.user_id)
        self._check_id("item_id", event.item_id)
        if event.session_id is not None:
            self._check_id("session_id", event.session_id)
        if event.recommendation_id is not None:
            self._check_id("recommendation_id", event.recommendation_id)
        if event.kind not in self.schema.kinds:
            self.schema.kind_number(event.kind)
        if not is_number(event.value):
            raise BadConfig(f"value: expected a finite number that 32 bits can hold, got {_shown(event.value)}")
        if event.context:
            for name, value in event.context.items():
                check_value("context", name, value, self.schema.context_field(name))
            self._check_size("context", event.context)

    def _check_time(self, at: float, now: float) -> None:
        if not is_instant(at):
            raise BadConfig(f"timestamp: expected seconds since 1970 or ISO 8601 text, got {at}; milliseconds?")
        if at > now + self.config.future_seconds:
            raise BadConfig(
                f"timestamp: {at - now:.0f} s ahead of this server's clock, expected at most {self.config.future_seconds:g}; "
                "send seconds since 1970 (UTC), or none for now"
            )

    def _check_id(self, name: str, text: str | None) -> None:
        if text is not None:
            checked_id(name, text, self.config.longest_id)

    def _check_features(self, features: Mapping[str, Any], declared: Mapping[str, Field], what: str) -> None:
        for name, value in features.items():
            if name not in declared:
                raise UnknownName(what, name, declared)
            check_value("features", name, value, declared[name])
        self._check_size("features", features)

    def _check_size(self, name: str, values: Mapping[str, Any]) -> None:
        size = len(json.dumps(values))
        if size > self.config.largest_event:
            raise BadConfig(f"{name}: {size:,} bytes as JSON, expected at most {self.config.largest_event:,}")


def checked_id(name: str, text: str, longest: int) -> str:
    """The same id when it can be kept and shown; raises BadConfig."""
    if not text:
        raise BadConfig(f"{name}: expected an id, got an empty text")
    if text.isascii():
        size, printable = len(text), text.isprintable()
    else:
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            raise BadConfig(f"{name}: expected Unicode text, got half of a surrogate pair") from None
        printable = not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in text)
    if size > longest:
        raise BadConfig(f"{name}: {size} bytes, expected at most {longest}")
    if not printable:
        raise BadConfig(f"{name}: expected an id without control characters, got {text!r}")
    return text


def check_value(place: str, name: str, value: Any, field: Field) -> None:
    """Raises BadConfig unless a value is of the declared kind; None means missing."""
    if value is None:
        return
    good = False
    match field.kind:
        case "category":
            # numbers that name things, such as a year
            good = _is_text(value) or (isinstance(value, int) and is_number(value))
        case "text":
            good = _is_text(value)
        case "number" | "cycle":
            good = is_number(value)
        case "tags":
            good = isinstance(value, list | tuple) and all(map(_is_text, value))
        case "vector":
            good = isinstance(value, list | tuple) and all(map(is_number, value))
    if not good:
        wanted = {"tags": "a list of texts", "vector": "a list of finite numbers"}.get(field.kind) or _PLAIN[field.kind]
        raise BadConfig(f"{place}.{name}: expected {wanted}, got {_shown(value)}")


def _is_text(value: Any) -> bool:
    """Whether it is a text that every store can keep: without NUL, and no half of a surrogate pair."""
    if not isinstance(value, str):
        return False
    return value.isprintable() or not any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in value)


def _shown(value: Any) -> str:
    try:
        return f"{value!r:.60}"
    except ValueError:  # a whole number of thousands of digits
        return "a number too long to be shown"
