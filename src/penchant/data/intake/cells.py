"""Cells of any type as text or as numbers, the same whatever format they came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from penchant.data.arrays import AnyArray, Bool, Float64, frozen, offsets_of
from penchant.data.strings import Strings

if TYPE_CHECKING:
    import polars as pl


def as_text(column: pl.Series) -> pl.Series:
    """The column as strings: 1 gives "1", 520.0 gives "520", a NaN or what cannot be text is missing.

    Texts are not stripped here; ids are stripped once for each distinct one.
    """
    import polars as pl

    kind = column.dtype
    if kind == pl.String:
        return column
    if kind.is_float():
        finite = column.is_finite()
        whole = finite & (column == column.floor()) & (column.abs() < 1e15)
        texts = pl.DataFrame({"x": column, "whole": whole, "finite": finite}).select(
            pl.when("whole")
            .then(pl.col("x").cast(pl.Int64, strict=False).cast(pl.String))
            .when("finite")
            .then(pl.col("x").cast(pl.String))
        )
        return texts.to_series().alias(column.name)
    if kind == pl.Binary:
        return column.cast(pl.String, strict=False)
    if kind.is_nested() or kind in (pl.Object, pl.Null):
        return pl.Series(column.name, [None] * len(column), dtype=pl.String)
    return column.cast(pl.String)


def as_number(column: pl.Series) -> tuple[Float64, Bool]:
    """The column as float64 [n], NaN where it is missing or no number; and which cells hold something that is no number.

    Texts may have a decimal comma. NaN in a text or a float cell is "no number", a missing cell is not. Infinite counts as
    no number.
    """
    import polars as pl

    if column.dtype == pl.String:
        numbers = numbers_of_text(column)
        filled = column.is_not_null() & (column.str.strip_chars() != "")
    elif column.dtype.is_numeric() or column.dtype == pl.Boolean:
        numbers, filled = column.cast(pl.Float64), column.is_not_null()
    else:
        numbers, filled = pl.Series(np.full(len(column), np.nan)), column.is_not_null()
    values = numbers.fill_null(float("nan")).to_numpy().astype(np.float64)
    bad = filled.fill_null(value=False).to_numpy() & ~np.isfinite(values)
    values[bad] = np.nan
    return values, bad


def numbers_of_text(column: pl.Series) -> pl.Series:
    """Float64, missing where the text is no number."""
    import polars as pl

    numbers = column.cast(pl.Float64, strict=False)
    if numbers.null_count() == column.null_count():
        return numbers
    tidy = column.str.strip_chars()
    numbers = tidy.cast(pl.Float64, strict=False)
    comma = tidy.str.contains(r"^[+-]?\d+,\d+$").fill_null(value=False) & numbers.is_null()
    if comma.any():
        numbers = numbers.fill_null(tidy.str.replace(",", ".", literal=True).set(~comma, None).cast(pl.Float64))
    return numbers


def packed(texts: pl.Series) -> Strings:
    """A column of strings as packed bytes; a missing one is empty. No Python object is made per string."""
    filled = texts.fill_null("")
    lengths: AnyArray = filled.str.len_bytes().to_numpy()
    blob = np.frombuffer((filled.str.join("").item() or "").encode(), dtype=np.uint8)
    return Strings(frozen(blob), frozen(offsets_of(lengths)))


def cell_text(cell: object) -> str:
    """One Python value as the text that `as_text` would give it; lists and objects as JSON."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return json.dumps(cell) if isinstance(cell, list | dict) else str(cell)
