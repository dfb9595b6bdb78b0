"""From a path or a frame to a source of rows: the format is told by the name, and gzip by the content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from penchant.data.intake.delimited import DelimitedFile
from penchant.data.intake.frames import frame_table, parquet_table
from penchant.data.intake.jsonlines import JsonLinesFile
from penchant.data.intake.reading import Source
from penchant.errors import BadData

_TABS = (".tsv", ".tab")
_TEXTS = (".csv", ".txt", ".dat", ".data", ".inter", ".user", ".item", "")
_JSON = (".jsonl", ".ndjson", ".json")
_PARQUET = (".parquet", ".pq")


def open_source(rows: Any, name: str = "frame") -> Source:
    """The source of a file or of rows in memory.

    Args:
        rows: a path to ``.csv .tsv .txt .dat .jsonl .ndjson .parquet``, each also with ``.gz``; or a polars, pandas or Arrow
            frame, a list of dicts, or a dict of lists.
        name: what rows in memory are called in messages.

    Raises:
        BadData: no such file, an unknown ending, or nothing in it that can be read.
    """
    if not isinstance(rows, str | Path):
        return frame_table(rows, name)
    path = Path(rows)
    if path.is_dir():
        raise BadData(f"{path}: a folder; expected a file of events")
    if not path.exists():
        raise BadData(f"{path}: no such file")
    suffix = ending(path)
    if suffix in _PARQUET:
        return parquet_table(path)
    if suffix in _JSON:
        return JsonLinesFile(path)
    if suffix in _TABS + _TEXTS:
        return DelimitedFile(path)
    raise BadData(
        f'{path}: unknown ending "{suffix}"; expected .csv, .tsv, .txt, .jsonl or .parquet, each also with .gz'
    )


def ending(path: Path) -> str:
    """The ending that tells the format, in lower case and without ``.gz``."""
    inner = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return inner.suffix.lower()


def log_name(rows: Any) -> str:
    """A short name for a log: that of the file, or of its folder where the file is just called "events" or so."""
    if not isinstance(rows, str | Path):
        return "log"
    path = Path(rows)
    stem = path.name.split(".")[0]
    general = stem.lower() in ("events", "ratings", "interactions", "log", "data", "")
    return path.resolve().parent.name or stem if general else stem
