"""Progress on a terminal: one bar for each piece of long work, shown once it has taken two seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from penchant.cli.output import aside, one_line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress, Task, TaskID

PATIENCE_SECONDS = 2.0
"""Work that ends sooner gets no bar."""


class Terminal:
    """A reporter on standard error, used as a context; several threads may report at once.

    A task is named ``subject: step``, such as ``ease: fit``. Each subject has one bar, which shows its newest step. Without a
    terminal, and when `bars` is False, only notes are written.
    """

    def __init__(self, *, bars: bool = True, console: Console | None = None) -> None:
        self._console = console or aside()
        self._lock = threading.Lock()
        self._ids: dict[str, TaskID] = {}
        self._progress: Progress | None = None
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
            self._ids.clear()

    def note(self, text: str) -> None:
        """One finished sentence, above the bars."""
        self._console.print(one_line(text), soft_wrap=not self._console.is_terminal)

    def progress(self, task: str, done: int, total: int) -> None:
        """Moves the bar of the task's subject."""
        if not self._bars:
            return
        subject = task.partition(":")[0]
        # a single step has no middle: its bar only shows that something is going on
        length = None if total <= 1 and done < total else total
        with self._lock:
            if self._progress is None:
                self._progress = _bars(self._console)
                self._progress.start()
            if subject not in self._ids:
                self._ids[subject] = self._progress.add_task(one_line(task), total=length)
            self._progress.update(self._ids[subject], description=one_line(task), completed=done, total=length)


def _bars(console: Console) -> Progress:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    class Patient(Progress):
        """Hides what has just begun."""

        def get_renderables(self) -> Iterable[RenderableType]:
            yield self.make_tasks_table([task for task in self.tasks if _is_long(task)])

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    return Patient(*columns, console=console, transient=True, refresh_per_second=5)


def _is_long(task: Task) -> bool:
    """Whether a task has a bar: it has taken a while, and it did not end sooner."""
    ended = task.total is not None and task.completed >= task.total
    taken = task.finished_time if ended else task.elapsed
    return (taken or 0.0) >= PATIENCE_SECONDS
