"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from penchant.errors import BadConfig

EventsFile = Annotated[
    Path,
    typer.Argument(metavar="EVENTS", help="The log: CSV, TSV, JSONL or Parquet, also gzipped.", show_default=False),
]
ModelFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="A folder written by penchant train.", show_default=False)
]
ItemsFile = Annotated[Path | None, typer.Option("--items", metavar="FILE", help="Attributes of the items, titles too.")]
UsersFile = Annotated[Path | None, typer.Option("--users", metavar="FILE", help="Attributes of the people.")]
SchemaFile = Annotated[
    Path | None,
    typer.Option("--schema", metavar="TOML", help="What the columns mean; else penchant.toml beside EVENTS, if any."),
]
NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache",
        help="Read the files again, and keep no copy. The ten logs read last are kept in ~/.cache/penchant, or in the folder "
        "that PENCHANT_CACHE names.",
    ),
]
Rejects = Annotated[
    Path | None, typer.Option("--rejects", metavar="FILE", help="Write rows that break a rule to this CSV file.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random draw.")]
Trials = Annotated[int, typer.Option("--trials", min=1, help="Most settings tried on validation data for each model.")]
NoSelect = Annotated[bool, typer.Option("--no-select", help="Try nothing: take the settings as they are.")]

USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
"""Parent of all errors about the command line itself; its module differs between versions of typer."""

_LATEST = 4_102_444_800.0
"""2100-01-01, in seconds since 1970: what lies later is a time in another unit."""


def pairs(texts: Iterable[str] | None, option: str) -> dict[str, str]:
    """Reads ``field=value`` of each text; values stay texts, because only the schema knows what they are.

    >>> pairs(["place=home", "note=a=b"], "--context")
    {'place': 'home', 'note': 'a=b'}
    """
    found: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise BadConfig(f'{option}: expected field=value, got "{text}"')
        found[name.strip()] = value.strip()
    return found


def listed(texts: Iterable[str] | str | None) -> tuple[str, ...]:
    """Reads names separated by commas; an option given twice adds up.

    >>> listed(["a, b", "c"])
    ('a', 'b', 'c')
    """
    given = [texts] if isinstance(texts, str) else list(texts or ())
    return tuple(part.strip() for text in given for part in text.split(",") if part.strip())


def whole_numbers(text: str, option: str) -> tuple[int, ...]:
    """Reads whole numbers >= 1 separated by commas; raises BadConfig."""
    parts = listed(text)
    if not parts or not all(re.fullmatch(r"[1-9]\d{0,5}", part) for part in parts):
        raise BadConfig(f'{option}: expected whole numbers >= 1 separated by commas, such as 10,20, got "{text}"')
    return tuple(dict.fromkeys(int(part) for part in parts))


def settings(texts: Iterable[str] | None) -> dict[str, Any]:
    """Reads ``key=value`` of each text, values as in TOML; raises BadConfig."""
    from penchant.config import parse_assignment

    found = {}
    for text in texts or ():
        try:
            key, value = parse_assignment(text)
        except BadConfig as fault:
            raise BadConfig(f"--set: {fault}") from None
        found[key] = value
    return found


def settings_by_model(texts: Iterable[str] | None, labels: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Reads ``MODEL.key=value`` of each text; raises BadConfig, or UnknownName for a model that is not asked for."""
    from penchant.errors import UnknownName

    found: dict[str, dict[str, Any]] = {label: {} for label in labels}
    for path, value in settings(texts).items():
        label, dot, key = path.partition(".")
        if not dot or not key:
            raise BadConfig(f'--set: expected MODEL.key=value, such as ease.reg=100, got "{path}=..."')
        if label not in found:
            raise UnknownName("model", label, found, f"--set {path}")
        found[label][key] = value
    return found


def instant(text: str | None) -> float | None:
    """Reads ``--at``: ISO 8601 text, seconds since 1970, or ``now``; raises BadConfig."""
    from penchant.context import parse_instant

    if text is None:
        return None
    if text.strip().lower() == "now":
        return time.time()
    try:
        at = parse_instant(text.strip())
    except BadConfig as fault:
        raise BadConfig(f'--at: {fault}; "now" is accepted too') from None
    if not math.isfinite(at) or not 0 <= at < _LATEST:
        raise BadConfig(f'--at: expected a time between 1970 and 2100 (a number counts seconds), got "{text}"')
    return at


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Only what was said on the command line: without the values that are None."""
    return {name: value for name, value in values.items() if value is not None}
