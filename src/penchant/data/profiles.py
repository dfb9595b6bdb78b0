"""Attribute rows for people who may be strangers, and context columns for moments, from plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from penchant.data.arrays import Float32, Nums, frozen
from penchant.data.features import Categories, Column, FeatureTable, Numbers, Tags, Texts, Vectors
from penchant.data.schema import Schema
from penchant.data.strings import Strings
from penchant.data.vocabulary import MISSING
from penchant.errors import BadConfig


def user_rows(table: FeatureTable, users: Nums, given: Sequence[Mapping[str, Any]], schema: Schema) -> FeatureTable:
    """One row of attributes a query.

    Args:
        table: attributes of the known people.
        users: int32 [B], number of the person or -1 for a stranger, whose attributes are missing.
        given: what each query says of its person; it overrides the table.
        schema: declares the attributes; an undeclared one raises UnknownName.
    """
    for values in given:
        for name in values:
            schema.user_attribute(name)
    columns = {}
    for name, column in table.columns.items():
        row = [values.get(name, _KEEP) for values in given]
        columns[name] = _overridden(name, _rows_or_missing(column, users), row)
    return FeatureTable(n_rows=len(users), columns=columns)


def context_columns(
    like: Mapping[str, Categories | Numbers], given: Sequence[Mapping[str, Any]], schema: Schema
) -> dict[str, Categories | Numbers]:
    """Context columns of B moments; a field that a moment does not state is missing, an undeclared one raises UnknownName.

    `like` gives the known categories of each field.
    """
    said = dict.fromkeys(chain.from_iterable(given))
    for name in said:
        schema.context_field(name)
    columns: dict[str, Categories | Numbers] = {}
    for name, column in like.items():
        if name not in said:
            columns[name] = _all_missing(column, len(given))
            continue
        row = [values.get(name) for values in given]
        if isinstance(column, Categories):
            columns[name] = Categories.of([None if v is None else str(v) for v in row], column.names)
        else:
            columns[name] = Numbers(frozen(np.asarray([_number(name, v) for v in row], dtype=np.float32)))
    return columns


def _all_missing(like: Categories | Numbers, n: int) -> Categories | Numbers:
    if isinstance(like, Categories):
        return Categories(frozen(np.full(n, MISSING, dtype=np.int32)), like.names)
    return Numbers(frozen(np.full(n, np.nan, dtype=np.float32)))


_KEEP = object()


def _number(name: str, value: Any) -> float:
    if value is None:
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise BadConfig(f'{name}: expected a number, got "{value}"') from None


def _rows_or_missing(column: Column, users: Nums) -> Column:
    stranger = users < 0
    if len(column) == 0:
        return missing_rows(column, len(users))
    picked = column.take(np.where(stranger, 0, users))
    if not stranger.any():
        return picked
    blank = missing_rows(column, 1)
    return stacked(picked, blank).take(np.where(stranger, len(users), np.arange(len(users))))


def missing_rows(like: Column, n: int) -> Column:
    """`n` rows of the same form in which everything is missing."""
    match like:
        case Categories() | Numbers():
            return _all_missing(like, n)
        case Tags():
            none = np.zeros(0, dtype=np.int32)
            return Tags(frozen(np.zeros(n + 1, dtype=np.int64)), frozen(none), like.names)
        case Texts():
            return Texts(Strings.of([""] * n))
        case Vectors():
            return Vectors(frozen(np.full((n, like.values.shape[1]), np.nan, dtype=np.float32)))


def stacked(first: Column, second: Column) -> Column:
    """The rows of two columns of the same form, and with the same names, one after the other."""
    match first, second:
        case Categories(), Categories():
            return Categories(frozen(np.concatenate([first.codes, second.codes])), first.names)
        case Numbers(), Numbers():
            return Numbers(frozen(np.concatenate([first.values, second.values])))
        case Tags(), Tags():
            offsets = np.concatenate([first.offsets, second.offsets[1:] + first.offsets[-1]])
            return Tags(frozen(offsets), frozen(np.concatenate([first.codes, second.codes])), first.names)
        case Texts(), Texts():
            return Texts(first.values.joined(second.values))
        case Vectors(), Vectors():
            return Vectors(frozen(np.concatenate([first.values, second.values])))
    raise TypeError("columns of different forms cannot be stacked")


def _overridden(name: str, column: Column, row: Sequence[Any]) -> Column:
    """The column with the given values put in place of its own; `_KEEP` keeps."""
    if all(value is _KEEP for value in row):
        return column
    rows = [i for i, value in enumerate(row) if value is not _KEEP]
    source = np.arange(len(row))
    source[rows] = len(row) + np.arange(len(rows))
    return stacked(column, _column_of(name, column, [row[i] for i in rows])).take(source)


def _column_of(name: str, like: Column, values: Sequence[Any]) -> Column:
    match like:
        case Categories():
            return Categories.of([None if v is None else str(v) for v in values], like.names)
        case Numbers():
            return Numbers(frozen(np.asarray([_number(name, v) for v in values], dtype=np.float32)))
        case Tags():
            return Tags.of([_tags(name, v) for v in values], like.names)
        case Texts():
            return Texts(Strings.of(["" if v is None else str(v) for v in values]))
        case Vectors():
            return Vectors(frozen(np.stack([_vector(name, v, like.values.shape[1]) for v in values])))


def _tags(name: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    try:
        return [str(tag) for tag in value]
    except TypeError:
        raise BadConfig(f"{name}: expected a list of tags, got {value!r}") from None


def _vector(name: str, value: Any, width: int) -> Float32:
    try:
        row = np.full(width, np.nan) if value is None else np.asarray(value, dtype=np.float32)
    except (TypeError, ValueError):
        row = np.zeros(0)
    if row.shape != (width,):
        raise BadConfig(f"{name}: expected a vector of {width} numbers")
    return row.astype(np.float32)
