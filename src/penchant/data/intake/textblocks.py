"""Text files as blocks of whole lines, gzipped or not, with the number of each block's first line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from penchant.errors import BadData

BLOCK_BYTES = 8 << 20
MAX_LINE_BYTES = 1_000_000
"""Longer lines are refused: no event has a megabyte, so a quote or a line end must have been lost."""

_KEPT_OF_A_GIANT = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Block:
    """Whole lines.

    Attributes:
        first_line: number of the first one, counted from 1.
        data: the bytes, with line ends; only the last line of a file may lack its own.
        position: bytes of the file on disk read so far.
    """

    first_line: int
    data: bytes
    position: int


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The stream of the content, and the raw stream below it whose position tells the progress.

    Gzip is known by its first bytes, whatever the name says. Raises BadData in one line when the file cannot be read.
    """
    try:
        with path.open("rb") as raw:
            magic = raw.read(4)
            raw.seek(0)
            if magic[:2] == b"PK":
                raise BadData(
                    f"{path}: a zip archive or a spreadsheet; expected text, gzip or Parquet, so unpack it first"
                )
            if magic[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise BadData(f"{path}: encoded as UTF-16; expected UTF-8, so save it again as UTF-8")
            if magic[:2] == b"\x1f\x8b":
                with gzip.GzipFile(fileobj=raw) as stream:
                    yield stream, raw  # type: ignore[misc]
            else:
                yield raw, raw
    except FileNotFoundError:
        raise BadData(f"{path}: no such file") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise BadData(f"{path}: damaged or truncated gzip ({fault}); copy or download it again") from None
    except OSError as fault:
        raise BadData(f"{path}: cannot be read ({fault.strerror or fault})") from None


def line_blocks(path: Path, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """All lines of a file in blocks of about `size` bytes; a byte order mark at the beginning is left out."""
    with opened(path) as (stream, raw):
        line, rest, start = 1, b"", True
        while chunk := stream.read(size):
            if start:
                chunk, start = chunk.removeprefix(b"\xef\xbb\xbf"), False
            cut = chunk.rfind(b"\n") + 1
            if not cut:
                # a line without an end: what is kept suffices to refuse it
                rest += chunk if len(rest) < _KEPT_OF_A_GIANT else b""
                continue
            data, rest = rest + chunk[:cut], chunk[cut:]
            yield Block(first_line=line, data=data, position=raw.tell())
            line += data.count(b"\n")
        if rest:
            yield Block(first_line=line, data=rest, position=raw.tell())


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a block without their ends."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def pick_lines(path: Path, wanted: Sequence[int], following: int = 100) -> Iterator[tuple[int, list[bytes]]]:
    """For each wanted line number (rising): the line and up to `following` lines after it, without their ends."""
    rest = list(wanted)
    for block in line_blocks(path):
        if not rest:
            return
        here = block.data.count(b"\n") + (not block.data.endswith(b"\n"))
        if rest[0] >= block.first_line + here:
            continue
        lines = lines_of(block.data)
        while rest and rest[0] < block.first_line + here:
            number = rest.pop(0)
            start = number - block.first_line
            yield number, lines[start : start + 1 + following]
