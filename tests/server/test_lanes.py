"""Who is let in to the computing threads, and who is refused at once."""

from __future__ import annotations

import asyncio
import threading
from time import perf_counter

import pytest

from penchant.server.lanes import Lane
from penchant.server.problems import Problem


def lane(inside: int, seconds: float = 0.010, **settings: float) -> Lane:
    """A lane in which `inside` pieces of work are, each taking `seconds`."""
    made = Lane("test", most_wait=0.025, **settings)  # type: ignore[arg-type]
    made.inside, made.mean_seconds = inside, seconds
    return made


def is_let_in(made: Lane, now: float) -> bool:
    try:
        made.admit(now)
    except Problem as refused:
        assert refused.status == 429 and int(refused.headers["retry-after"]) >= 1
        return False
    return True


def test_a_free_thread_lets_anything_in_however_slow_it_was() -> None:
    assert is_let_in(lane(0, 100.0), 0.0)
    assert is_let_in(lane(1, 100.0, threads=2), 0.0)


def test_a_burst_may_wait_as_long_as_is_allowed() -> None:
    # two inside of 10 ms each are 20 ms to wait, three are 30 ms, more than 25
    assert is_let_in(lane(2), 0.0)
    assert not is_let_in(lane(3), 0.0)
    # four inside and two threads: 20 ms
    assert is_let_in(lane(4, threads=2), 0.0)
    assert not is_let_in(lane(6, threads=2), 0.0)


def test_while_more_comes_than_can_be_done_fewer_may_wait() -> None:
    made = lane(1)
    # 200 a second for two seconds, of 10 ms each, is twice what one thread can do
    for step in range(400):
        made.admit(step * 0.005)
    assert made.offered() == pytest.approx(2.0, rel=0.02)
    made.inside = 2
    # 20 ms to wait are more than 1.5 times one answer's 10, though less than a burst's 25
    assert not is_let_in(made, 2.0)
    made.inside = 1
    assert is_let_in(made, 2.001)
    # a second and a half later hardly any of that load counts: 2 x exp(-3) = 0.1
    made.inside = 2
    assert is_let_in(made, 3.5)
    assert made.offered() == pytest.approx(0.1 + 0.02, abs=0.01)


def test_a_moderate_load_never_strains() -> None:
    made = lane(0)
    for step in range(400):
        made.admit(step * 0.0125)
    # 80 a second of 10 ms each
    assert made.offered() == pytest.approx(0.8, rel=0.02)
    made.inside = 2
    assert is_let_in(made, 5.0)


def test_work_that_nobody_waits_for_in_a_hurry_is_only_counted() -> None:
    made = Lane("aside", most_waiting=2)
    made.mean_seconds = 100.0
    made.inside = 2
    assert is_let_in(made, 0.0)
    made.inside = 3
    assert not is_let_in(made, 0.0)


def test_the_mean_follows_what_is_measured_and_faults_leave_nothing_behind() -> None:
    made = Lane("test", most_wait=1.0)

    def fails() -> None:
        raise ValueError("no")

    async def use() -> None:
        assert await made.run(lambda: 7) == 7
        with pytest.raises(ValueError, match="no"):
            await made.run(fails)

    asyncio.run(use())
    made.close()
    # twice one tenth of the way from the first guess of 5 ms to nearly nothing
    assert made.mean_seconds < 0.005
    assert made.inside == 0


def test_twice_the_load_keeps_answers_quick_and_recovers() -> None:
    made = Lane("test", most_wait=0.025)
    gate = threading.Event()

    async def flood() -> tuple[int, int, list[float]]:
        loop = asyncio.get_running_loop()
        refused, seconds = 0, []

        async def one() -> None:
            nonlocal refused
            began = perf_counter()
            try:
                await made.run(lambda: gate.wait(0.005))
            except Problem:
                refused += 1
            else:
                seconds.append(perf_counter() - began)

        tasks = []
        end = loop.time() + 0.5
        while loop.time() < end:
            tasks.append(loop.create_task(one()))
            await asyncio.sleep(0.0025)
        await asyncio.gather(*tasks)
        assert made.inside == 0 and made.expected_wait() == 0.0
        return refused, len(tasks), seconds

    refused, asked, seconds = asyncio.run(flood())
    made.close()
    # work of 5 ms that comes each 2.5 ms: near half of it cannot be done
    assert refused > asked / 5
    assert len(seconds) > asked / 5
    # never more than the 25 ms of a burst and the work itself are waited for, whatever the load; the rest is the test machine
    assert sorted(seconds)[len(seconds) // 2] < 0.1
