"""A catalogue that grows while it is served: items that came later, and attributes that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from penchant.data.arrays import ArrayT, Int64, Nums, frozen, offsets_of
from penchant.data.catalogue import Catalogue
from penchant.data.features import Categories, Column, FeatureTable, Numbers, Tags, Texts, Vectors
from penchant.data.schema import Field
from penchant.data.strings import Strings
from penchant.data.vocabulary import Vocabulary
from penchant.errors import BadData, UnknownName

_GREATEST = float(np.finfo(np.float32).max)

_EXPECTED = {
    Categories: "text",
    Numbers: "a finite number",
    Tags: "a list of texts",
    Texts: "text",
    Vectors: "a list of {width} finite numbers",
}


def grown(catalogue: Catalogue, updates: Mapping[str, Mapping[str, Any]], *, strict: bool = True) -> Catalogue:
    """The catalogue with newer attributes of some items, and with those that it did not know behind the others.

    Items keep their numbers, and names of categories and tags theirs; new ones follow in the order in which they come. O(n) for
    n items, and no Python for those that stay as they are.

    Args:
        catalogue: as it was; it is not changed.
        updates: item id -> all its attributes from now on; one that is not stated, or None, is missing.
        strict: False passes over attributes that are not declared, and over values of another kind than declared: what was let
            in under another schema must not keep this one from being served.

    Raises:
        UnknownName: an attribute that is not declared; offers the nearest one.
        BadData: a value of another kind than declared.
    """
    if not updates:
        return catalogue
    table = catalogue.item_features
    if strict:
        for item, features in updates.items():
            for name in features:
                if name not in table.columns:
                    raise UnknownName("item attribute", name, table.columns, item)
    items = catalogue.items.extended(updates)
    numbers, _ = items.numbers(updates)
    columns = {
        name: _written(name, column, len(items), numbers, [one.get(name) for one in updates.values()], strict)
        for name, column in table.columns.items()
    }
    return replace(
        catalogue,
        items=items,
        item_features=FeatureTable(n_rows=len(items), columns=columns),
        popularity=replace(catalogue.popularity, n_items=len(items)),
    )


def table_of(rows: Sequence[Mapping[str, Any]], declared: Mapping[str, Field]) -> FeatureTable:
    """Plain values, one mapping a row, as columns of all declared attributes; what is of another kind counts as missing."""
    places = np.arange(len(rows), dtype=np.int32)
    columns: dict[str, Column] = {}
    for name, field in declared.items():
        values = [row.get(name) for row in rows]
        columns[name] = _written(name, _empty(field, values), len(rows), places, values, False)
    return FeatureTable(n_rows=len(rows), columns=columns)


def _empty(field: Field, values: Sequence[Any]) -> Column:
    nothing, names = np.zeros(0, dtype=np.int32), Vocabulary.of([])
    match field.kind:
        case "category":
            return Categories(nothing, names)
        case "number" | "cycle":
            return Numbers(np.zeros(0, dtype=np.float32))
        case "tags":
            return Tags(np.zeros(1, dtype=np.int64), nothing, names)
        case "text":
            return Texts(Strings.of([]))
        case "vector":
            width = next((len(value) for value in values if isinstance(value, list | tuple)), 0)
            return Vectors(np.zeros((0, width), dtype=np.float32))


def _written(name: str, column: Column, n: int, rows: Nums, values: Sequence[Any], strict: bool) -> Column:
    """The column with `n` rows, of which the given ones have these values; None, and rows behind the old end, are missing."""
    plain = [None if value is None else _plain(name, column, value, strict) for value in values]
    match column:
        case Categories():
            names = column.names.extended(value for value in plain if value is not None)
            codes = _longer(column.codes, n, -1)
            codes[rows] = [-1 if value is None else names.number(value) for value in plain]
            return Categories(frozen(codes), names)
        case Numbers():
            numbers = _longer(column.values, n, np.nan)
            numbers[rows] = [np.nan if value is None else value for value in plain]
            return Numbers(frozen(numbers))
        case Vectors():
            vectors = _longer(column.values, n, np.nan)
            vectors[rows] = [[np.nan] * vectors.shape[1] if value is None else value for value in plain]
            return Vectors(frozen(vectors))
        case Tags():
            listed = [list(dict.fromkeys(value or ())) for value in plain]
            names = column.names.extended(tag for tags in listed for tag in tags)
            tags = [np.asarray([names.number(tag) for tag in row], dtype=np.int32) for row in listed]
            return Tags(*_replaced(column.offsets, column.codes, n, rows, tags), names)
        case Texts():
            texts = [np.frombuffer((value or "").encode(), dtype=np.uint8) for value in plain]
            return Texts(Strings(*reversed(_replaced(column.values.offsets, column.values.blob, n, rows, texts))))


def _longer(values: Any, n: int, missing: float) -> Any:
    longer = np.empty((n, *values.shape[1:]), dtype=values.dtype)
    longer[: len(values)] = values
    longer[len(values) :] = missing
    return longer


def _replaced(offsets: Int64, values: ArrayT, n: int, rows: Nums, given: Sequence[ArrayT]) -> tuple[Int64, ArrayT]:
    """Offsets and values of `n` ragged rows, of which the rows `rows`, among them all behind the old end, are given ones."""
    lengths = _longer(np.diff(offsets), n, 0)
    pieces, done = [], 0
    for place in np.argsort(rows).tolist():
        row = int(rows[place])
        lengths[row] = len(given[place])
        low = min(row, len(offsets) - 1)
        # all that stays between two that change is copied at once
        pieces += [values[offsets[done] : offsets[low]], given[place]]
        done = min(row + 1, len(offsets) - 1)
    return frozen(offsets_of(lengths)), frozen(np.concatenate([*pieces, values[offsets[done] :]]))  # type: ignore[return-value]


def is_number(value: Any) -> bool:
    """Whether it is a number that a float32 can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _GREATEST


def _plain(name: str, column: Column, value: Any, strict: bool) -> Any:
    """The value as the column keeps it; None for one of another kind where that is no error."""
    number = is_number(value)
    match column:
        case Categories() if isinstance(value, str) or (number and value == int(value)):
            # numbers that name things, such as a year
            return value if isinstance(value, str) else str(value)
        case Texts() if isinstance(value, str):
            return value
        case Numbers() if number:
            return value
        case Tags() if isinstance(value, str):
            return (value,)
        case Tags() if isinstance(value, list | tuple) and all(isinstance(tag, str) for tag in value):
            return value
        case Vectors() if isinstance(value, list | tuple) and len(value) == column.values.shape[1]:
            if all(map(is_number, value)):
                return value
    if not strict:
        return None
    width = column.values.shape[1] if isinstance(column, Vectors) else 0
    raise BadData(f"{name}: expected {_EXPECTED[type(column)].format(width=width)}, got {value!r:.60}")
