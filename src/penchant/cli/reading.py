"""Reading a log for a command: the schema beside it, the cache, and saying what was found."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.cli.output import note
from penchant.errors import BadData

if TYPE_CHECKING:
    from penchant.data.files import Loaded
    from penchant.data.intake.validation import ValidationReport
    from penchant.data.schema import Schema
    from penchant.log import Reporter

SCHEMA_NAME = "penchant.toml"
CACHE_VARIABLE = "PENCHANT_CACHE"
KEPT_LOGS = 10
"""So many logs stay in the cache; those written longest ago leave."""


def read(
    events: Path,
    items: Path | None,
    users: Path | None,
    schema: Path | None,
    *,
    reporter: Reporter,
    cached: bool = True,
    rejects: Path | None = None,
    rejects_hint: Path | None = None,
    columns: Mapping[str, str] | None = None,
    otherwise: Schema | None = None,
) -> Loaded:
    """Reads a log and says on standard error what was found.

    Args:
        schema: a TOML file; None looks for ``penchant.toml`` beside the events.
        rejects_hint: the file that a message proposes for rows that were set aside.
        columns: role -> column, which go before those of the schema.
        otherwise: what the columns mean where nothing is declared.
    """
    from penchant.data.files import load

    declared = schema_for(events, schema, columns) or otherwise
    listener = _Later(reporter)
    cache = cache_folder() if cached else None
    loaded = load(events, items=items, users=users, schema=declared, cache=cache, rejects=rejects, reporter=listener)
    if cache is not None:
        keep_newest(cache)
    told = described(loaded.report)
    known = {*map(str, loaded.report.broken), *loaded.report.warnings}
    for sentence in [*(text for text in listener.notes if text not in known), *told]:
        note(sentence)
    if loaded.report.n_rejected:
        note(_set_aside(loaded.report, rejects, rejects_hint))
    return loaded


def schema_for(events: Path, schema: Path | None, columns: Mapping[str, str] | None = None) -> Schema | None:
    """The declared schema, with `columns` put over it; None when nothing is declared."""
    from penchant.config import read_toml
    from penchant.data.schema import Schema

    beside = events.parent / SCHEMA_NAME
    if schema is None and beside.is_file():
        note(f"schema: {beside} (it lies beside the events; --schema FILE takes another)")
        schema = beside
    values: dict[str, Any] = {} if schema is None else read_toml(schema)
    if columns:
        stated = values.get("columns", {})
        if not isinstance(stated, dict):
            raise BadData(f"{schema}: columns: expected a table of roles, such as [columns]")
        values["columns"] = {**stated, **columns}
    return Schema.parse(values, str(schema or "--split-column")) if values or schema is not None else None


def cache_folder() -> Path:
    """Where read logs are kept: ``PENCHANT_CACHE``, else ``penchant`` in the person's cache folder."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "penchant"


def keep_newest(cache: Path, n: int = KEPT_LOGS) -> None:
    """Removes all but the `n` logs that were written last; files that are mapped by a running process stay readable to it."""
    folders = [path for path in cache.glob("*") if re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]{16}", path.name)]
    ages = sorted(((path.stat().st_mtime, path) for path in folders if path.is_dir()), reverse=True)
    for _, path in ages[n:]:
        shutil.rmtree(path, ignore_errors=True)


def described(report: ValidationReport) -> list[str]:
    """What was found, in a few sentences: sizes and time, columns, warnings, broken rules."""
    times = f", {report.first[:10]} to {report.last[:10]}" if report.first and report.last else ", without times"
    sizes = f"{report.n_loaded:,} events, {report.n_users:,} people, {report.n_items:,} items"
    roles = ", ".join(f"{role}={column}" for role, column in report.roles.items())
    unit = f" (time in {report.time_unit})" if report.time_unit != "none" else ""
    return [
        f"{report.files[0]}: {sizes}{times}{', from the cache' if report.from_cache else ''}",
        f"columns: {roles}{unit}",
        *(f"not read, may be context: {name}; penchant init declares it" for name in report.possible_context[:8]),
        *(f"warning: {text}" for text in report.warnings),
        *(f"warning: {rule}" for rule in report.broken),
    ]


def _set_aside(report: ValidationReport, rejects: Path | None, hint: Path | None) -> str:
    told = f"{report.n_rejected:,} of {report.n_rows:,} rows were set aside"
    if rejects is not None:
        return f"{told}; they are in {rejects}"
    return f"{told}; --rejects {hint or 'rejected.csv'} writes them to a file"


class _Later:
    """Passes progress on and keeps notes: findings are told from the report, which the cache holds too."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def progress(self, task: str, done: int, total: int) -> None:
        self._reporter.progress(task, done, total)
