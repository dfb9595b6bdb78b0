"""Attribute files of people and items: their rows, their ids, and their columns by the kinds that the schema declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from penchant.data.arrays import Bool, Bytes, Float32, Int64, Nums, frozen, offsets_of
from penchant.data.features import Categories, Column, FeatureTable, Numbers, Tags, Texts, Vectors
from penchant.data.intake.cells import as_number, as_text, packed
from penchant.data.intake.numbering import Numbering, in_order_of_use
from penchant.data.intake.reading import Source, joined
from penchant.data.schema import Field
from penchant.data.vocabulary import Vocabulary

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, kw_only=True, eq=False)
class AttributeRows:
    """An attribute file in memory.

    Attributes:
        frame: all rows with the id column and the others; missing in rows that could not be read.
        id_column: the column with the ids.
        lines: int64 [n], line of each row.
        faults: uint8 [n], the rule that a row breaks as text, 0 for none.
    """

    source: Source
    frame: pl.DataFrame
    id_column: str
    lines: Int64
    faults: Bytes


def read_attributes(source: Source, id_column: str) -> AttributeRows:
    """Reads all columns of an attribute file."""
    import polars as pl

    frames, lines, faults = [], [], []
    for batch in source.batches(source.header):
        frames.append(batch.frame)
        lines.append(np.asarray(batch.lines, dtype=np.int64))
        faults.append(np.zeros(len(batch.frame), dtype=np.uint8) if batch.faults is None else batch.faults)
    if not frames:
        frames = [pl.DataFrame({name: pl.Series([], dtype=pl.String) for name in source.header})]
    return AttributeRows(
        source=source,
        frame=joined(frames),
        id_column=id_column,
        lines=np.concatenate(lines) if lines else np.zeros(0, dtype=np.int64),
        faults=np.concatenate(faults) if faults else np.zeros(0, dtype=np.uint8),
    )


def attribute_table(
    rows: AttributeRows, numbers: Nums, n: int, columns: Mapping[str, tuple[str, Field]]
) -> tuple[FeatureTable, list[str]]:
    """The table of n people or items, and warnings.

    Args:
        numbers: int32 [rows], number of the person or item that each row describes, -1 for none; of several rows about one
            the last counts.
        n: size of the vocabulary.
        columns: attribute -> (column of the file, declaration).
    """
    import polars as pl

    row_of = np.full(n + 1, -1, dtype=np.int64)
    row_of[numbers] = np.arange(len(numbers))  # -1 goes to the entry that is cut off
    row_of = row_of[:n]
    index = pl.Series(row_of, dtype=pl.Int64)
    index = index.set(index < 0, None)
    warnings: list[str] = []
    made: dict[str, Column] = {}
    for name, (column, field) in columns.items():
        cells = rows.frame[column].gather(index) if len(rows.frame) else pl.Series([None] * n, dtype=pl.String)
        made[name], complaint = column_of(cells, field)
        if complaint:
            warnings.append(f"{rows.source.name}: {column}: {complaint}")
    return FeatureTable(n_rows=n, columns=made), warnings


def column_of(cells: pl.Series, field: Field) -> tuple[Column, str]:
    """A column of the declared kind, and a complaint about cells that do not fit it ("" for none; they count as missing)."""
    match field.kind:
        case "category":
            return categories(as_text(cells)), ""
        case "number" | "cycle":
            values, bad = as_number(cells)
            return Numbers(frozen(values.astype(np.float32))), _complaint(int(bad.sum()), "no finite number")
        case "tags":
            return _tags(cells, field.separator), ""
        case "text":
            joined = cells.cast(_list_of_text()).list.join(" ") if _is_list(cells) else as_text(cells)
            return Texts(packed(joined.str.strip_chars())), ""
        case "vector":
            return _vectors(cells, field.separator)


def coverage(column: Column) -> float:
    """Share of the rows that have a value, in [0, 1]."""
    return float(_filled(column).mean()) if len(column) else 0.0


def _filled(column: Column) -> Bool:
    match column:
        case Categories():
            return np.asarray(column.codes >= 0)
        case Numbers():
            return ~np.isnan(column.values)
        case Tags():
            return np.diff(column.offsets) > 0
        case Texts():
            return np.diff(column.values.offsets) > 0
        case Vectors():
            return ~np.asarray(np.isnan(column.values).all(axis=1))


def categories(texts: pl.Series) -> Categories:
    """Stripped texts as categories, numbered by their first row; blank ones are missing."""
    numbering = Numbering()
    codes = numbering.add(texts.str.strip_chars().replace("", None))
    order = in_order_of_use(codes, len(numbering))
    number = np.full(len(order) + 1, -1, dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return Categories(frozen(number[codes]), Vocabulary(packed(numbering.texts().gather(order))))


def _tags(cells: pl.Series, separator: str) -> Tags:
    import polars as pl

    lists = cells.cast(_list_of_text()) if _is_list(cells) else as_text(cells).str.split(separator)
    tidy = pl.DataFrame({"tags": lists}).select(
        pl.col("tags")
        .list.eval(pl.element().str.strip_chars().filter(pl.element().str.strip_chars() != ""))
        .list.unique(maintain_order=True)
    )["tags"]
    lengths = tidy.list.len().fill_null(0).to_numpy()
    packed_tags = categories(tidy.list.explode(empty_as_null=False, keep_nulls=False).cast(pl.String))
    return Tags(frozen(offsets_of(lengths)), packed_tags.codes, packed_tags.names)


def _vectors(cells: pl.Series, separator: str) -> tuple[Column, str]:
    import polars as pl

    if _is_list(cells):
        lists = cells.cast(pl.List(pl.Float32), strict=False)
    elif cells.dtype == pl.String:
        lists = (
            cells.str.replace_all(separator, " ", literal=True)
            .str.replace_all(r"[\[\](),;|\s]+", " ")
            .str.strip_chars()
            .replace("", None)
            .str.split(" ")
            .cast(pl.List(pl.Float32), strict=False)
        )
    else:
        lists = as_text(cells).cast(pl.Float32, strict=False).reshape((-1, 1)).cast(pl.List(pl.Float32))
    lengths = lists.list.len().fill_null(0).to_numpy()
    usual = lengths[lengths > 0]
    width = int(np.bincount(usual).argmax()) if len(usual) else 1
    fits = lengths == width
    values: Float32 = np.full((len(cells), width), np.nan, dtype=np.float32)
    if fits.any():
        flat = lists.filter(pl.Series(fits)).list.explode(empty_as_null=False, keep_nulls=False)
        values[fits] = flat.fill_null(float("nan")).to_numpy().reshape(-1, width)
    broken = fits & ~np.isfinite(values).all(axis=1)
    values[broken] = np.nan
    odd = int((lengths > 0).sum() - fits.sum() + broken.sum())
    return Vectors(frozen(values)), _complaint(odd, f"no vector of {width} finite numbers")


def _is_list(cells: pl.Series) -> bool:
    import polars as pl

    return isinstance(cells.dtype, pl.List | pl.Array)


def _list_of_text() -> pl.DataType:
    import polars as pl

    return pl.List(pl.String)


def _complaint(count: int, what: str) -> str:
    return f"{count:,} {'cell holds' if count == 1 else 'cells hold'} {what}; taken as missing" if count else ""
