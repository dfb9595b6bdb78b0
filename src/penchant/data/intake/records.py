"""Records of delimited text, line by line: quotes, lines of the wrong length, and what cannot be read, with line numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from penchant.data.intake.textblocks import MAX_LINE_BYTES, lines_of
from penchant.data.intake.validation import rule_number

MAX_LINES_OF_RECORD = 100
"""A quoted field may hold so many line ends; beyond, a quote must have been lost, and only the first line is given up."""

_BEYOND = "\0beyond\0"


@dataclass(kw_only=True)
class Records:
    """Rows of a block.

    Attributes:
        columns: the cells of the wanted columns; None where blank, and in rows with a fault.
        lines: number of the line on which each row begins.
        faults: number of the rule that each row breaks, 0 for none.
        rest, rest_line: the bytes of a record that continues in the next block, and their first line.
    """

    columns: list[list[str | None]]
    lines: list[int] = field(default_factory=list)
    faults: list[int] = field(default_factory=list)
    rest: bytes = b""
    rest_line: int = 0


def read_records(
    data: bytes, first_line: int, delimiter: str, width: int, places: Sequence[int], *, is_last: bool
) -> Records:
    """Reads a block of lines.

    Args:
        data: whole lines.
        first_line: number of the first of them.
        width: number of columns of the header.
        places: the wanted columns, counted from 0.
        is_last: whether nothing follows; if something does, a record that is still open at the end becomes the `rest`.
    """
    found = Records(columns=[[] for _ in places])
    raws = lines_of(data)
    i = 0
    while i < len(raws):
        raw = raws[i].removesuffix(b"\r")
        if not raw.strip():
            i += 1
            continue
        fault, fields, used = _record(raws, i, raw, delimiter, width)
        if fault == "unfinished":
            if not is_last and len(raws) - i <= MAX_LINES_OF_RECORD:
                found.rest, found.rest_line = b"\n".join(raws[i:]), first_line + i
                # the bytes of the next block follow directly, so the last line needs its end
                found.rest += b"\n" if data.endswith(b"\n") else b""
                break
            fault = "open_quote"
        found.lines.append(first_line + i)
        found.faults.append(rule_number(fault) if fault else 0)
        for cells, place in zip(found.columns, places, strict=True):
            cells.append(None if fault else fields[place] or None)
        i += used
    return found


def _record(raws: list[bytes], i: int, raw: bytes, delimiter: str, width: int) -> tuple[str, list[str], int]:
    """(the rule that is broken or "", the fields, how many lines they took) of the record that begins at line i."""
    if len(raw) > MAX_LINE_BYTES:
        return "line_too_long", [], 1
    if b"\0" in raw:
        return "nul_byte", [], 1
    try:
        if b'"' not in raw:
            fields: list[str] | None = raw.decode().split(delimiter)
            used = 1
        else:
            fields, used = split_record(raws[i : i + MAX_LINES_OF_RECORD + 1], delimiter)
    except UnicodeDecodeError:
        return "invalid_utf8", [], 1
    except csv.Error:
        return "line_too_long", [], 1
    if fields is None:
        return "unfinished", [], 1
    # some programs end every line with a delimiter
    while len(fields) > width and not fields[-1].strip():
        fields.pop()
    if len(fields) == width:
        nul = used > 1 and any(b"\0" in line for line in raws[i : i + used])
        return ("nul_byte", [], 1) if nul else ("", fields, used)
    # a stray quote can join lines: give up the first one only
    return ("ragged_row" if used == 1 else "open_quote"), [], 1


def split_record(raws: Sequence[bytes], delimiter: str) -> tuple[list[str] | None, int]:
    """The fields of the record that begins `raws`, and how many lines it takes; None while a quote is open at their end.

    Raises UnicodeDecodeError, and csv.Error for a quoted field beyond the limit of the csv module.
    """
    reader = csv.reader(_texts(raws), delimiter=delimiter, skipinitialspace=True)
    fields = next(reader)
    used = reader.line_num
    if used > len(raws):
        return None, 1
    if used > 1:
        b"".join(raws[:used]).decode()  # raises where the lenient reading below let something through
    return fields, used


def _texts(raws: Sequence[bytes]) -> Iterator[str]:
    """The lines with their ends, then one more that is asked for only while a quote is open."""
    for i, raw in enumerate(raws):
        # a bad byte in a later line is that line's fault, unless the record really reaches it
        yield raw.decode(errors="replace" if i else "strict") + "\n"
    yield _BEYOND
