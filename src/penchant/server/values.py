"""Times, circumstances and attributes of requests: what the types of JSON cannot say about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penchant.context import is_instant, parse_instant
from penchant.errors import BadConfig
from penchant.event import Features
from penchant.server import ids
from penchant.server.problems import shown

LONGEST_TEXT = 100_000
"""Characters of one text."""


def instant(given: float | str, name: str) -> float:
    """Seconds since 1970 of a number or of ISO 8601 text; raises BadConfig."""
    if isinstance(given, str):
        try:
            return parse_instant(given)
        except (BadConfig, OverflowError):
            raise BadConfig(
                f'{name}: expected a time such as "2025-03-01T08:30Z" or seconds since 1970, got "{shown(given)}"'
            ) from None
    if not is_instant(given):
        raise BadConfig(
            f"{name}: expected seconds since 1970 (years 1 to 9999), got {given:g}; milliseconds are too large"
        )
    return given


def check_names(given: Mapping[str, Any], name: str) -> None:
    """Raises BadConfig for field names and texts that cannot be kept; the schema judges the rest."""
    for field, value in given.items():
        if not field or len(field) > ids.MOST_BYTES or not field.isprintable():
            raise BadConfig(f'{name}: expected a field name, got "{shown(field)}"')
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str) and (len(text) > LONGEST_TEXT or "\0" in text):
                raise BadConfig(f'{name}.{field}: expected a text without NUL, not too long, got "{shown(text)}"')


def features(given: Mapping[str, Any], name: str = "features") -> Features:
    """Attributes as events hold them; raises BadConfig."""
    check_names(given, name)
    for field, value in given.items():
        if isinstance(value, list) and len({isinstance(one, str) for one in value}) > 1:
            raise BadConfig(f"{name}.{field}: expected a list of texts or a list of numbers, got both")
    return {field: tuple(value) if isinstance(value, list) else value for field, value in given.items()}
