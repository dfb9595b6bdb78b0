"""One answer on its way through the stages: what each did, how long it took, and the one place where failures are caught."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeVar

from penchant.slate import StageTrace

T = TypeVar("T")

Failed = Callable[[str, Exception], None]
"""Hears of a stage that failed: its name and the exception, with its traceback."""


def unheard(stage: str, fault: Exception) -> None:
    """Nobody listens; the trace still names the failure."""


@dataclass(kw_only=True, eq=False)
class Course:
    """Runs stages one after the other and keeps their traces."""

    failed: Failed = unheard
    traces: list[StageTrace] = field(default_factory=list)

    def step(
        self,
        stage: str,
        n_in: int,
        work: Callable[[], T],
        *,
        otherwise: T,
        n_out: Callable[[T], int],
        removed: Callable[[T], Mapping[str, int]] | None = None,
    ) -> T:
        """The result of `work`, or `otherwise` when it raises: an answer without one stage is better than none.

        Args:
            n_in: items before it.
            n_out: items after it, read from the result.
            removed: rule -> items that it took away, read from the result.
        """
        failure: str | None = None
        began = perf_counter()
        try:
            made = work()
        except Exception as fault:
            # the only place on the request path where a failure is swallowed; whoever listens gets it whole
            self.failed(stage, fault)
            made, failure = otherwise, f"{type(fault).__name__}: {fault}"
        took = (perf_counter() - began) * 1000
        gone = {rule: n for rule, n in removed(made).items() if n} if removed and failure is None else {}
        self.traces.append(
            StageTrace(stage=stage, n_in=n_in, n_out=n_out(made), milliseconds=took, removed=gone, failure=failure)
        )
        return made
