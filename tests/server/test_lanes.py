"""Who is let in to the computing threads, and who is refused at once."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
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
    # a second and a half later hardly any of that load counts: 2 x exp(-6) = 0.005; one arrival of 10 ms in 0.25 s is 0.04
    made.inside = 2
    assert is_let_in(made, 3.5)
    assert made.offered() == pytest.approx(0.005 + 0.04, abs=0.005)


def test_a_burst_at_a_low_load_refuses_only_itself() -> None:
    made = lane(0)
    for step in range(100):
        made.admit(step * 0.025)  # 40 a second of 10 ms each: 0.4 of what can be done
    made.inside = 3
    assert not is_let_in(made, 2.5)
    made.inside = 2
    assert is_let_in(made, 2.51)


def test_a_moderate_load_never_strains() -> None:
    made = lane(0)
    for step in range(400):
        made.admit(step * 0.0125)
    # 80 a second of 10 ms each
    assert made.offered() == pytest.approx(0.8, rel=0.03)
    made.inside = 2
    assert is_let_in(made, 5.0)


def test_work_that_nobody_waits_for_in_a_hurry_is_only_counted() -> None:
    made = Lane("aside", most_waiting=2)
    made.mean_seconds = 100.0
    made.inside = 2
    assert is_let_in(made, 0.0)
    made.inside = 3
    assert not is_let_in(made, 0.0)


def simulated(load: float, seconds: float, made: Lane, begin: float = 0.0) -> tuple[list[float], int]:
    """Seconds that accepted work took, and how much was refused, when work of about 4 ms comes at random to one thread.

    Args:
        load: work that comes, over the work that can be done.
        begin: time at which it starts; nothing is under way.
    """
    rng = np.random.default_rng(7)
    took: list[float] = []
    free, now, refused, under_way = begin, begin, 0, list[tuple[float, float, bool]]()
    while now < begin + seconds:
        now += rng.exponential(0.004 / load)
        while under_way and under_way[0][1] <= now:
            asked, done, waited = under_way.pop(0)
            made.inside -= 1
            made.measure(asked, done, had_to_wait=waited)
        if not is_let_in(made, now):
            refused += 1
            continue
        start = max(now, free)
        free = start + rng.uniform(0.003, 0.005)
        under_way.append((now, free, made.inside >= 1))
        made.inside += 1
        took.append(free - now)
    made.inside = 0
    return took, refused


def test_at_twice_the_load_accepted_answers_stay_near_what_they_take_alone() -> None:
    alone, _ = simulated(0.02, 60.0, lane(0, 0.004))
    made = lane(0, 0.004)
    took, refused = simulated(2.0, 20.0, made)
    assert np.quantile(took, 0.99) <= 3 * np.quantile(alone, 0.99)
    # half of it cannot be done; the thread itself is hardly ever idle
    assert refused / (refused + len(took)) == pytest.approx(0.5, abs=0.1)
    assert sum(took) > 0 and len(took) * 0.004 > 0.85 * 20.0
    # two seconds later a moderate load is let in as if nothing had been
    took, refused = simulated(0.5, 20.0, made, begin=22.0)
    assert refused / len(took) < 0.01


def simulated_in_turn(load: float, seconds: float, made: Lane, begin: float = 0.0) -> tuple[list[float], int]:
    """The same in an event loop: it hears of what came after each piece of work, and reading or refusing takes time too."""
    rng = np.random.default_rng(7)
    came = (begin + np.cumsum(rng.exponential(0.004 / load, int(seconds * load / 0.004)))).tolist()
    took: list[float] = []
    now, refused, place, waiting = begin, 0, 0, list[tuple[float, float, bool]]()
    while place < len(came) or waiting:
        if not waiting:
            now = max(now, came[place])
        while place < len(came) and came[place] <= now:
            try:
                made.admit(now, in_turn=True)
                waiting.append((came[place], now, made.inside >= 1))
                made.inside += 1
            except Problem:
                refused += 1
            place, now = place + 1, now + 0.0002
        if waiting:
            since, asked, waited = waiting.pop(0)
            now += rng.uniform(0.003, 0.005)
            made.inside -= 1
            made.measure(asked, now, had_to_wait=waited)
            took.append(now - since)
    return took, refused


def test_in_an_event_loop_at_twice_the_load_accepted_answers_stay_near_what_they_take_alone() -> None:
    alone, _ = simulated_in_turn(0.1, 60.0, lane(0, 0.004))
    made = lane(0, 0.004)
    took, refused = simulated_in_turn(2.0, 20.0, made)
    # one answer that was under way, and its own
    assert np.quantile(took, 0.99) <= 1.5 * np.quantile(alone, 0.99)
    # half of it cannot be done; some time goes into refusing, and hardly any into waiting for the next
    assert refused / (refused + len(took)) == pytest.approx(0.55, abs=0.1) and len(took) * 0.004 > 0.75 * 20.0
    took, refused = simulated_in_turn(0.5, 20.0, made, begin=22.0)
    assert refused / len(took) < 0.01


def test_the_mean_follows_what_an_answer_takes_alone_or_behind_others() -> None:
    made = lane(0, 0.010)
    made.measure(5.0, 5.020, had_to_wait=False)
    # a tenth of the way from 10 ms to 20 ms
    assert made.mean_seconds == pytest.approx(0.011)
    # asked at 5.005, but its turn came when the one before was done, at 5.020: 11 ms of its own
    made.measure(5.005, 5.031, had_to_wait=True)
    assert made.mean_seconds == pytest.approx(0.011)
    two = lane(0, 0.010, threads=2)
    two.measure(5.0, 5.010, had_to_wait=False)
    # two threads: 5 ms between two that are done are 10 ms for each
    two.measure(5.0, 5.015, had_to_wait=True)
    assert two.mean_seconds == pytest.approx(0.010)


def test_work_is_done_in_turn_what_cannot_wait_is_refused_and_faults_leave_nothing_behind() -> None:
    made = lane(0, 0.010)
    gate = threading.Event()

    def fails() -> None:
        raise ValueError("no")

    async def use() -> list[object]:
        # the first is under way, two may wait for 10 and 20 ms, the fourth would wait for 30
        works = [asyncio.ensure_future(made.run(gate.wait)) for _ in range(4)]
        await asyncio.sleep(0)
        assert (made.inside, made.waiting, made.refused) == (3, 2, 1)
        gate.set()
        told: list[object] = await asyncio.gather(*works, return_exceptions=True)
        with pytest.raises(ValueError, match="no"):
            await made.run(fails)
        return told

    told = asyncio.run(use())
    made.close()
    assert told[:3] == [True, True, True] and isinstance(told[3], Problem)
    assert made.inside == 0 and made.expected_wait() == 0.0


def where_done(made: Lane, *, short: bool) -> bool:
    """Whether the event loop's own thread does a piece of work."""

    async def use() -> bool:
        return await made.run(lambda: threading.current_thread() is threading.main_thread(), short=short)

    done = asyncio.run(use())
    made.close()
    return done


def test_short_work_is_done_where_it_came_in_and_long_work_by_a_thread() -> None:
    assert where_done(lane(0, 0.002), short=True)
    assert not where_done(lane(0, 0.002), short=False)
    # longer than the event loop may be kept from everything else
    assert not where_done(lane(0, 0.050), short=True)
    assert not where_done(lane(0, 0.002, threads=2), short=True)


def test_between_two_pieces_of_short_work_the_event_loop_hears_who_came() -> None:
    made = lane(0, 0.010)
    heard: list[str] = []

    async def one(name: str) -> None:
        await made.run(lambda: heard.append(name), short=True)
        heard.append(f"{name} is told")

    async def refused() -> None:
        with pytest.raises(Problem):
            await made.run(lambda: heard.append("never"), short=True)
        heard.append("refused")

    async def use() -> None:
        # nobody may wait for more than 25 ms: the second has 10 before it, and 10 of the one before; the third would have 30
        works = [asyncio.ensure_future(work) for work in (one("a"), one("b"), refused())]
        await asyncio.gather(*works)

    asyncio.run(use())
    made.close()
    assert heard == ["refused", "a", "a is told", "b", "b is told"]
    assert made.inside == 0


def test_short_work_that_fails_or_is_given_up_leaves_the_next_its_turn() -> None:
    made = lane(0, 0.001)
    done: list[str] = []

    def fails() -> None:
        raise ValueError("no")

    async def use() -> list[object]:
        works = [
            asyncio.ensure_future(made.run(work, short=True))
            for work in (fails, lambda: done.append("given up"), lambda: done.append("kept"))
        ]
        await asyncio.sleep(0)
        works[1].cancel()
        told: list[object] = await asyncio.gather(*works, return_exceptions=True)
        return told

    told = asyncio.run(use())
    made.close()
    assert isinstance(told[0], ValueError) and isinstance(told[1], asyncio.CancelledError) and told[2] is None
    assert done == ["kept"] and made.inside == 0
