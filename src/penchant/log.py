"""Progress and notes, without deciding where they are shown: a face (terminal, worker, test) supplies the reporter."""

from __future__ import annotations

from typing import Protocol


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


SILENT = Silent()
