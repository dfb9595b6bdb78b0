"""What can be read: every file format and frame behind one face, giving batches of rows that know their line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from penchant.data.arrays import Bytes, Int64

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

    def batches(self, columns: Iterable[str]) -> Iterator[Batch]:
        """All rows, of these columns; blank lines are no rows. A batch may be empty."""

    def quote(self, lines: Sequence[int]) -> Iterator[Quoted]:
        """The rows at these lines (rising), as they stand in the source."""


def whole_frame(source: Source, columns: Iterable[str] | None = None, at_most: int | None = None) -> pl.DataFrame:
    """The readable rows in one frame, or about the first `at_most` of them; for attribute files and samples."""
    import polars as pl

    wanted = list(source.header if columns is None else columns)
    parts: list[pl.DataFrame] = []
    n = 0
    for batch in source.batches(wanted):
        frame = batch.frame if batch.faults is None else batch.frame.filter(pl.Series(batch.faults == 0))
        parts.append(frame if at_most is None else frame.head(at_most - n))
        n += len(parts[-1])
        if at_most is not None and n >= at_most:
            break
    parts = [part for part in parts if len(part)] or parts[:1]
    if not parts:
        return pl.DataFrame({name: pl.Series([], dtype=pl.String) for name in wanted})
    return pl.concat(parts, how="vertical" if len({tuple(p.dtypes) for p in parts}) == 1 else "vertical_relaxed")
