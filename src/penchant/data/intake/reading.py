"""What can be read: every file format and frame behind one face, giving batches of rows that know their line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from penchant.data.arrays import Bytes, Int64
from penchant.data.intake.cells import numbers_of_text

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Consecutive rows of a source.

    Attributes:
        frame: the wanted columns, of any type; all missing in rows that could not be read.
        lines: number of each row's line (rising): a range where they follow each other, else int64 [n].
        faults: uint8 [n], number of the rule that a row breaks as text, 0 for none; None when all rows are fine.
        position: how far the source has been read, in units of its `total`.
    """

    frame: pl.DataFrame
    lines: range | Int64
    faults: Bytes | None
    position: int


@dataclass(frozen=True, kw_only=True)
class Quoted:
    """A row as it stands in its source, for messages: `cells` by column, empty when the row could not be taken apart."""

    line: int
    raw: str
    cells: Mapping[str, str]


class Source(Protocol):
    """Rows with named columns, read as often as wanted."""

    @property
    def name(self) -> str:
        """Short name for messages."""

    @property
    def header(self) -> Sequence[str]:
        """Column names in order."""

    @property
    def total(self) -> int:
        """Size, in the units of `Batch.position`."""

    def batches(self, columns: Iterable[str], size: int | None = None) -> Iterator[Batch]:
        """All rows, of these columns; blank lines are no rows. A batch may be empty; `size` is a wish for its rows."""

    def quote(self, lines: Sequence[int]) -> Iterator[Quoted]:
        """The rows at these lines (rising), as they stand in the source."""


def first_rows(source: Source, n: int) -> pl.DataFrame:
    """The first n readable rows with all columns, for guesses; texts that hold numbers only become numbers."""
    import polars as pl

    parts: list[pl.DataFrame] = []
    for batch in source.batches(source.header, n):
        frame = batch.frame if batch.faults is None else batch.frame.filter(pl.Series(batch.faults == 0))
        parts.append(frame.head(n - sum(len(part) for part in parts)))
        if sum(len(part) for part in parts) >= n:
            break
    if not parts:
        return pl.DataFrame({name: pl.Series([], dtype=pl.String) for name in source.header})
    return typed(joined(parts))


def joined(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Frames with the same columns one below the other; where their types differ, the wider one is taken."""
    import polars as pl

    same = len({tuple(part.dtypes) for part in parts}) == 1
    return pl.concat(parts, how="vertical" if same else "vertical_relaxed")


def typed(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with numbers in place of texts, in columns that hold nothing else; codes such as 02139 stay texts."""
    import polars as pl

    columns = []
    for column in frame.get_columns():
        if column.dtype == pl.String:
            filled = column.str.strip_chars().replace("", None)
            numbers = numbers_of_text(filled)
            zeros = filled.str.contains(r"^0\d").any()
            if numbers.null_count() == filled.null_count() < len(filled) and not zeros:
                whole = filled.cast(pl.Int64, strict=False)
                column = whole if whole.null_count() == filled.null_count() else numbers
        columns.append(column)
    return pl.DataFrame(columns)
