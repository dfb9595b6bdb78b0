"""Progress on a terminal, silence elsewhere."""

from __future__ import annotations

import io
import threading

import pytest
from rich.console import Console

from penchant.cli import progress_bars
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
    monkeypatch.setattr(progress_bars, "PATIENCE_SECONDS", 0.0)
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


LONG = "sasrec: epoch 12/60, loss 5.12, ndcg@10 .1412 (best .1430 at 10), 41,000 events/s"  # 81 cells


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (132, [f"{LONG} ━"]),  # 81 + bar 24 + percentage 4 + taken 7 + left 12, and four blanks: 132
        (131, [LONG, "━"]),
        (80, ["sasrec: epoch 12/60, loss 5.12, ndcg@10 .1412 (best .1430 at 10)", "━"]),
        (40, ["sasrec: epoch 12/60, loss 5.12", "━"]),
        (24, ["sasrec: epoch 12/60", ""]),
    ],
)
def test_a_long_step_is_never_wider_than_the_terminal(
    width: int, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_bars, "PATIENCE_SECONDS", 0.0)
    out = io.StringIO()
    bars = progress_bars.Bars(Console(file=out, width=width, color_system=None, force_terminal=True))
    bars.add_task(LONG, total=3000, completed=600, begun=0.0, at=60.0, before=0)
    to = Console(file=io.StringIO(), width=width, color_system=None)
    with to.capture() as captured:
        to.print(*bars.get_renderables(), sep="")
    lines = captured.get().rstrip("\n").split("\n")
    assert [line[: len(start)] for line, start in zip(lines, told, strict=True)] == told
    assert max(map(len, lines)) <= width


def test_the_layout_does_not_jump_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_bars, "PATIENCE_SECONDS", 0.0)
    bars = progress_bars.Bars(Console(file=io.StringIO(), width=80, color_system=None))
    number = bars.add_task("sasrec: fit", total=4)
    seen = []
    for text in ("sasrec: fit", LONG, "sasrec: fit"):
        bars.update(number, description=text)
        seen.append(len(list(bars.get_renderables())))
    assert seen == [1, 2, 2]


def test_the_time_left_follows_the_pace_since_the_step_began() -> None:
    clock = [0.0]
    bars = progress_bars.Bars(Console(file=io.StringIO(), width=80, get_time=lambda: clock[0]))
    # training goes on from step 500: 100 steps in 50 s, so the other 400 take 200 s
    number = bars.add_task("sasrec: fit", total=1000, completed=500, begun=10.0, at=10.0, before=500)
    task = bars.tasks[number]
    assert progress_bars.seconds_left(task) is None
    clock[0] = 60.0
    bars.update(number, completed=600, at=60.0)
    assert progress_bars.seconds_left(task) == pytest.approx(200.0)
    clock[0] = 65.0  # nothing was told for five seconds
    assert progress_bars.seconds_left(task) == pytest.approx(195.0)
    assert progress_bars.TimeLeft().render(task).plain == "0:03:15 left"
    bars.update(number, completed=1000, at=65.0)
    assert progress_bars.TimeLeft().render(task).plain == ""


def test_another_step_has_a_pace_of_its_own() -> None:
    clock = [0.0]
    to = Console(file=io.StringIO(), force_terminal=True, width=80, get_time=lambda: clock[0])
    with Terminal(console=to) as reporter:
        reporter.progress("ease: fit", 3, 4)
        clock[0] = 100.0
        reporter.progress("ease: live", 0, 10)
        clock[0] = 130.0
        reporter.progress("ease: live", 3, 10)
        assert reporter._progress is not None
        left = progress_bars.seconds_left(reporter._progress.tasks[0])
    assert left == pytest.approx(70.0)  # 3 of 10 steps in 30 s
