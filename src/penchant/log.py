"""Progress and notes, without deciding where they are shown: a face (terminal, worker, test) supplies the reporter."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol


class Reporter(Protocol):
    """Hears what long work is doing."""

    def note(self, text: str) -> None:
        """One finished sentence worth reading."""

    def progress(self, task: str, done: int, total: int) -> None:
        """`done` of `total` steps of `task` are finished (0 <= done <= total); called often, must be cheap."""


class Silent:
    """A reporter that shows nothing."""

    def note(self, text: str) -> None:
        """Ignored."""

    def progress(self, task: str, done: int, total: int) -> None:
        """Ignored."""


class JsonLines:
    """A reporter for a child process: one JSON object a line, which its parent reads.

    Args:
        write: takes a line.
        every: seconds between two lines of progress, at least: not more often than a person can read.
    """

    def __init__(self, write: Callable[[str], None], every: float = 0.2) -> None:
        self._write, self._every, self._last = write, every, 0.0

    def say(self, line: Mapping[str, Any]) -> None:
        """One line."""
        self._write(json.dumps(line) + "\n")

    def note(self, text: str) -> None:
        """A sentence, as ``{"note": ...}``."""
        self.say({"note": text})

    def progress(self, task: str, done: int, total: int) -> None:
        """How far it is, as ``{"task": ..., "done": ..., "total": ...}``."""
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            self.say({"task": task, "done": done, "total": total})


SILENT = Silent()
