"""Tables that are already columns: Parquet files, polars, pandas and Arrow frames, and plain rows or lists."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.data.intake.cells import cell_text
from penchant.data.intake.columns import refuse_duplicates
from penchant.data.intake.reading import Batch, Quoted
from penchant.errors import BadData

if TYPE_CHECKING:
    import polars as pl

ROWS_OF_BATCH = 500_000


class Table:
    """Rows of a frame in memory, or of a Parquet file that is read slice by slice and never held whole.

    A line is the number of a row, counted from 1.
    """

    def __init__(self, rows: pl.LazyFrame, name: str, *, batch: int = ROWS_OF_BATCH) -> None:
        import polars as pl

        self.name, self._rows, self._batch = name, rows, batch
        try:
            self.header = list(rows.collect_schema().names())
            self.total = int(rows.select(pl.len()).collect().item())
        except (pl.exceptions.PolarsError, OSError) as fault:
            raise BadData(f"{name}: cannot be read as a table ({_one_line(fault)})") from None

    def batches(self, columns: Iterable[str], size: int | None = None) -> Iterator[Batch]:
        """All rows; cells keep their type."""
        import polars as pl

        wanted, step = list(dict.fromkeys(columns)), size or self._batch
        for start in range(0, self.total, step):
            try:
                frame = self._rows.select(wanted).slice(start, step).collect()
            except (pl.exceptions.PolarsError, OSError) as fault:
                raise BadData(f"{self.name}: damaged from row {start + 1} on ({_one_line(fault)})") from None
            lines = range(start + 1, start + 1 + len(frame))
            yield Batch(frame=frame, lines=lines, faults=None, position=start + len(frame))

    def quote(self, lines: Sequence[int]) -> Iterator[Quoted]:
        """The rows, as comma-separated text."""
        rest = list(lines)
        while rest:
            start = (rest[0] - 1) // self._batch * self._batch
            here = [line for line in rest if line <= start + self._batch]
            rest = rest[len(here) :]
            frame = self._rows.slice(start, self._batch).collect()[[line - 1 - start for line in here]]
            for line, row in zip(here, frame.iter_rows(named=True), strict=True):
                cells = {key: "" if cell is None else cell_text(cell) for key, cell in row.items()}
                yield Quoted(line=line, raw=",".join(cells.values()), cells=cells)


def parquet_table(path: Path, *, batch: int = ROWS_OF_BATCH) -> Table:
    """A Parquet file; one that is gzipped on top is unpacked into memory. Raises BadData when it cannot be read."""
    import polars as pl

    try:
        with path.open("rb") as stream:
            gzipped = stream.read(2) == b"\x1f\x8b"
        if path.stat().st_size == 0:
            raise BadData(f"{path}: the file is empty; expected a Parquet table of events")
        if gzipped:
            return Table(pl.read_parquet(io.BytesIO(gzip.decompress(path.read_bytes()))).lazy(), path.name, batch=batch)
        # a name with a star or a bracket is a name, not a pattern
        return Table(pl.scan_parquet(path, glob=False), path.name, batch=batch)
    except FileNotFoundError:
        raise BadData(f"{path}: no such file") from None
    except (OSError, EOFError, pl.exceptions.PolarsError) as fault:
        raise BadData(f"{path}: cannot be read as Parquet ({_one_line(fault)})") from None


def frame_table(rows: Any, name: str = "frame", *, batch: int = ROWS_OF_BATCH) -> Table:
    """A table of what is already in memory.

    Args:
        rows: a polars frame (lazy ones are collected), a pandas or Arrow one, a list of dicts, or a dict of lists.
        name: shown in messages.

    Raises:
        BadData: anything else, lists of different lengths, or two columns of one name.
    """
    import polars as pl

    if isinstance(rows, pl.LazyFrame):
        rows = rows.collect()
    if isinstance(rows, pl.DataFrame):
        return Table(rows.lazy(), name, batch=batch)
    try:
        if isinstance(rows, Mapping):
            made = _from_columns({str(key): rows[key] for key in rows}, name)
        elif type(rows).__module__.split(".")[0] == "pandas":
            header = [str(column) for column in rows.columns]
            refuse_duplicates(header, name)
            made = _from_columns({key: rows.iloc[:, i] for i, key in enumerate(header)}, name)
        elif hasattr(rows, "__arrow_c_stream__"):
            made = pl.DataFrame(rows)
        elif isinstance(rows, list | tuple) and not rows:
            raise BadData(f"{name}: expected at least one row, got an empty list")
        elif isinstance(rows, list | tuple) and all(isinstance(row, Mapping) for row in rows):
            keys = list(dict.fromkeys(str(key) for row in rows for key in row))
            made = _from_columns({key: [row.get(key) for row in rows] for key in keys}, name)
        else:
            raise BadData(
                f"{name}: expected a path, a polars, pandas or Arrow frame, a list of dicts or a dict of lists, "
                f"got {type(rows).__name__}"
            )
    except (pl.exceptions.PolarsError, TypeError, ValueError) as fault:
        raise BadData(f"{name}: cannot be read as a table ({_one_line(fault)})") from None
    return Table(made.lazy(), name, batch=batch)


def _from_columns(columns: Mapping[str, Any], name: str) -> pl.DataFrame:
    import polars as pl

    made = {key: _series(key, values) for key, values in columns.items()}
    lengths = {key: len(column) for key, column in made.items()}
    if len(set(lengths.values())) > 1:
        raise BadData(f"{name}: columns of different lengths: {lengths}")
    return pl.DataFrame(list(made.values()))


def _series(key: str, values: Any) -> pl.Series:
    """A column; cells of mixed types become text, so that the ids 1 and "1" are one id."""
    import polars as pl

    if hasattr(values, "dtype") and values.dtype != object:
        return pl.Series(key, values, nan_to_null=type(values).__module__.startswith("pandas"))
    cells = [None if _missing(cell) else cell for cell in values]
    kinds = {type(cell) for cell in cells if cell is not None}
    if len(kinds) > 1 and not kinds <= {int, float}:
        simple = {str, int, float, bool}
        if kinds <= simple:
            return pl.Series(key, [None if cell is None else cell_text(cell) for cell in cells], dtype=pl.String)
    return pl.Series(key, cells, strict=False)


def _missing(cell: Any) -> bool:
    return cell is None or type(cell).__name__ in ("NAType", "NaTType")


def _one_line(fault: BaseException) -> str:
    text = str(fault).split("\n")[0]
    return text if len(text) <= 160 else text[:157] + "..."
