"""Which texts may be ids: short, of one line, without control characters."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints

MOST_BYTES = 256
"""Longest id, in bytes of UTF-8."""

SURELY_SHORT = MOST_BYTES // 4
"""Characters that are no more bytes than allowed, whatever they are."""

PATTERN = r"^[^\u0000-\u001f\u007f-\u009f]+$"
"""What an id looks like, for schemas; `fault_of` also counts bytes."""

RULE = f"1 to {MOST_BYTES} bytes of UTF-8 without control characters"


def fault_of(text: str) -> str | None:
    """Why a text cannot be an id; None when it can.

    >>> fault_of("s0001"), fault_of("")
    (None, 'is empty')
    """
    if 0 < len(text) <= SURELY_SHORT and text.isprintable():
        return None
    if not text:
        return "is empty"
    if len(text) > MOST_BYTES or (len(text) * 4 > MOST_BYTES and _too_long(text)):
        return f"is longer than {MOST_BYTES} bytes"
    # nearly every id is printable, and that is known at once
    if not text.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        return "holds a control character"
    return None


def _too_long(text: str) -> bool:
    return not text.isascii() and len(text.encode(errors="surrogatepass")) > MOST_BYTES


def _checked(text: str) -> str:
    fault = fault_of(text)
    if fault is not None:
        raise ValueError(f"expected {RULE}; it {fault}")
    return text


Id = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MOST_BYTES),
    AfterValidator(_checked),
]
"""An id in the body, path or query of the slower routes."""

SLASH = "\0"
"""Stands for a slash inside an id while a path is taken apart; an id itself never holds it."""


def from_path(text: str) -> str:
    """The id that stands in a path in which slashes inside of ids were marked."""
    return text.replace(SLASH, "/") if SLASH in text else text


PathId = Annotated[Id, BeforeValidator(lambda text: from_path(text) if isinstance(text, str) else text)]
"""An id in the path."""
