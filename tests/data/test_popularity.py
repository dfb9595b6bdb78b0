"""Popularity as of an instant, against counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data import popularity
from penchant.data.popularity import PopularityLog

N_ITEMS = 5


def log_of(events: list[tuple[int, int, float]]) -> PopularityLog:
    """Events (at, item, weight) in any order; the person is the place."""
    events = sorted(events)
    return PopularityLog(
        item=np.asarray([e[1] for e in events], dtype=np.int32),
        at=np.asarray([e[0] for e in events], dtype=np.int64),
        weight=np.asarray([e[2] for e in events], dtype=np.float32),
        user=np.arange(len(events), dtype=np.int32),
        n_items=N_ITEMS,
    )


def counted(
    events: list[tuple[int, int, float]], at: int, half_life: float | None, window: float | None
) -> list[float]:
    """The definition: each strictly earlier event, decayed, unless older than the window or forty half-lives.

    Twenty half-lives (and a millisecond) after the newest earlier event, time stands still for the decay.
    """
    total = [0.0] * N_ITEMS
    newest = max((then for then, _, _ in events if then < at), default=at)
    still = at if half_life is None else min(at, newest + int(20 * half_life) + 1)
    for then, item, weight in events:
        age = still - then
        old = (window is not None and at - then > window) or (half_life is not None and age > 40 * half_life)
        if then < at and not old:
            total[item] += float(np.float32(weight)) * (1.0 if half_life is None else 2.0 ** (-age / half_life))
    return total


moments = st.integers(0, 400)
logs = st.lists(st.tuples(moments, st.integers(0, N_ITEMS - 1), st.sampled_from([0.3, 1.0, 3.0])), max_size=60)


@given(
    logs, st.lists(moments, max_size=12), st.sampled_from([None, 0.5, 3.0, 40.0]), st.sampled_from([None, 7.0, 90.0])
)
def test_agrees_with_counting_in_any_order(
    events: list[tuple[int, int, float]], asked: list[int], half_life: float | None, window: float | None
) -> None:
    got = log_of(events).as_of(np.asarray(asked, dtype=np.int64), half_life=half_life, window=window)
    expected = np.asarray([counted(events, at, half_life, window) for at in asked]).reshape(len(asked), N_ITEMS)
    assert got.shape == expected.shape and got.dtype == np.float32
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-12)
    # no rest of what has left the window: it would rank a once popular item above those that never were
    assert (got[expected == 0.0] == 0.0).all()


@given(logs, moments, st.sampled_from([None, 0.5, 3.0, 40.0]), st.sampled_from([None, 7.0, 90.0]))
def test_the_span_of_one_instant_is_that_of_many(
    events: list[tuple[int, int, float]], at: int, half_life: float | None, window: float | None
) -> None:
    log = log_of(events)
    start, end, now = log._spans(np.asarray([at, at], dtype=np.int64), half_life, window)
    assert log._span(at, half_life, window) == (start[1], end[1], now[1])


@given(logs, st.lists(moments, min_size=1, max_size=8), st.sampled_from([None, 0.5, 40.0]))
def test_asked_together_is_asked_alone(
    events: list[tuple[int, int, float]], asked: list[int], half_life: float | None
) -> None:
    log = log_of(events)
    together = log.as_of(np.asarray(asked, dtype=np.int64), half_life=half_life)
    alone = [log.as_of(np.asarray([at], dtype=np.int64), half_life=half_life)[0] for at in asked]
    np.testing.assert_allclose(together, np.stack(alone), rtol=1e-6)
    assert ((together == 0) == (np.stack(alone) == 0)).all()


@pytest.mark.parametrize("half_life", [None, 0.5, 3.0, 40.0])
@pytest.mark.parametrize("window", [None, 7.0, 90.0])
def test_kept_counts_change_no_answer(
    monkeypatch: pytest.MonkeyPatch, half_life: float | None, window: float | None
) -> None:
    # stretches of 4 events, of which few are kept: some questions begin at kept counts, others at fresh or dropped ones
    monkeypatch.setattr(popularity, "_STRETCH", 4)
    monkeypatch.setattr(popularity, "_KEPT_CELLS", 3 * N_ITEMS)
    rng = np.random.default_rng(5)
    events = [
        (int(at), int(item), 0.3) for at, item in zip(rng.integers(0, 400, 90), rng.integers(0, 5, 90), strict=True)
    ]
    log = log_of(events)
    for _ in range(30):
        asked = rng.integers(0, 420, 3)
        got = log.as_of(asked, half_life=half_life, window=window)
        expected = np.asarray([counted(events, int(at), half_life, window) for at in asked])
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-12)
        assert (got[expected == 0.0] == 0.0).all()
        # bit by bit what a log gives that was asked nothing before
        np.testing.assert_array_equal(got, log_of(events).as_of(asked, half_life=half_life, window=window))


def test_what_left_the_window_leaves_nothing_behind() -> None:
    # item 0: .3 twenty times (floats that do not add exactly), all left by 200; item 1 never counted
    log = log_of([(at, 0, 0.3) for at in range(20)] + [(150, 2, 0.3)])
    at = np.arange(1, 201, dtype=np.int64)
    assert log.as_of(at, window=60.0)[-1].tolist() == [0.0, 0.0, np.float32(0.3), 0.0, 0.0]
    assert log.as_of(at, window=60.0, half_life=13.0)[-1][:2].tolist() == [0.0, 0.0]


def test_long_after_the_log_popularity_keeps_its_order() -> None:
    # three years after the last event; 2^-156 would be no number in float32
    day = 86_400_000
    log = log_of([(day, 0, 1.0), (8 * day, 1, 1.0), (8 * day, 2, 1.0), (8 * day, 2, 1.0)])
    got = log.as_of(np.asarray([8 * day + 1, 1100 * day]), half_life=7.0 * day)
    assert np.argsort(-got[1], kind="stable").tolist() == [2, 1, 0, 3, 4]
    np.testing.assert_allclose(got[1] / got[1][1], got[0] / got[0][1], rtol=1e-5)
    # a window is meant as it is: nothing is young enough
    assert log.as_of(np.asarray([1100 * day]), half_life=7.0 * day, window=7.0 * day).tolist() == [[0.0] * N_ITEMS]


def test_real_instants_do_not_lose_their_milliseconds() -> None:
    # 1.7e12 needs 41 bits; float32 has 24. One event 1 ms before, one at, the instant
    now = 1_736_121_600_000
    got = log_of([(now - 1, 0, 1.0), (now, 1, 1.0)]).as_of(np.asarray([now, now + 1]), half_life=1.0)
    assert got[0].tolist() == [0.5, 0, 0, 0, 0] and got[1].tolist() == [0.25, 0.5, 0, 0, 0]


def test_many_equal_counts_stay_exact() -> None:
    log = log_of([(0, 0, 1.0)] * 3 + [(1, 1, 1.0)] * 2)
    assert log.as_of(np.asarray([2, 0, 1])).tolist() == [[3, 2, 0, 0, 0], [0] * 5, [3, 0, 0, 0, 0]]


def test_parts_of_the_log() -> None:
    log = log_of([(0, 0, 1.0), (5, 1, 1.0), (5, 2, 1.0), (9, 3, 1.0)])
    assert log.within(np.asarray([True, False, True, False])).item.tolist() == [0, 2]
    with pytest.raises(ValueError, match="read-only"):
        log.within(np.ones(4, dtype=np.bool_)).item[0] = 1


@pytest.mark.parametrize("half_life", [None, 0.5, 3.0, 40.0])
def test_some_items_count_as_among_all(monkeypatch: pytest.MonkeyPatch, half_life: float | None) -> None:
    monkeypatch.setattr(popularity, "_STRETCH", 4)
    rng = np.random.default_rng(6)
    events = [
        (int(at), int(item), 0.3) for at, item in zip(rng.integers(0, 400, 90), rng.integers(0, 4, 90), strict=True)
    ]
    items = np.asarray([3, 0, 4], dtype=np.int32)
    for _ in range(40):
        # most after the newest event, up to thirty half-lives later: some events are forgotten by then, the peak's too
        asked = rng.integers(0, 400 + int(30 * (half_life or 10)), 3)
        log = log_of(events)
        whole = log.as_of(asked, half_life=half_life)
        counts, peak = log.of_items(asked, items, half_life=half_life)
        np.testing.assert_array_equal(counts, whole[:, items])
        np.testing.assert_array_equal(peak, whole.max(axis=1))


@given(logs, st.lists(logs, max_size=4), moments, st.sampled_from([None, 0.5, 3.0, 40.0]))
def test_a_log_that_grows_is_the_log_that_has_grown(
    events: list[tuple[int, int, float]],
    batches: list[list[tuple[int, int, float]]],
    asked: int,
    half_life: float | None,
) -> None:
    # stretches of 2 events, so that kept counts go along; the moments are any and the newest of all
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(popularity, "_STRETCH", 2)
        log, every = log_of(events), sorted(events, key=lambda event: event[0])
        at = np.asarray([asked, 500], dtype=np.int64)
        for batch in batches:
            log.as_of(at, half_life=half_life)
            columns = list(zip(*batch, strict=True)) or [(), (), ()]
            log = log.extended(
                np.asarray(columns[1], dtype=np.int32),
                np.asarray(columns[0], dtype=np.int64),
                np.asarray(columns[2], dtype=np.float32),
            )
            # stable: among events of an instant those that came first stay first
            every = sorted([*every, *batch], key=lambda event: event[0])
        assert log.at.tolist() == [event[0] for event in every]
        if len(batches) == 0:
            return
        fresh = PopularityLog(item=log.item, at=log.at, weight=log.weight, user=log.user, n_items=N_ITEMS)
        np.testing.assert_array_equal(log.as_of(at, half_life=half_life), fresh.as_of(at, half_life=half_life))
        expected = np.asarray([counted(every, int(moment), half_life, None) for moment in at])
        np.testing.assert_allclose(log.as_of(at, half_life=half_life), expected, rtol=1e-6, atol=1e-12)


def test_a_log_grows_with_its_catalogue() -> None:
    log = log_of([(1, 0, 1.0), (2, 1, 1.0)])
    log.as_of(np.asarray([9]))
    grown = log.extended(
        np.asarray([6, 0], dtype=np.int32), np.asarray([5, 2]), np.asarray([3.0, 1.0], dtype=np.float32), n_items=7
    )
    assert grown.as_of(np.asarray([9, 3])).tolist() == [[2, 1, 0, 0, 0, 0, 3], [2, 1, 0, 0, 0, 0, 0]]
    # nobody whom the log knows
    assert grown.user.tolist() == [0, 1, -1, -1]
