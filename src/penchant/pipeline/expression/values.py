"""What stands beside a comparison, as columns of items or as one value of the question."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from penchant.data.arrays import Float32, Nums
from penchant.data.catalogue import Catalogue
from penchant.data.features import Categories, Column, Numbers, Tags, Texts
from penchant.data.schema import FieldKind
from penchant.pipeline.asked import Asked
from penchant.pipeline.expression.tree import Listed, Literal, Operand, Reference
from penchant.pipeline.kept import Kept

Set = frozenset[str] | frozenset[float]
One = str | float | Set | None
"""A value of the question: a text, a number, a set, or None where it is missing."""

Value = Categories | Float32 | Tags | One
"""Texts of items as categories, numbers of items (NaN where missing), tags of items, or one value for all."""

_CODED: Kept[Categories] = Kept(16)


@dataclass(frozen=True, kw_only=True, eq=False)
class Values:
    """Looks operands up.

    Attributes:
        asked: the question; None where only items are spoken of.
        rows: int32 [m], the items that are wanted; None for the whole catalogue.
    """

    catalogue: Catalogue
    asked: Asked | None = None
    rows: Nums | None = None

    def of(self, operand: Operand) -> Value:
        """The value of an operand that was checked against the schema."""
        match operand:
            case Literal():
                return operand.value
            case Listed():
                texts = frozenset(value.value for value in operand.values if isinstance(value.value, str))
                numbers = frozenset(value.value for value in operand.values if not isinstance(value.value, str))
                return texts or numbers
        if operand.scope == "item":
            return self._of_items(operand.name)
        if self.asked is None:
            raise ValueError(f"{operand} depends on the question")
        return _of_question(self.asked, operand)

    def _of_items(self, name: str) -> Value:
        items = self.catalogue.items
        if name == "id":
            every = np.arange(len(items), dtype=np.int32) if self.rows is None else self.rows
            return Categories(every, items)
        column = self.catalogue.item_features.columns.get(name)
        if isinstance(column, Texts):
            column = _CODED.get(column, "", partial(_coded, column))
        if column is not None and self.rows is not None:
            column = column.take(self.rows)
        match column:
            case Categories() | Tags():
                return column
            case Numbers():
                return column.values
        return _missing(self.catalogue.schema.item_attributes[name].kind)


def _coded(column: Texts) -> Categories:
    return Categories.of([text or None for text in column.values.to_list()])


def _missing(kind: FieldKind) -> One:
    """What stands for nothing: a set is never missing, it is empty."""
    return frozenset[str]() if kind == "tags" else None


def _of_question(asked: Asked, reference: Reference) -> One:
    """What the question says itself comes first: a text that no event had is still that text."""
    schema = asked.world.catalogue.schema
    said: Mapping[str, Any]
    columns: Mapping[str, Column]
    if reference.scope == "context":
        said, columns = asked.query.context, asked.batch.context
        kind = schema.context_field(reference.name).kind
    else:
        said, columns = asked.query.features, asked.batch.user_features.columns
        kind = schema.user_attribute(reference.name).kind
    if reference.name in said:
        return _given(said[reference.name], kind)
    column = columns.get(reference.name)
    return _missing(kind) if column is None else _first(column)


def _given(value: Any, kind: FieldKind) -> One:
    if value is None:
        return _missing(kind)
    if kind in ("number", "cycle"):
        return _number(float(value))
    if kind == "tags":
        return frozenset([value] if isinstance(value, str) else [str(tag) for tag in value])
    return str(value) or None


def _first(column: Column) -> One:
    """The value of row 0."""
    match column:
        case Categories():
            return None if column.codes[0] < 0 else column.names.id(int(column.codes[0]))
        case Numbers():
            return _number(float(column.values[0]))
        case Tags():
            return frozenset(column.names.id(code) for code in column.codes[: int(column.offsets[1])].tolist())
        case Texts():
            return column.values[0] or None
    return None


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
