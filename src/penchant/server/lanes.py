"""Where answers are computed: the event loop or a few threads, and a queue in front of them that never grows long.

A request that could not be answered soon is refused at once, so that those let in stay fast. How soon: a burst may wait for
`most_wait` seconds. While more work comes than the threads can do, a longer queue would only make everybody late; then only as
many may wait as keep an accepted answer within a small multiple of the time that it takes alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import exp
from time import perf_counter
from typing import Any, TypeVar

from penchant.server.problems import Problem

T = TypeVar("T")

WINDOW = 0.25
"""Seconds over which arriving work is averaged; older requests count for less and less."""

TOO_MUCH = 1.25
"""Work that comes, over the work that can be done, from which on it is too much: clients that wait for each answer bring 1."""

BUSY = 0.65
"""Work that comes, over the work that can be done, below which a long queue is a burst: nobody else is refused for it."""

FIRST_GUESS = 0.005
"""Seconds that an answer is thought to take before one was measured."""

SHORT = 0.01
"""Seconds of mean work up to which the event loop does it; it hears nothing else meanwhile."""

_WEIGHT = 0.1
"""Of the newest measurement in the mean."""


class Lane:
    """Threads for one kind of work.

    Args:
        threads: how many.
        most_wait: seconds that a request may expect to wait; None for work that nobody waits for in a hurry.
        strained_wait: the same while more work comes than can be done, in multiples of the mean time of one piece of it.
        most_waiting: most pieces of work that wait, whatever they take.
    """

    def __init__(
        self,
        name: str,
        *,
        threads: int = 1,
        most_wait: float | None = None,
        strained_wait: float = 1.5,
        most_waiting: int = 1_000,
    ) -> None:
        self.name, self._threads = name, threads
        self._most_wait, self._strained_wait, self._most_waiting = most_wait, strained_wait, most_waiting
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._turns: deque[tuple[asyncio.Future[Any], Callable[[], Any]]] = deque()
        self._arrivals, self._at, self._done, self._strained_until = 0.0, 0.0, 0.0, 0.0
        self.inside = 0
        self.mean_seconds = FIRST_GUESS
        self.refused = 0

    @property
    def waiting(self) -> int:
        """Pieces of work that have no thread yet."""
        return max(0, self.inside - self._threads)

    def expected_wait(self) -> float:
        """Seconds that one more piece of work would wait for a thread."""
        return 0.0 if self.inside < self._threads else self.inside * self.mean_seconds / self._threads

    def offered(self) -> float:
        """Work that comes, over the work that the threads can do; 1 is as much as they can."""
        return self._arrivals / WINDOW * self.mean_seconds / self._threads

    def admit(self, now: float, *, in_turn: bool = False) -> None:
        """Raises Problem 429 when one more piece of work would wait for too long.

        Args:
            now: a reading of perf_counter.
            in_turn: whether the event loop will do it itself.
        """
        # refused work counts as well: it says how much there is
        self._arrivals = self._arrivals * exp((self._at - now) / WINDOW) + 1.0
        self._at = now
        wait = self.expected_wait()
        if not wait:
            return
        if in_turn:
            # the event loop hears of it between two pieces of work, and it has waited for the one before already
            wait += self.mean_seconds
        limit = self._most_wait
        if limit is not None and wait > limit and self.offered() > BUSY:
            # the average of arrivals knows of a new load only later; where it is low, this is a burst that will pass
            self._strained_until = now + WINDOW
        if limit is not None and (self.offered() > TOO_MUCH or now < self._strained_until):
            limit = min(limit, self._strained_wait * self.mean_seconds)
        if self.waiting < self._most_waiting and (limit is None or wait <= limit):
            return
        self.refused += 1
        raise Problem(429, "the server is busy; try again in a moment", retry_after=wait, kind="busy")

    async def run(self, work: Callable[[], T], *, short: bool = False) -> T:
        """The result of `work`; must be called from the event loop.

        Args:
            short: whether the event loop may do it itself, as long as such work is short and there is but one thread.
        """
        asked = perf_counter()
        in_turn = short and self._threads == 1 and self.mean_seconds <= SHORT
        self.admit(asked, in_turn=in_turn)
        had_to_wait = self.inside >= self._threads
        self.inside += 1
        try:
            if in_turn:
                return await self._in_turn(work)
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self.inside -= 1
            self.measure(asked, perf_counter(), had_to_wait=had_to_wait)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._turns.append((done, work))
        if len(self._turns) == 1:
            loop.call_soon(self._turn)
        return await done

    def _turn(self) -> None:
        """Does the first piece of work; the next has its turn after all that the event loop has heard by then."""
        done, work = self._turns[0]
        try:
            if not done.cancelled():
                done.set_result(work())
        except Exception as fault:
            done.set_exception(fault)
        finally:
            self._turns.popleft()
            if self._turns:
                asyncio.get_running_loop().call_soon(self._turn)

    def measure(self, asked: float, done: float, *, had_to_wait: bool) -> None:
        """Takes note of a piece of work that was asked for and done at these readings of perf_counter."""
        # behind others, what counts is the time since the one before was done: handing over takes time too
        seconds = (done - max(asked, self._done)) * self._threads if had_to_wait else done - asked
        self.mean_seconds += _WEIGHT * (seconds - self.mean_seconds)
        self._done = done

    def close(self) -> None:
        """Finishes what was let in."""
        self._pool.shutdown(wait=True)
