"""How bars look: beside what they tell about, or below it when that is long; never wider than the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

PATIENCE_SECONDS = 2.0
"""Work that ends sooner gets no bar."""

BESIDE, BELOW = 24, 48
"""Cells of a bar beside its text, and at most below it."""

_OTHERS = 4 + 7 + 12 + 3  # percentage, time taken, time left, and a blank before each


class Bars(Progress):
    """Bars of the tasks that take long; each is given the fields that `seconds_left` reads."""

    def __init__(self, console: Console) -> None:
        self._to, self._stacked = console, False
        super().__init__(console=console, transient=True, refresh_per_second=5)

    def get_renderables(self) -> Iterable[RenderableType]:
        """One line a task while every text fits beside its bar, else two; it does not jump back from two to one."""
        tasks = [task for task in self.tasks if is_long(task)]
        width = self._to.width
        longest = max((len(task.description) for task in tasks), default=0)
        self._stacked = self._stacked or longest + 1 + BESIDE + _OTHERS > width
        if not self._stacked:
            self.columns = (TextColumn("{task.description}", markup=False), *_gauges(BESIDE))
            yield self.make_tasks_table(tasks)
            return
        self.columns = _gauges(max(4, min(BELOW, width - _OTHERS)))
        for task in tasks:
            yield Text(shortened(task.description, width), no_wrap=True, overflow="ellipsis")
            yield self.make_tasks_table([task])


class TimeLeft(ProgressColumn):
    """The time that the rest of a task takes if it goes on as it went."""

    def render(self, task: Task) -> Text:
        """Such as ``0:17:00 left``; empty while nothing is known and when nothing is left."""
        seconds = seconds_left(task)
        if seconds is None or task.finished:
            return Text("")
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return Text(f"{hours}:{minutes:02}:{rest:02} left", style="progress.remaining")


def seconds_left(task: Task) -> float | None:
    """Seconds, >= 0, at the mean pace since `begun`, with `before` steps done; it counts down since `at`, the last report."""
    begun, at, before = (task.fields.get(name) for name in ("begun", "at", "before"))
    if task.total is None or begun is None or at is None or before is None or task.completed <= before:
        return None
    then = (at - begun) * (task.total - task.completed) / (task.completed - before)
    left: float = then - (task.get_time() - at)
    return max(0.0, left)


def is_long(task: Task) -> bool:
    """Whether a task has a bar: it has taken a while, and it did not end sooner."""
    ended = task.total is not None and task.completed >= task.total
    taken = task.finished_time if ended else task.elapsed
    return (taken or 0.0) >= PATIENCE_SECONDS


def shortened(text: str, width: int) -> str:
    """The text without the last of its parts, which commas end, as far as `width` cells ask for it.

    >>> shortened("sasrec: epoch 12/60, loss 5.12, 41,000 events/s", 40)
    'sasrec: epoch 12/60, loss 5.12'
    """
    while len(text) > width and ", " in text:
        text = text.rpartition(", ")[0]
    return text


def _gauges(bar: int) -> tuple[ProgressColumn, ...]:
    fixed = Column(no_wrap=True)
    return (BarColumn(bar_width=bar, table_column=fixed), TaskProgressColumn(), TimeElapsedColumn(), TimeLeft(fixed))
