"""Where things are written: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def results() -> Console:
    """The console for results; colours and boxes only where a terminal shows them."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


def aside() -> Console:
    """The console for notes, warnings and progress: standard error."""
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def show(thing: RenderableType, console: Console | None = None) -> None:
    """Writes a table or a line of a result; long lines are not broken where no terminal shows them."""
    from rich.text import Text

    target = console or results()
    if isinstance(thing, str):
        thing = Text(thing)
    target.print(thing, soft_wrap=isinstance(thing, Text) and not target.is_terminal)


def show_json(value: Any) -> None:
    """Writes one JSON object to standard output."""
    sys.stdout.write(json_text(value))


def json_text(value: Any) -> str:
    """One JSON object as text with a newline at its end, in ASCII so that no terminal's encoding can break it.

    >>> json_text({"value": float("nan")})
    '{\\n  "value": null\\n}\\n'
    """
    return json.dumps(_finite(value), indent=2, allow_nan=False, default=_as_plain) + "\n"


def _finite(value: Any) -> Any:
    """The value with null for NaN and infinities, which JSON does not know."""
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _as_plain(value: Any) -> Any:
    """Numbers of numpy as numbers, everything else (paths, dates) as text."""
    return value.item() if hasattr(value, "item") else str(value)


def note(text: str) -> None:
    """Writes one line of explanation to standard error."""
    show(one_line(text), aside())


def complain(text: str) -> None:
    """Writes one line about what went wrong to standard error, as plain as can be: it must never fail itself."""
    sys.stderr.write(f"error: {one_line(text)}\n")


def one_line(text: str) -> str:
    """The text without line breaks and control characters, which could move the cursor of a terminal.

    >>> one_line("a\\n  b\\x1b[2J")
    'a b?[2J'
    """
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
