"""From the words of a filter expression to its tree.

or:      and ("or" and)*                     binds weakest
and:     not ("and" not)*
not:     "not" not | test
test:    "(" or ")" | "true" | "false" | "seen" "(" [text] ")" | operand sign operand | operand ["not"] "in" operand
operand: text | number | "[" [literal ("," literal)*] "]" | scope "." name | scope "[" text "]"
"""

from __future__ import annotations

from functools import lru_cache

from penchant.errors import UnknownName
from penchant.pipeline.expression.tree import (
    And,
    Compare,
    Listed,
    Literal,
    Member,
    Not,
    Operand,
    Or,
    Reference,
    Scope,
    Seen,
    Sign,
    Tree,
    Truth,
)
from penchant.pipeline.expression.words import Word, words, wrong

DEEPEST = 50
"""Parentheses and `not` inside each other."""

_SIGNS: dict[str, Sign] = {sign: sign for sign in ("==", "!=", "<", "<=", ">", ">=")}
_SCOPES: dict[str, Scope] = {"item": "item", "user": "user", "context": "context"}
_RESERVED = ("and", "or", "not", "in")


@lru_cache(maxsize=1024)
def parse(expression: str) -> Tree:
    """The tree of an expression; the newest thousand are kept.

    Raises:
        BadConfig: it is no expression; the message has the column.
        UnknownName: it speaks of something else than item, user, context and seen.
    """
    reading = _Reading(words(expression))
    tree = reading.either()
    reading.finish()
    return tree


class _Reading:
    """The words, and how far they are read."""

    def __init__(self, found: list[Word]) -> None:
        self.words, self.place, self.depth = found, 0, 0

    @property
    def now(self) -> Word:
        return self.words[self.place]

    def take(self) -> Word:
        word = self.now
        self.place += word.kind != "end"
        return word

    def at(self, text: str) -> bool:
        return self.now.kind in ("name", "sign") and self.now.text == text

    def skip(self, text: str) -> bool:
        there = self.at(text)
        self.place += there
        return there

    def expect(self, text: str) -> None:
        if not self.skip(text):
            raise wrong(self.now.column, f'expected "{text}", got {self.now}')

    def deeper(self, column: int) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise wrong(column, f"expected at most {DEEPEST} parentheses and `not` inside each other")

    def finish(self) -> None:
        if self.now.text in _SIGNS and self.now.kind == "sign":
            raise wrong(self.now.column, "comparisons do not chain; write `a < b and b < c`")
        if self.now.kind != "end":
            raise wrong(self.now.column, f"expected `and`, `or` or the end, got {self.now}")

    # -- tests -----------------------------------------------------------------------------------------------------

    def either(self) -> Tree:
        parts = [self.both()]
        while self.skip("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self) -> Tree:
        parts = [self.opposite()]
        while self.skip("and"):
            parts.append(self.opposite())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def opposite(self) -> Tree:
        word = self.now
        if not self.skip("not"):
            return self.test()
        self.deeper(word.column)
        part = self.opposite()
        self.depth -= 1
        return Not(part)

    def test(self) -> Tree:
        word = self.now
        if self.skip("("):
            self.deeper(word.column)
            inside = self.either()
            self.expect(")")
            self.depth -= 1
            return inside
        if word.kind == "name" and word.text in ("true", "false"):
            self.take()
            return Truth(word.text == "true", word.column)
        if word.kind == "name" and word.text == "seen":
            self.take()
            return self.seen(word)
        return self.comparison()

    def seen(self, word: Word) -> Seen:
        self.expect("(")
        kind = self.take().text if self.now.kind == "text" else None
        if not self.skip(")"):
            raise wrong(
                self.now.column, f"expected seen() or one kind of event in quotes, such as seen('buy'), got {self.now}"
            )
        return Seen(kind, word.column)

    def comparison(self) -> Tree:
        left = self.operand()
        word = self.now
        if word.kind == "sign" and word.text in _SIGNS:
            self.take()
            return Compare(_SIGNS[word.text], left, self.operand(), word.column)
        if self.skip("in"):
            return Member(left, self.operand(), word.column)
        if self.skip("not"):
            self.expect("in")
            return Not(Member(left, self.operand(), word.column))
        raise wrong(word.column, f"expected a comparison such as == or `in` after {_shown(left)}, got {word}")

    # -- operands --------------------------------------------------------------------------------------------------

    def operand(self) -> Operand:
        word = self.now
        if word.kind in ("text", "number"):
            return self.literal()
        if self.skip("["):
            return self.listed(word)
        if word.kind == "name" and word.text not in _RESERVED:
            return self.reference()
        raise wrong(word.column, f"expected a value such as item.genre, 'jazz', 3 or ['a', 'b'], got {word}")

    def literal(self) -> Literal:
        word = self.take()
        if word.kind not in ("text", "number"):
            raise wrong(word.column, f"expected a text in quotes or a number, got {word}")
        return Literal(word.value if word.kind == "number" else word.text, word.column)

    def listed(self, opened: Word) -> Listed:
        values: list[Literal] = []
        while not self.skip("]"):
            if values:
                self.expect(",")
            values.append(self.literal())
        return Listed(tuple(values), opened.column)

    def reference(self) -> Reference:
        word = self.take()
        if word.text not in _SCOPES:
            known = (*_SCOPES, "seen", "true", "false")
            raise UnknownName("word", word.text, known, f"where, column {word.column}")
        if self.skip("["):
            name = self.take()
            if name.kind != "text":
                raise wrong(name.column, f"expected a name in quotes, such as {word.text}['release year'], got {name}")
            self.expect("]")
        else:
            self.expect(".")
            name = self.take()
            if name.kind != "name":
                raise wrong(name.column, f"expected a name after {word.text}., got {name}")
        return Reference(_SCOPES[word.text], name.text, word.column)


def _shown(operand: Operand) -> str:
    if isinstance(operand, Reference):
        return str(operand)
    return "the list" if isinstance(operand, Listed) else repr(operand.value)
