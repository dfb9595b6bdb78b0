"""The words of a filter expression, each with the column where it stands."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from penchant.errors import BadConfig

LONGEST = 2_000
"""Characters of an expression."""

WordKind = Literal["name", "text", "number", "sign", "end"]

_PATTERN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>[^\W\d]\w*)
  | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
  | (?P<sign>==|!=|<=|>=|[<>()\[\],.])
    """,
    re.VERBOSE | re.DOTALL,
)

_ADVICE = {
    "=": "write == to compare",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`, or != to compare",
    "'": "the text has no closing quote",
    '"': "the text has no closing quote",
    "+": "there is no arithmetic",
    "-": "there is no arithmetic",
    "*": "there is no arithmetic",
    "/": "there is no arithmetic",
    "{": "lists stand in [ ]",
}


@dataclass(frozen=True)
class Word:
    """One word.

    Attributes:
        text: a text without its quotes; else as it stands.
        column: where it begins, from 1.
        value: of a number; 0 for all others.
    """

    kind: WordKind
    text: str
    column: int
    value: float = 0.0

    def __str__(self) -> str:
        """As a message quotes it."""
        return "the end" if self.kind == "end" else f'"{self.text}"'


def wrong(column: int, message: str) -> BadConfig:
    """The error about what stands at a column (from 1)."""
    return BadConfig(f"where, column {column}: {message}")


def words(expression: str) -> list[Word]:
    """All words, and one that says that the end is reached; raises BadConfig with the column of what is no word."""
    if len(expression) > LONGEST:
        raise BadConfig(f"where: expected at most {LONGEST} characters, got {len(expression)}; give candidates instead")
    for at, sign in enumerate(expression):
        if sign == "\0" or "\ud800" <= sign <= "\udfff":
            # no store could keep the question, nor any text that it could be equal to
            raise wrong(at + 1, "expected text without NUL and half surrogate pairs")
    found: list[Word] = []
    at = 0
    while at < len(expression):
        match = _PATTERN.match(expression, at)
        if match is None:
            sign = expression[at]
            raise wrong(
                at + 1,
                f"{sign!r} means nothing here; {_ADVICE.get(sign, 'expected names, numbers, texts in quotes and comparisons')}",
            )
        if match.lastgroup != "space":
            found.append(_word(match, at + 1))
        at = match.end()
    return [*found, Word("end", "", len(expression) + 1)]


def _word(match: re.Match[str], column: int) -> Word:
    text = match.group()
    match match.lastgroup:
        case "text":
            return Word("text", re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL), column)
        case "number":
            value = float(text)
            if not math.isfinite(value):
                raise wrong(column, f"expected a finite number, got {text}")
            return Word("number", text, column, value)
        case "name":
            return Word("name", text, column)
    return Word("sign", text, column)
