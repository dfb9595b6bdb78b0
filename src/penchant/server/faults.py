"""Turning msgspec's complaints about JSON into fields with what was expected, what came, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from penchant.errors import nearest
from penchant.server.problems import FieldFault, Problem

_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<key>key in )?\$?(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_EXPECTED = re.compile(r"Expected (?P<expected>.*?)(?:, got (?P<got>.*))?$", re.DOTALL)
_WORDS = {
    "`float | str | null`": "a number or a text",
    "`float | str`": "a number or a text",
    "`int | float | str`": "a number or a text",
    "`int | float | str | null`": "a number or a text",
    "`str | null`": "a text",
    "`str`": "a text",
    "`float`": "a number",
    "`int`": "a whole number",
    "`bool`": "true or false",
    "`array`": "a list",
    "`array | null`": "a list",
    "`object`": "an object",
}


def unreadable(fault: Exception) -> Problem:
    """400 for a body that is no JSON."""
    if isinstance(fault, RecursionError):
        return Problem(400, "the body is nested too deeply; send plain values")
    if isinstance(fault, UnicodeDecodeError):
        return Problem(400, f"the body is no UTF-8: {fault.reason} at byte {fault.start}")
    text = str(fault).replace("JSON is malformed: ", "").replace("Input data was truncated", "it ends too early")
    return Problem(400, f"the body is no JSON: {text}")


def invalid(fault: msgspec.ValidationError, fields: Sequence[str], inner: Sequence[str] = ()) -> Problem:
    """422 for JSON of the wrong shape; `fields` are the names that are known at its top, `inner` those of objects in it."""
    field = field_fault(fault, fields, inner)
    return Problem(422, sentence(field), errors=(field,))


def field_fault(fault: msgspec.ValidationError, fields: Sequence[str], inner: Sequence[str] = ()) -> FieldFault:
    """The field at fault."""
    found = _WHERE.match(str(fault))
    what, path = (found["what"], (found["path"] or "").lstrip(".")) if found else (str(fault), "")
    path = path.replace("[...]", ".*").lstrip(".")
    if unknown := _UNKNOWN.match(what):
        name = unknown["name"][:80]
        fields = inner if path else fields
        near = nearest(name, fields)
        return FieldFault(
            field=f"{path}.{name}" if path else name,
            expected=f"one of: {', '.join(fields)}",
            fix=f'did you mean "{near}"?' if near else "leave it out",
        )
    if missing := _MISSING.match(what):
        name = missing["name"]
        return FieldFault(field=f"{path}.{name}" if path else name, expected="a value", fix="give it one")
    if expected := _EXPECTED.match(what):
        wanted = _WORDS.get(expected["expected"], expected["expected"].replace("`", ""))
        return FieldFault(field=path, value=(expected["got"] or "").strip("`") or None, expected=wanted)
    return FieldFault(field=path, expected=what)


def sentence(field: FieldFault) -> str:
    """The fault in one line."""
    if field.fix == "give it one":
        return f"{field.field}: missing; give it a value"
    if field.expected and field.expected.startswith("one of: "):
        return f"{field.field}: unknown; {field.fix} ({field.expected})"
    got = f", got {field.value}" if field.value else ""
    return f"{field.field or 'body'}: expected {field.expected}{got}"


def names_of(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """The names that its JSON may have."""
    names: tuple[Any, ...] = struct.__struct_encode_fields__
    return tuple(str(name) for name in names)
