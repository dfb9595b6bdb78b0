"""Running a command line inside the test's own process, and a tiny log to run it on."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.cli.app import main


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        value: dict[str, Any] = json.loads(self.out)
        return value

    @property
    def error(self) -> str:
        """The one line that says what went wrong; fails when there is a traceback, or not exactly one such line."""
        assert "Traceback" not in self.err + self.out
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err
        assert self.err.rstrip("\n").endswith(lines[0]), "the error is not the last thing said"
        return lines[0]


def run(*words: object) -> Done:
    """Runs ``penchant WORDS...``."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in words])
    return Done(code=code, out=out.getvalue(), err=err.getvalue())


TITLES = (
    "Silver Rain",
    "Silver River",
    "Old Rain",
    "Night Drive",
    "Night Train",
    "Loud Engine",
    "Morning Bird",
    "Red [x]",
)
PLACES = ("home", "gym", "work")
START = 1_736_121_600
"""2025-01-06 00:00 UTC, in seconds."""


def event_rows(n: int = 240) -> list[tuple[str, str, int, str]]:
    """Twelve people walk round and round through eight items, an event an hour: (user, item, timestamp, place)."""
    rows = []
    for i in range(n):
        person = i % 12
        item = (person + i // 12 + (i // 36) % 2) % len(TITLES)
        rows.append((f"u{person}", f"i{item}", START + 3600 * i, PLACES[(i // 5) % 3]))
    return rows


def write_log(folder: Path) -> Path:
    """Writes ``events.csv``, ``items.csv``, ``users.csv`` and ``schema.toml``; returns the events."""
    folder.mkdir(parents=True, exist_ok=True)
    write_events(folder / "events.csv", event_rows())
    items = "".join(f"i{i},{title},{'rock' if i % 2 else 'folk|slow'}\n" for i, title in enumerate(TITLES))
    (folder / "items.csv").write_text("item_id,title,genres\n" + items, encoding="utf-8")
    users = "".join(f"u{i},{'young' if i % 2 else 'old'}\n" for i in range(12))
    (folder / "users.csv").write_text("user_id,group\n" + users, encoding="utf-8")
    (folder / "schema.toml").write_text('[context]\nplace = { kind = "category" }\n', encoding="utf-8")
    return folder / "events.csv"


def write_events(path: Path, rows: list[tuple[str, str, int, str]]) -> Path:
    """Writes an events file."""
    lines = "".join(f"{user},{item},{at},{place}\n" for user, item, at, place in rows)
    path.write_text("user_id,item_id,timestamp,place\n" + lines, encoding="utf-8")
    return path
