"""Progress on a terminal: one bar for each piece of long work, shown once it has taken two seconds."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from penchant.cli.output import aside, one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from penchant.cli.progress_bars import Bars


@dataclass
class _Shown:
    """The bar of a subject: what it was told last, and since when it has gone on without a step back."""

    bar: TaskID
    done: int
    total: int
    begun: float
    before: int


class Terminal:
    """A reporter on standard error, used as a context; several threads may report at once.

    A task is named ``subject: step``, such as ``ease: fit``. Each subject has one bar, which shows its newest step. Without a
    terminal, and when `bars` is False, only notes are written. A step may tell much, in parts that commas end, the one that
    matters most first: a narrow terminal shows the first ones.
    """

    def __init__(self, *, bars: bool = True, console: Console | None = None) -> None:
        self._console = console or aside()
        self._lock = threading.Lock()
        self._shown: dict[str, _Shown] = {}
        self._said: set[str] = set()
        self._progress: Bars | None = None
        self._bars = bars and self._console.is_terminal

    def __enter__(self) -> Self:
        """Starts listening."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes the bars away."""
        with self._lock:
            if self._progress is not None:
                self._progress.stop()
            self._progress = None
            self._shown.clear()

    def note(self, text: str) -> None:
        """One finished sentence, above the bars; the same sentence is written once."""
        with self._lock:
            if text in self._said:
                return
            self._said.add(text)
        self._console.print(one_line(text), soft_wrap=not self._console.is_terminal)

    def progress(self, task: str, done: int, total: int) -> None:
        """Moves the bar of the task's subject."""
        if not self._bars:
            return
        subject, text = task.partition(":")[0], one_line(task)
        # a single step has no middle: its bar only shows that something is going on
        length = None if total <= 1 and done < total else total
        with self._lock:
            if self._progress is None:
                from penchant.cli.progress_bars import Bars

                self._progress = Bars(self._console)
                self._progress.start()
            now = self._progress.get_time()
            shown = self._shown.get(subject)
            if shown is None:
                bar = self._progress.add_task(text, total=length)
                shown = self._shown[subject] = _Shown(bar, done, total, now, done)
            elif done < shown.done or total != shown.total:
                shown.begun, shown.before = now, done  # another step began, at a pace of its own
            shown.done, shown.total = done, total
            self._progress.update(
                shown.bar,
                description=text,
                completed=done,
                total=length,
                begun=shown.begun,
                at=now,
                before=shown.before,
            )
