"""One declaration per hyper-parameter: a field of a frozen config class, with its unit, range and where it is searched.

Command-line flags, documentation and TOML keys are read from these fields; nothing is declared twice.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penchant.errors import BadConfig, UnknownName

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LONGEST_SHOWN = 60
"""Characters of a wrong value that a message quotes."""


@dataclass(frozen=True)
class Between:
    """A range of numbers worth searching: `low` and `high` are part of it.

    Attributes:
        log: whether values are drawn evenly on a logarithmic scale; `low` is then > 0.
        also: single values beside the range, such as None or 0.0, which switch something off.
        whole: only whole numbers; follows from the type of the setting, see `search_space`.
    """

    low: float
    high: float
    log: bool = False
    also: tuple[Any, ...] = ()
    whole: bool = False

    def holding(self, value: Any) -> Between:
        """The same space, widened where it does not hold `value` yet.

        >>> Between(1, 10, log=True).holding(0), Between(1, 10).holding(20).high
        (Between(low=1, high=10, log=True, also=(0,), whole=False), 20)
        """
        if value in self.also:
            return self
        if value is None or (self.log and value <= 0):
            return replace(self, also=(*self.also, value))
        return replace(self, low=min(self.low, value), high=max(self.high, value))

    def __str__(self) -> str:
        """Such as ``0.1 to 1000 (log), or none``."""
        beside = "".join(f", or {'none' if value is None else format(value, 'g')}" for value in self.also)
        return f"{self.low:g} to {self.high:g}{' (log)' if self.log else ''}{beside}"


Space = Between | tuple[Any, ...]
"""Where the values of a setting are searched: a range, or choices; no choice means that it is never searched."""


def setting(
    default: Any,
    description: str,
    *,
    unit: str = "",
    grid: Sequence[Any] = (),
    search: Between | Sequence[Any] | None = None,
    refit: bool = True,
    **limits: Any,
) -> Any:
    """Declares one hyper-parameter.

    Args:
        default: the value used when nothing is chosen.
        description: what it does, one sentence.
        unit: the unit of its value, such as ``"days"``.
        grid: values worth trying on validation data; empty means it is never tried by `evaluate` and `train`.
        search: where `penchant tune` searches: a range, or choices; ``()`` means nowhere. None takes what a base class declares
            for this setting, else the grid.
        refit: whether a changed value needs a new fit; False for settings that only act when scoring.
        limits: pydantic limits such as ``ge=0``, ``le=1``.
    """
    extra: dict[str, Any] = {"unit": unit, "grid": list(grid), "refit": refit}
    if search is not None:
        extra["search"] = search if isinstance(search, Between) else tuple(search)
    return Field(default=default, description=description, json_schema_extra=extra, **limits)


class Config(BaseModel):
    """Base of all configuration classes: frozen, and an unknown key is an error that names the nearest valid one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls, values: Mapping[str, Any], where: str = "") -> Self:
        """Builds the config from plain values.

        Args:
            values: key -> value; text is accepted for numbers, as it comes from a command line, and ``"none"`` for None where a
                setting may be None and is no text, because TOML has no None.
            where: the place named in errors, such as ``configs/a.toml: ease``.

        Raises:
            UnknownName: a key that is not declared.
            BadConfig: a value outside its type or range.
        """
        values = {key: None if value == "none" and cls._may_be_none(key) else value for key, value in values.items()}
        try:
            return cls.model_validate(values)
        except ValidationError as fault:
            raise cls._translated(fault, where) from None

    @classmethod
    def _may_be_none(cls, key: str) -> bool:
        types = get_args(cls.model_fields[key].annotation) if key in cls.model_fields else ()
        return type(None) in types and str not in types

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


def declared(config: type[Config], name: str) -> Mapping[str, Any]:
    """What `setting` was told about a field: its unit, grid, refit, and search if there is one."""
    extra = config.model_fields[name].json_schema_extra
    return extra if isinstance(extra, dict) else {}


def search_space(config: type[Config], name: str) -> Space:
    """Where a setting is searched; a space always holds the default and the grid.

    A field that a subclass declares again, to give another default, keeps the space of its base class unless it states one.
    """
    field, grid = config.model_fields[name], declared(config, name).get("grid", ())
    bases = [part for part in config.__mro__ if issubclass(part, Config) and name in part.model_fields]
    stated = (declared(part, name).get("search") for part in bases)
    space = next((one for one in stated if one is not None), tuple(grid))
    if isinstance(space, Between):
        for value in (field.default, *grid):
            space = space.holding(value)
        types = {field.annotation, *get_args(field.annotation)}
        return replace(space, whole=int in types and float not in types)
    choices = tuple(dict.fromkeys((field.default, *grid, *space))) if space else ()
    return choices if len(choices) > 1 else ()


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
