"""Turning pydantic's complaints about a request into fields with what was expected, what came, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from penchant.errors import nearest
from penchant.server.problems import FieldFault, Problem, one_line, shown

_MOST = 20
"""Fields that one answer names."""

_WORDS = {
    "bool_type": "true or false",
    "string_type": "a text",
    "float_type": "a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "list_type": "a list",
    "dict_type": "an object",
    "model_attributes_type": "an object",
}


def from_validation(fault: RequestValidationError, known: Mapping[str, Any]) -> Problem:
    """422 with the fields at fault; `known` has the class that reads the body and the query."""
    # a misspelt name is the likelier cause of a missing one
    faults = sorted(fault.errors(), key=lambda one: one["type"] != "extra_forbidden")
    fields = tuple(_field(one, known) for one in faults[:_MOST])
    first = fields[0]
    fix = f"; {first.fix}" if first.fix else ""
    came = f", got {first.value}" if first.value else ""
    word = "" if first.expected in ("unknown", "missing") or str(first.expected).startswith("unknown;") else "expected "
    return Problem(422, f"{first.field}: {word}{first.expected}{came}{fix}", errors=fields)


def _field(fault: Any, known: Mapping[str, Any]) -> FieldFault:
    where = [str(part) for part in fault["loc"]][1:]
    path = ".".join(where)[:200] or "body"
    match fault["type"]:
        case "extra_forbidden":
            names = _names_at(known.get(fault["loc"][0]), fault["loc"][1:-1])
            near = nearest(where[-1], names)
            return FieldFault(
                field=path,
                expected=f"unknown; one of: {', '.join(names)}" if names else "unknown",
                fix=f'did you mean "{near}"?' if near else "leave it out",
            )
        case "missing":
            return FieldFault(field=path, expected="missing", fix="give it a value")
    words = _WORDS.get(fault["type"]) or one_line(str(fault["msg"]))
    for prefix in ("Value error, ", "expected ", "Input should be "):
        words = words.removeprefix(prefix)
    return FieldFault(field=path, value=shown(fault.get("input")), expected=words[:1].lower() + words[1:])


def _names_at(model: Any, path: Sequence[Any]) -> list[str]:
    """Fields of the class at a path below `model`."""
    here = model
    for part in path:
        if isinstance(part, int):
            here = next((one for one in get_args(here) if _is_model(one)), here)
        elif _is_model(here) and part in here.model_fields:
            here = here.model_fields[part].annotation
    return list(here.model_fields) if _is_model(here) else []


def _is_model(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, BaseModel)
