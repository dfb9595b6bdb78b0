"""A schema as a commented TOML file that a person reads and edits; reading it back gives the same schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, get_args

from penchant.data.guess.field_guess import Opinion
from penchant.data.schema import EventKind, Field, Role, Schema

_ROLES = {
    "user_id": "who",
    "item_id": "what",
    "timestamp": "when",
    "value": "how strongly: a rating, a play count, a quantity",
    "kind": "what was done: view, cart, buy",
    "session_id": "the visit or basket that an event belongs to",
    "split": "a published split: train, valid, test",
    "order": "the place of an event in its person's own order",
}

_HEAD = """\
# What the columns of a log mean. A comment "guess:" gives the reason of a guess; change whatever is wrong.
# Lines that begin with "# name = " are left out; take the "# " away to use them.
"""
_TOP = {
    "time_unit": 'unit of the time column: "auto" detects it; else "s", "ms", "us", "ns" since 1970, or "iso" text',
    "time_zone": 'where people live, such as "Europe/Berlin"; hour of day and day of week are taken there',
    "repeats": 'may things a person already had be recommended again? "allow" or "exclude"',
    "title": "the item attribute that is shown to people",
}
_SECTIONS = {
    "columns": "Which column of the events file plays which role; roles left out are found by their usual names.",
    "kinds": "Kinds of events: strength of the signal (`weight`, 0 leaves it out), and whether recommendations aim at\n"
    "# it (`target`).",
    "context": "Circumstances known before the event: mood, place, device, weather; never anything that follows it.\n"
    "# Each has a `kind`: category, number, or cycle with its `period` (24 for hours).",
    "item_attributes": "What is known of items. `kind`: category, number, cycle, tags (`separator`), text, vector.",
    "user_attributes": "What is known of people, in the same kinds.",
}


def schema_to_toml(
    schema: Schema,
    *,
    notes: Mapping[tuple[str, str], str] | None = None,
    left_out: Mapping[tuple[str, str], Opinion] | None = None,
) -> str:
    """The text of a ``penchant.toml``.

    Args:
        notes: (section, name) -> reason, written behind the guess; the name is "" for the settings at the top.
        left_out: columns that are not declared; they are written as comments with their reason.

    ``Schema.parse(tomllib.loads(text))`` equals `schema`, and the event kinds keep their order.
    """
    notes, left_out = notes or {}, left_out or {}
    lines = [_HEAD]
    for key, meaning in _TOP.items():
        value = getattr(schema, key)
        start = f"{key} = {_value(value)}" if value is not None else f'# {key} = "title"'
        lines += [f"# {meaning}", _with_note(start, notes.get((key, "")))]
    roles: dict[str, Any] = {role: schema.columns[role] for role in get_args(Role) if role in schema.columns}
    tables = {
        "columns": roles,
        "kinds": {name: _kind_values(kind) for name, kind in schema.kinds.items()},
        "context": {name: _field_values(field) for name, field in schema.context.items()},
        "item_attributes": {name: _field_values(field) for name, field in schema.item_attributes.items()},
        "user_attributes": {name: _field_values(field) for name, field in schema.user_attributes.items()},
    }
    for section, table in tables.items():
        lines += ["", f"# {_SECTIONS[section]}", f"[{section}]"]
        lines += [_with_note(f"{_key(name)} = {_value(v)}", notes.get((section, name))) for name, v in table.items()]
        if section == "columns":
            lines += [f'# {role} = "..."  # {meaning}' for role, meaning in _ROLES.items() if role not in table]
        lines += [_left_out(name, opinion) for (place, name), opinion in left_out.items() if place == section]
    return "\n".join(lines) + "\n"


def _kind_values(kind: EventKind) -> dict[str, Any]:
    return {"weight": kind.weight, "target": kind.target}


def _field_values(field: Field) -> dict[str, Any]:
    values: dict[str, Any] = {"kind": field.kind}
    if field.period is not None:
        values["period"] = field.period
    if field.kind == "tags" or field.separator != "|":
        values["separator"] = field.separator
    if field.column is not None:
        values["column"] = field.column
    return values


def _left_out(name: str, opinion: Opinion) -> str:
    if opinion.field is None:
        return f"# {_key(name)}: {_one_line(opinion.why)}"
    return f"# {_key(name)} = {_value(_field_values(opinion.field))}  # left out: {_one_line(opinion.why)}"


def _with_note(start: str, note: str | None) -> str:
    return f"{start}  # guess: {_one_line(note)}" if note else start


def _one_line(text: str) -> str:
    """The text without control characters, which TOML forbids in comments."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are a subset of TOML's, except that TOML escapes DEL too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case int() | float():
            return repr(value)
        case str():
            return _quoted(value)
        case dict():
            return "{ " + ", ".join(f"{_key(name)} = {_value(part)}" for name, part in value.items()) + " }"
    raise TypeError(f"no TOML for {type(value).__name__}")
