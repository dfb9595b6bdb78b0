"""Whether a filter expression speaks of things that the schema declares, and compares what can be compared."""

from __future__ import annotations

from typing import Literal as OneOf

from penchant.data.schema import Field, Schema
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
    Seen,
    Tree,
    Truth,
)
from penchant.pipeline.expression.words import wrong

_Kind = OneOf["text", "number", "tags", "texts", "numbers", "nothing"]
"""What an operand is: `tags` of an item or a person; `texts` and `numbers` in brackets; `nothing` is the empty list."""

_KINDS: dict[str, _Kind] = {"category": "text", "text": "text", "number": "number", "cycle": "number", "tags": "tags"}


def check(tree: Tree, schema: Schema) -> None:
    """Raises UnknownName for a name that is not declared, BadConfig (with the column) for what cannot be compared."""
    match tree:
        case Truth():
            return
        case Seen():
            if tree.kind is not None and tree.kind not in schema.kinds:
                raise UnknownName("event kind", tree.kind, schema.kinds, f"where, column {tree.column}")
        case Not():
            check(tree.part, schema)
        case And() | Or():
            for part in tree.parts:
                check(part, schema)
        case Compare():
            _check_compared(tree, _kind(tree.left, schema), _kind(tree.right, schema))
        case Member():
            _check_member(tree, _kind(tree.left, schema), _kind(tree.right, schema))


def _kind(operand: Operand, schema: Schema) -> _Kind:
    match operand:
        case Literal():
            return "text" if isinstance(operand.value, str) else "number"
        case Listed():
            kinds = {_kind(value, schema) for value in operand.values}
            if len(kinds) > 1:
                raise wrong(operand.column, "expected a list of texts or a list of numbers, got both in one")
            return "nothing" if not kinds else "texts" if kinds == {"text"} else "numbers"
    if (operand.scope, operand.name) == ("item", "id"):
        return "text"
    field = _declared(operand, schema)
    if field.kind not in _KINDS:
        raise wrong(operand.column, f"{operand} is a vector, which cannot be compared")
    return _KINDS[field.kind]


def _declared(reference: Reference, schema: Schema) -> Field:
    known, kind = {
        "item": (schema.item_attributes, "item attribute"),
        "user": (schema.user_attributes, "user attribute"),
        "context": (schema.context, "context field"),
    }[reference.scope]
    if reference.name not in known:
        names = (*known, "id") if reference.scope == "item" else known
        raise UnknownName(kind, reference.name, names, f"where, column {reference.column}")
    return known[reference.name]


def _check_compared(tree: Compare, left: _Kind, right: _Kind) -> None:
    pair = (left, right)
    if "tags" in pair:
        raise wrong(
            tree.column, f"{tree.sign} cannot compare tags, of which there may be many; write 'rock' in item.genre"
        )
    if {"texts", "numbers", "nothing"} & set(pair):
        raise wrong(tree.column, f"{tree.sign} cannot compare a list; write item.genre in ['jazz', 'rock']")
    if left != right:
        raise wrong(
            tree.column,
            f"{tree.sign} expects two of a kind, got a {left} and a {right}; texts stand in quotes and numbers do not",
        )
    if tree.sign not in ("==", "!=") and left != "number":
        raise wrong(tree.column, f"{tree.sign} expects numbers, got texts; only == and != compare texts")


def _check_member(tree: Member, left: _Kind, right: _Kind) -> None:
    if left in ("texts", "numbers", "nothing"):
        raise wrong(tree.column, "a list cannot stand before `in`; write item.genre in ['jazz', 'rock']")
    if right not in ("texts", "numbers", "tags", "nothing"):
        raise wrong(tree.column, f"`in` expects a list or tags behind it, got a {right}; write == for one value")
    wanted = "numbers" if left == "number" else "texts"
    if right not in (wanted, "nothing") and not (right == "tags" and wanted == "texts"):
        raise wrong(tree.column, f"`in` expects {wanted} behind it, as the {left} before it is, got {right}")
    both = [x for x in (tree.left, tree.right) if isinstance(x, Reference) and x.scope == "item"]
    if left == right == "tags" and len(both) == 2:
        raise wrong(tree.column, "the tags of an item cannot be compared with other tags of it")
