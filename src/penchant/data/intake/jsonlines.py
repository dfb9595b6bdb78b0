"""One JSON object a line. Clean blocks go through polars; a block with a line that is no object is read line by line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.data.intake.cells import cell_text
from penchant.data.intake.reading import Batch, Quoted
from penchant.data.intake.textblocks import MAX_LINE_BYTES, Block, line_blocks, lines_of, pick_lines
from penchant.data.intake.validation import rule_number
from penchant.errors import BadData

if TYPE_CHECKING:
    import polars as pl

_LINES_FOR_HEADER = 1000


class JsonLinesFile:
    """A file of JSON objects, one a line; its columns are the keys of the first thousand lines.

    Args:
        path: the file, gzipped or not.
        exact: reads every block line by line; for tests, the result is the same.

    Raises:
        BadData: the file is empty, or holds one JSON document instead of one object a line.
    """

    def __init__(self, path: Path, *, exact: bool = False) -> None:
        self.path, self.name, self._exact = path, path.name, exact
        self.total = path.stat().st_size if path.exists() else 0
        self.header = self._keys()

    def batches(self, columns: Iterable[str], size: int | None = None) -> Iterator[Batch]:
        """All rows; cells keep their JSON type, a key that is not there is missing."""
        wanted = list(dict.fromkeys(columns))
        for block in line_blocks(self.path):
            frame = None if self._exact else _fast(block.data, wanted)
            if frame is None:
                yield _read_exactly(block, wanted)
            else:
                lines = range(block.first_line, block.first_line + len(frame))
                yield Batch(frame=frame, lines=lines, faults=None, position=block.position)

    def quote(self, lines: Sequence[int]) -> Iterator[Quoted]:
        """The lines as they stand in the file."""
        for line, raws in pick_lines(self.path, lines, following=0):
            value, fault = _parsed(raws[0])
            cells = {} if fault else {key: cell_text(cell) for key, cell in value.items()}
            yield Quoted(line=line, raw=raws[0].removesuffix(b"\r").decode(errors="backslashreplace"), cells=cells)

    def _keys(self) -> list[str]:
        keys: dict[str, None] = {}
        seen = 0
        for block in line_blocks(self.path):
            for raw in lines_of(block.data):
                if not raw.strip():
                    continue
                if not seen and raw.lstrip()[:1] == b"[":
                    raise BadData(f"{self.path}: a JSON array; expected one object a line (JSON Lines)")
                seen += 1
                value, fault = _parsed(raw)
                if not fault:
                    keys.update(dict.fromkeys(value))
                if seen >= _LINES_FOR_HEADER:
                    return list(keys)
        if not keys:
            what = "no line holds a JSON object" if seen else "the file is empty"
            raise BadData(f'{self.path}: {what}; expected one object a line, such as {{"user_id": 1, "item_id": 2}}')
        return list(keys)


def _fast(data: bytes, wanted: Sequence[str]) -> pl.DataFrame | None:
    """The block as a frame, or None when a line may not be one object."""
    import polars as pl

    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10)
    n = len(ends) + (not data.endswith(b"\n"))
    if b"\0" in data or int(np.diff(ends, prepend=-1, append=len(data)).max()) > MAX_LINE_BYTES:
        return None
    try:
        if not data.isascii():
            data.decode()
        frame = pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        return None
    if len(frame) != n:
        return None
    missing = [pl.lit(None, dtype=pl.String).alias(name) for name in wanted if name not in frame.columns]
    return frame.with_columns(missing).select(wanted)


def _read_exactly(block: Block, wanted: Sequence[str]) -> Batch:
    import polars as pl

    columns: list[list[Any]] = [[] for _ in wanted]
    lines: list[int] = []
    faults: list[int] = []
    for i, raw in enumerate(lines_of(block.data)):
        if not raw.strip():
            continue
        value, fault = _parsed(raw)
        lines.append(block.first_line + i)
        faults.append(rule_number(fault) if fault else 0)
        for cells, name in zip(columns, wanted, strict=True):
            cells.append(value.get(name))
    frame = pl.DataFrame([_column(name, cells) for name, cells in zip(wanted, columns, strict=True)])
    marked = np.asarray(faults, dtype=np.uint8)
    return Batch(
        frame=frame,
        lines=np.asarray(lines, dtype=np.int64),
        faults=marked if marked.any() else None,
        position=block.position,
    )


def _column(name: str, cells: list[Any]) -> pl.Series:
    """A column of the type that fits all cells; of texts where no other does."""
    import polars as pl

    kinds = {type(cell) for cell in cells if cell is not None}
    if not kinds:
        return pl.Series(name, cells, dtype=pl.String)
    if len(kinds) == 1 or kinds == {int, float}:
        try:
            return pl.Series(name, cells, strict=False)
        except (pl.exceptions.PolarsError, OverflowError, TypeError):
            pass
    return pl.Series(name, [None if cell is None else cell_text(cell) for cell in cells], dtype=pl.String)


def _parsed(raw: bytes) -> tuple[dict[str, Any], str]:
    """The object of a line, or {} and the rule that the line breaks."""
    if len(raw) > MAX_LINE_BYTES:
        return {}, "line_too_long"
    if b"\0" in raw:
        return {}, "nul_byte"
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_first_of_each)
    except UnicodeDecodeError:
        return {}, "invalid_utf8"
    except (ValueError, RecursionError):
        return {}, "not_an_object"
    return (value, "") if isinstance(value, dict) else ({}, "not_an_object")


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a key that comes twice the first counts, as in the fast way."""
    return dict(reversed(pairs))
