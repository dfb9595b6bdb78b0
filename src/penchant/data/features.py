"""Columns of attributes and context, one class per storage form, and tables of them. All arrays are read-only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from penchant.data.arrays import AnyArray, Float32, Int64, Nums, frozen, offsets_of, ragged_positions
from penchant.data.strings import Strings
from penchant.data.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Categories:
    """One category a row: `codes` int32 [n], -1 where missing; `names` gives the text of each code."""

    codes: Nums
    names: Vocabulary

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.codes)

    def take(self, rows: AnyArray) -> Categories:
        """The rows `rows` (int [m]) in that order."""
        return Categories(frozen(self.codes[rows]), self.names)

    @classmethod
    def of(cls, values: Iterable[str | None], names: Vocabulary | None = None) -> Categories:
        """Packs texts; None is missing. With `names` given, texts outside it are missing too."""
        listed = list(values)
        # an empty vocabulary is a given one too: a column in which nothing was ever known
        known = names if names is not None else Vocabulary.of(dict.fromkeys(v for v in listed if v is not None))
        return cls(frozen(np.asarray(known.codes(listed), dtype=np.int32)), known)


@dataclass(frozen=True, eq=False)
class Numbers:
    """One number a row: `values` float32 [n], NaN where missing. Cycles are stored so too, in units of their period."""

    values: Float32

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.values)

    def take(self, rows: AnyArray) -> Numbers:
        """The rows `rows` (int [m]) in that order."""
        return Numbers(frozen(self.values[rows]))


@dataclass(frozen=True, eq=False)
class Tags:
    """A set of tags a row: row i has the tag codes ``codes[offsets[i]:offsets[i+1]]`` (int32), named by `names`."""

    offsets: Int64
    codes: Nums
    names: Vocabulary

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.offsets) - 1

    def take(self, rows: AnyArray) -> Tags:
        """The rows `rows` (int [m]) in that order."""
        length = np.diff(self.offsets)[rows]
        codes = self.codes[ragged_positions(self.offsets[rows], length)]
        return Tags(frozen(offsets_of(length)), frozen(codes), self.names)

    @classmethod
    def of(cls, rows: Iterable[Sequence[str]], names: Vocabulary | None = None) -> Tags:
        """Packs lists of texts. With `names` given, texts outside it are left out."""
        listed = [list(dict.fromkeys(row)) for row in rows]
        known = names if names is not None else Vocabulary.of(dict.fromkeys(tag for row in listed for tag in row))
        coded = [known.numbers(row)[0] for row in listed]
        codes = np.concatenate(coded) if coded else np.zeros(0, dtype=np.int32)
        return cls(frozen(offsets_of([len(c) for c in coded])), frozen(codes.astype(np.int32)), known)


@dataclass(frozen=True, eq=False)
class Texts:
    """A text a row, empty where missing."""

    values: Strings

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.values)

    def take(self, rows: AnyArray) -> Texts:
        """The rows `rows` (int [m]) in that order."""
        return Texts(self.values.take(rows))


@dataclass(frozen=True, eq=False)
class Vectors:
    """A vector a row: `values` float32 [n, d]; a missing one is a row of NaN."""

    values: Float32

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.values)

    def take(self, rows: AnyArray) -> Vectors:
        """The rows `rows` (int [m]) in that order."""
        return Vectors(frozen(self.values[rows]))


Column = Categories | Numbers | Tags | Texts | Vectors


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureTable:
    """Named columns of equal length; row i belongs to item or person number i (or to query i of a batch)."""

    n_rows: int
    columns: Mapping[str, Column] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Checks that all columns have `n_rows` rows."""
        for name, column in self.columns.items():
            if len(column) != self.n_rows:
                raise ValueError(f"column {name}: expected {self.n_rows} rows, got {len(column)}")

    def take(self, rows: AnyArray) -> FeatureTable:
        """The rows `rows` (int [m]) of every column."""
        return FeatureTable(n_rows=len(rows), columns={name: c.take(rows) for name, c in self.columns.items()})
