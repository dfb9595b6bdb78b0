"""Delimited text (CSV, TSV and their kin). Clean blocks go through polars; a block with anything odd is read line by line.

Both ways give the same rows: a block is clean only if every line splits at the delimiter into exactly the header's fields,
and quotes, if any, enclose whole fields.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from penchant.data.intake.columns import ALIASES, plain
from penchant.data.intake.reading import Batch, Quoted
from penchant.data.intake.records import Records, read_records, split_record
from penchant.data.intake.textblocks import MAX_LINE_BYTES, Block, line_blocks, pick_lines
from penchant.data.intake.validation import shortened
from penchant.errors import BadData

if TYPE_CHECKING:
    import polars as pl

DELIMITERS = (",", "\t", ";", "|")


class DelimitedFile:
    """A text file whose first line names the columns.

    Args:
        path: the file, gzipped or not.
        delimiter: one character; found from the header when None.
        exact: reads every block line by line; for tests, the result is the same.

    Raises:
        BadData: the file is empty, or its first line names no columns.
    """

    def __init__(self, path: Path, delimiter: str | None = None, *, exact: bool = False) -> None:
        self.path, self.name, self._exact = path, path.name, exact
        self.total = path.stat().st_size if path.exists() else 0
        self._header_line, text = _first_line(path)
        self.delimiter = delimiter or _sniffed(text)
        self.header = _header(text, self.delimiter)
        _refuse_data_as_header(self.header, text, self.name)

    def batches(self, columns: Iterable[str], size: int | None = None) -> Iterator[Batch]:
        """All rows; each cell is text, a blank one is missing."""
        wanted = list(dict.fromkeys(columns))
        rest, rest_line = b"", 0
        for block in self._body():
            data, first = (rest + block.data, rest_line) if rest else (block.data, block.first_line)
            rest = b""
            frame = None if self._exact else self._fast(data)
            if frame is not None:
                lines = range(first, first + len(frame))
                yield Batch(frame=frame.select(wanted), lines=lines, faults=None, position=block.position)
                continue
            places = [self.header.index(name) for name in wanted]
            records = read_records(data, first, self.delimiter, len(self.header), places, is_last=False)
            rest, rest_line = records.rest, records.rest_line
            yield _as_batch(records, wanted, block.position)
        if rest:
            places = [self.header.index(name) for name in wanted]
            records = read_records(rest, rest_line, self.delimiter, len(self.header), places, is_last=True)
            yield _as_batch(records, wanted, self.total)

    def quote(self, lines: Sequence[int]) -> Iterator[Quoted]:
        """The lines as they stand in the file, with their cells where they have as many as the header."""
        for line, raws in pick_lines(self.path, lines):
            try:
                fields, used = split_record(raws, self.delimiter)
            except (UnicodeDecodeError, csv.Error):
                fields, used = None, 1
            whole = fields[: len(self.header)] if fields is not None and len(fields) >= len(self.header) else []
            raw = b"\n".join(raws[: used if whole else 1]).removesuffix(b"\r").decode(errors="backslashreplace")
            yield Quoted(line=line, raw=raw, cells=dict(zip(self.header, whole, strict=False)))

    def _body(self) -> Iterator[Block]:
        """The blocks without the header and what stands above it."""
        above = self._header_line
        for block in line_blocks(self.path):
            if not above:
                yield block
                continue
            data, first = block.data, block.first_line
            while above and data:
                cut = data.find(b"\n") + 1 or len(data)
                data, first, above = data[cut:], first + 1, above - 1
            if data:
                yield Block(first_line=first, data=data, position=block.position)

    def _fast(self, data: bytes) -> pl.DataFrame | None:
        """The block as a frame, or None when it is not clean."""
        import polars as pl

        n = _clean_lines(data, self.delimiter.encode(), len(self.header))
        if n is None:
            return None
        names = [f"{i}" for i in range(len(self.header))]
        try:
            frame = pl.read_csv(
                io.BytesIO(data),
                has_header=False,
                schema=dict.fromkeys(names, pl.String),
                separator=self.delimiter,
                quote_char=None,
            )
        except pl.exceptions.PolarsError:
            return None
        if len(frame) != n or (b'"' in data and not _quotes_enclose(frame)):
            return None
        if b'"' in data:
            frame = frame.select(pl.all().str.strip_chars('"').replace("", None))
        # duplicate names were refused or are blank, so that a name finds its column
        kept = {name: i for i, name in reversed(list(enumerate(self.header)))}
        return frame.select(pl.col(names[i]).alias(name) for name, i in kept.items())


def _clean_lines(data: bytes, delimiter: bytes, width: int) -> int | None:
    """The number of lines, or None when a line may not be simply its fields with delimiters between."""
    if b"\0" in data or width < 2:
        return None
    returns = data.count(b"\r")
    if returns and returns != data.count(b"\r\n"):
        return None
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10)
    n = len(ends) + (not data.endswith(b"\n"))
    if data.count(delimiter) != n * (width - 1):
        return None
    longest = int(np.diff(ends, prepend=-1, append=len(data)).max())
    # the csv module has a limit of its own for fields, which counts where there are quotes
    if longest > (min(MAX_LINE_BYTES, csv.field_size_limit()) if b'"' in data else MAX_LINE_BYTES):
        return None
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            return None
    return n


def _quotes_enclose(frame: pl.DataFrame) -> bool:
    """Whether every cell, cut at the delimiters alone, has no quotes or exactly one around it."""
    import polars as pl

    cell = pl.all()
    enclosed = cell.str.starts_with('"') & cell.str.ends_with('"')
    quotes = cell.str.count_matches('"', literal=True)
    fine = frame.select(((quotes == 0) | ((quotes == 2) & enclosed)).all())
    return bool(np.asarray(fine.row(0)).all())


def _as_batch(records: Records, wanted: Sequence[str], position: int) -> Batch:
    import polars as pl

    columns = zip(wanted, records.columns, strict=True)
    frame = pl.DataFrame({name: pl.Series(name, cells, dtype=pl.String) for name, cells in columns})
    faults = np.asarray(records.faults, dtype=np.uint8)
    lines = np.asarray(records.lines, dtype=np.int64)
    return Batch(frame=frame, lines=lines, faults=faults if faults.any() else None, position=position)


def _first_line(path: Path) -> tuple[int, str]:
    """Number and text of the first line that is not blank."""
    for block in line_blocks(path):
        for i, line in enumerate(block.data.split(b"\n")):
            if line.strip():
                if b"\r" in line.removesuffix(b"\r"):
                    raise BadData(
                        f"{path}: lines end in CR alone; expected LF or CRLF, so save it with other line ends"
                    )
                text = line.removesuffix(b"\r")[:MAX_LINE_BYTES].decode("utf-8", errors="replace")
                return block.first_line + i, text
    raise BadData(f"{path}: the file is empty; expected a line of column names and one event a line")


def _header(text: str, delimiter: str) -> list[str]:
    try:
        fields = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:  # a field beyond the module's limit
        fields = [text]
    return [field.replace("\0", "").strip() for field in fields]


def _sniffed(text: str) -> str:
    """The delimiter with which the header shows most of the names that we know, else most names."""
    known = {plain(alias) for names in ALIASES.values() for alias in names}

    def merit(delimiter: str) -> tuple[int, int]:
        fields = _header(text, delimiter)
        return sum(plain(field) in known for field in fields), len(fields)

    return max(DELIMITERS, key=merit)


def _refuse_data_as_header(header: Sequence[str], text: str, name: str) -> None:
    shown = shortened(text, 80)
    if len(header) < 2:
        raise BadData(
            f'{name}: expected column names separated by comma, tab, semicolon or "|" in the first line, '
            f'got one column: "{shown}"'
        )
    if all(_is_number(field) for field in header):
        raise BadData(f'{name}: the first line holds data ("{shown}"); expected column names, so add a line with them')


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
