"""Progress on a terminal, silence elsewhere."""

from __future__ import annotations

import io
import threading

import pytest
from rich.console import Console

from penchant.cli import progress
from penchant.cli.progress import Terminal


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    """A console that writes to memory."""
    out = io.StringIO()
    return Console(file=out, force_terminal=terminal, markup=False, highlight=False, width=80, color_system=None), out


def test_without_a_terminal_only_notes_are_written() -> None:
    to, out = console(terminal=False)
    with Terminal(console=to) as reporter:
        reporter.progress("ease: fit", 1, 2)
        reporter.note("found [it]\nagain \x1b[2J")
    assert out.getvalue() == "found [it] again ?[2J\n"


def test_bars_can_be_switched_off() -> None:
    to, out = console(terminal=True)
    with Terminal(console=to, bars=False) as reporter:
        reporter.progress("ease: fit", 1, 2)
    assert out.getvalue() == ""


def test_short_work_shows_no_bar_and_long_work_does(monkeypatch: pytest.MonkeyPatch) -> None:
    to, out = console(terminal=True)
    with Terminal(console=to) as reporter:
        reporter.progress("ease: fit", 1, 4)
        reporter.progress("ease: fit", 4, 4)
    assert "ease" not in out.getvalue()
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    with Terminal(console=to) as reporter:
        reporter.progress("ease: fit", 0, 1)
        reporter.progress("ease: live", 1, 4)
        reporter.progress("knn: live", 4, 4)
    shown = out.getvalue()
    assert ("ease: live" in shown, " 25%" in shown, "knn: live" in shown, "100%" in shown) == (True, True, True, True)
    assert shown.rstrip("\n").split("\n")[-1].count("ease") <= 1  # one bar a subject


def test_many_threads_report_at_once() -> None:
    to, out = console(terminal=True)

    def work(name: str) -> None:
        for done in range(51):
            reporter.progress(f"{name}: live", done, 50)
        reporter.note(f"{name} is done")

    with Terminal(console=to) as reporter:
        threads = [threading.Thread(target=work, args=(f"model{i}",)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [i for i in range(8) if f"model{i} is done" not in out.getvalue()] == []
