"""One declaration per hyper-parameter: a field of a frozen config class, with its unit, range and search grid.

Command-line flags, documentation and TOML keys are read from these fields; nothing is declared twice.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penchant.errors import BadConfig, UnknownName

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LONGEST_SHOWN = 60
"""Characters of a wrong value that a message quotes."""


def setting(
    default: Any,
    description: str,
    *,
    unit: str = "",
    grid: Sequence[Any] = (),
    refit: bool = True,
    **limits: Any,
) -> Any:
    """Declares one hyper-parameter.

    Args:
        default: the value used when nothing is chosen.
        description: what it does, one sentence.
        unit: the unit of its value, such as ``"days"``.
        grid: values worth trying on validation data; empty means it is never searched.
        refit: whether a changed value needs a new fit; False for settings that only act when scoring.
        limits: pydantic limits such as ``ge=0``, ``le=1``.
    """
    extra: dict[str, Any] = {"unit": unit, "grid": list(grid), "refit": refit}
    return Field(default=default, description=description, json_schema_extra=extra, **limits)


class Config(BaseModel):
    """Base of all configuration classes: frozen, and an unknown key is an error that names the nearest valid one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls, values: Mapping[str, Any], where: str = "") -> Self:
        """Builds the config from plain values.

        Args:
            values: key -> value; text is accepted for numbers, as it comes from a command line.
            where: the place named in errors, such as ``configs/a.toml: ease``.

        Raises:
            UnknownName: a key that is not declared.
            BadConfig: a value outside its type or range.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as fault:
            raise cls._translated(fault, where) from None

    @classmethod
    def _translated(cls, fault: ValidationError, where: str) -> BadConfig | UnknownName:
        faults = fault.errors(include_url=False)
        # a misspelt key is the likelier cause of a missing one
        first = next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
        path = [str(part) for part in first["loc"]]
        match first["type"]:
            case "extra_forbidden":
                return UnknownName("setting", path[-1], _keys_at(cls, first["loc"][:-1]), _place(where, path[:-1]))
            case "literal_error":
                known = re.findall(r"'([^']*)'", first["ctx"]["expected"])
                if path[-1] == "[key]":
                    return UnknownName("key", str(first["input"]), known, _place(where, path[:-2]))
                # a value is no name, but the nearest one helps as much
                return BadConfig(str(UnknownName(path[-1], str(first["input"]), known, _place(where, path[:-1]))))
            case "missing":
                text = "missing; give it a value"
            case "value_error":
                text = f"{first['ctx']['error']}{_came(first['input'])}"
            case _:
                path = path or [cls.__name__]
                text = f"{_expected(first)}{_came(first['input'])}"
        place = _place(where, path)
        return BadConfig(f"{place}: {text}" if place else text)

    def changed(self, **values: Any) -> Self:
        """A copy with other values, checked like new ones."""
        return self.parse({**self.model_dump(), **values})


_EXPECTED = {
    "greater_than": "a number > {gt:g}",
    "greater_than_equal": "a number >= {ge:g}",
    "less_than": "a number < {lt:g}",
    "less_than_equal": "a number <= {le:g}",
    "finite_number": "a finite number",
    "string_too_short": "a text of at least {min_length} characters",
    "string": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "dict": "a table of names and values",
    "model": "a table of names and values",
}
"""What was wanted, by the type of a pydantic fault or by the word that the type starts with."""


def _place(where: str, path: Sequence[str]) -> str:
    """The file and the key in it, such as ``a.toml: context.mood``; either may be empty."""
    return ": ".join(part for part in (where, ".".join(path)) if part)


def _expected(fault: ErrorDetails) -> str:
    """What a fault says was expected, in plain words."""
    words = _EXPECTED.get(fault["type"]) or _EXPECTED.get(fault["type"].partition("_")[0])
    return "expected " + words.format(**fault.get("ctx", {})) if words else str(fault["msg"])


def _came(value: Any) -> str:
    """What came, in one short line; a whole table would only hide the message."""
    if isinstance(value, Mapping):
        return ""
    text = repr(value)
    return f", got {text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + '...'}"


def _keys_at(cls: type[BaseModel], path: Sequence[Any]) -> list[str]:
    """Valid keys of the (nested) config class at `path`; those of `cls` itself when the path leads through a mapping."""
    here: type[BaseModel] = cls
    for part in path:
        annotation = here.model_fields[part].annotation if part in here.model_fields else None
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            here = annotation
            continue
        arguments = [a for a in getattr(annotation, "__args__", ()) if isinstance(a, type) and issubclass(a, BaseModel)]
        if arguments:
            here = arguments[0]
    return list(here.model_fields)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file; raises BadConfig with file and line when it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise BadConfig(f"{path}: no such file; expected a TOML file") from None
    except OSError as fault:
        raise BadConfig(f"{path}: cannot be read ({fault.strerror}); expected a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise BadConfig(f"{path}: not valid TOML: {fault}") from None


def parse_assignment(text: str) -> tuple[str, Any]:
    """Reads ``key=value`` as it stands on a command line; the value is read as TOML where possible, else as text.

    >>> parse_assignment("half_life=7.5")
    ('half_life', 7.5)
    >>> parse_assignment("weighting=bm25")
    ('weighting', 'bm25')
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise BadConfig(f'expected key=value, got "{text}"')
    value = value.strip()
    if value.lower() == "none":
        return key.strip(), None
    try:
        read = tomllib.loads(f"value = {value}")
        return key.strip(), read["value"] if len(read) == 1 else value
    except tomllib.TOMLDecodeError:
        return key.strip(), value
