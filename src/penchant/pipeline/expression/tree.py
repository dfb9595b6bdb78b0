"""The tree of a filter expression. Nodes are values: equal ones are the same question wherever they stand in a text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as OneOf

Scope = OneOf["item", "user", "context"]
Sign = OneOf["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Literal:
    """A text or a number that stands in the expression; `column` is where, from 1."""

    value: str | float
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Listed:
    """Literals in brackets."""

    values: tuple[Literal, ...]
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Reference:
    """``item.genre``, ``user.group`` or ``context.budget``."""

    scope: Scope
    name: str
    column: int = field(default=0, compare=False)

    def __str__(self) -> str:
        """As it stands."""
        return f"{self.scope}.{self.name}"


@dataclass(frozen=True)
class Truth:
    """``true`` or ``false``."""

    value: bool
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Seen:
    """``seen()`` or ``seen('buy')``: the person has an event (of that kind) with the item."""

    kind: str | None
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Compare:
    """Two values and a sign between them, which stands at `column`."""

    sign: Sign
    left: Operand
    right: Operand
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Member:
    """``left in right``; for tags on the left: whether any of them is."""

    left: Operand
    right: Operand
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Not:
    """The opposite; what is unknown stays so."""

    part: Tree


@dataclass(frozen=True)
class And:
    """All of them."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True)
class Or:
    """Any of them."""

    parts: tuple[Tree, ...]


Operand = Literal | Listed | Reference
Tree = Truth | Seen | Compare | Member | Not | And | Or


def about_items_alone(tree: Tree) -> bool:
    """Whether the answer is the same for every question, so that it can be kept with the catalogue."""
    match tree:
        case Truth():
            return True
        case Seen():
            return False
        case Compare() | Member():
            return not any(isinstance(x, Reference) and x.scope != "item" for x in (tree.left, tree.right))
        case Not():
            return about_items_alone(tree.part)
        case And() | Or():
            return all(about_items_alone(part) for part in tree.parts)
