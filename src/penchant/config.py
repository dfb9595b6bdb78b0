"""One declaration per hyper-parameter: a field of a frozen config class, with its unit, range and search grid.

Command-line flags, documentation and TOML keys are read from these fields; nothing is declared twice.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penchant.errors import BadConfig, UnknownName


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
        first = fault.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            return UnknownName("setting", path, _keys_at(cls, first["loc"][:-1]), where)
        place = f"{where}: " if where else ""
        return BadConfig(f"{place}{path or cls.__name__}: {first['msg']}, got {first['input']!r}")

    def changed(self, **values: Any) -> Self:
        """A copy with other values, checked like new ones."""
        return self.parse({**self.model_dump(), **values})


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
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value
