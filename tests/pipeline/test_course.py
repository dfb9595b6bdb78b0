"""Stages one after the other."""

from __future__ import annotations

import pytest

from penchant.pipeline.course import Course


def test_a_stage_that_works() -> None:
    course = Course()
    nothing: list[int] = []
    made = course.step(
        "s", 5, lambda: [1, 2], otherwise=nothing, n_out=len, removed=lambda made: {"r": 3, "nothing": 0}
    )
    assert made == [1, 2]
    (trace,) = course.traces
    assert (trace.stage, trace.n_in, trace.n_out, trace.removed, trace.failure) == ("s", 5, 2, {"r": 3}, None)
    assert trace.milliseconds >= 0


def test_a_stage_that_fails_is_told_with_its_traceback() -> None:
    heard: list[Exception] = []
    course = Course(failed=lambda stage, fault: heard.append(fault))
    assert course.step("s", 5, lambda: [1 // 0], otherwise=[7], n_out=len, removed=lambda made: {"r": 3}) == [7]
    (trace,) = course.traces
    assert (trace.n_out, trace.removed) == (1, {})
    assert trace.failure == "ZeroDivisionError: integer division or modulo by zero"
    assert heard[0].__traceback__ is not None


def test_who_interrupts_is_obeyed() -> None:
    def interrupt() -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Course().step("s", 0, interrupt, otherwise=0, n_out=int)
