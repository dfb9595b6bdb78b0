"""People's events in order, and histories cut from them, against Python lists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.arrays import offsets_of
from penchant.data.features import Numbers
from penchant.data.interactions import Interactions
from penchant.data.sequences import Histories, Sequences

N_USERS = 4

events = st.lists(st.tuples(st.integers(0, 6), st.integers(0, N_USERS - 2)), max_size=25)
orders = st.none() | st.integers(0, 2**32)


def log_of(rows: list[tuple[int, int]], order_seed: int | None = None) -> Interactions:
    """Events (at, user), item = row number; with a seed, an `order` column that disagrees with time."""
    rows = sorted(rows, key=lambda row: row[0])
    n = len(rows)
    return Interactions(
        user=np.asarray([row[1] for row in rows], dtype=np.int32),
        item=np.arange(n, dtype=np.int32),
        at=np.asarray([row[0] for row in rows], dtype=np.int64),
        kind=np.zeros(n, dtype=np.int8),
        value=np.ones(n, dtype=np.float32),
        context={"heat": Numbers(np.arange(n, dtype=np.float32))},
        order=None if order_seed is None else np.random.default_rng(order_seed).integers(0, 5, n),
    )


def own_rows(log: Interactions, user: int) -> list[int]:
    rows = [row for row in range(len(log)) if log.user[row] == user]
    return rows if log.order is None else sorted(rows, key=lambda row: int(log.order[row]))  # type: ignore[index]


def known_rows(log: Interactions, user: int, at: int) -> list[int]:
    """The person's events up to the first that is not strictly earlier than `at`."""
    rows = own_rows(log, user)
    return next((rows[:i] for i, row in enumerate(rows) if log.at[row] >= at), rows)


@given(events, orders)
def test_people_own_their_events_in_order(rows: list[tuple[int, int]], order_seed: int | None) -> None:
    log = log_of(rows, order_seed)
    sequences = Sequences.of(log, N_USERS)
    assert len(sequences) == N_USERS
    for user in range(N_USERS):
        places = slice(sequences.offsets[user], sequences.offsets[user + 1])
        assert sequences.rows[places].tolist() == own_rows(log, user)
    assert sequences.rows[sequences.place_of_rows()].tolist() == list(range(len(log)))


@given(events, orders)
def test_first_of_instant_ends_what_is_strictly_earlier(rows: list[tuple[int, int]], order_seed: int | None) -> None:
    log = log_of(rows, order_seed)
    sequences = Sequences.of(log, N_USERS)
    first = sequences.first_of_instant()
    for place, row in enumerate(sequences.rows.tolist()):
        user = int(log.user[row])
        known = sequences.rows[sequences.offsets[user] : first[place]].tolist()
        assert known == known_rows(log, user, int(log.at[row]))


@given(events, orders, st.lists(st.tuples(st.integers(0, N_USERS - 1), st.integers(-1, 8)), max_size=6))
def test_places_before_and_histories(
    rows: list[tuple[int, int]], order_seed: int | None, asked: list[tuple[int, int]]
) -> None:
    log = log_of(rows, order_seed)
    sequences = Sequences.of(log, N_USERS)
    user, at = (np.asarray([pair[i] for pair in asked]) for i in (0, 1))
    high = sequences.places_before(user.astype(np.int32), at.astype(np.int64))
    histories = sequences.histories(sequences.offsets[user.astype(np.int64)], high)
    expected = [known_rows(log, *pair) for pair in asked]
    assert as_lists(histories) == expected
    heat = histories.context["heat"]
    assert isinstance(heat, Numbers) and heat.values.tolist() == [row for part in expected for row in part]


def as_lists(histories: Histories) -> list[list[int]]:
    bounds = histories.offsets.tolist()
    return [histories.item[a:b].tolist() for a, b in zip(bounds[:-1], bounds[1:], strict=True)]


def histories_of(lists: list[list[int]]) -> Histories:
    item = np.asarray([i for part in lists for i in part], dtype=np.int32)
    return Histories(
        offsets=offsets_of([len(part) for part in lists]),
        item=item,
        at=item.astype(np.int64),
        kind=np.zeros(len(item), dtype=np.int8),
        value=item.astype(np.float32),
        context={"heat": Numbers(item.astype(np.float32))},
    )


ragged = st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=6)


@given(ragged, st.integers(0, 6), st.data())
def test_keep_last_and_take_are_those_of_lists(lists: list[list[int]], n: int, data: st.DataObject) -> None:
    histories = histories_of(lists)
    assert as_lists(histories.last(n)) == [part[-n:] if n else [] for part in lists]
    kept = histories.keep(histories.item % 2 == 0)
    assert as_lists(kept) == [[i for i in part if i % 2 == 0] for part in lists]
    rows = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=5)) if lists else []
    taken = histories.take(np.asarray(rows, dtype=np.int64))
    assert as_lists(taken) == [lists[row] for row in rows]
    for part in (histories, kept, taken):
        heat = part.context["heat"]
        assert isinstance(heat, Numbers) and heat.values.tolist() == part.item.tolist() == part.at.tolist()


@given(ragged)
def test_owner_and_age(lists: list[list[int]]) -> None:
    histories = histories_of(lists)
    assert histories.owner.tolist() == [q for q, part in enumerate(lists) for _ in part]
    assert histories.age.tolist() == [len(part) - 1 - i for part in lists for i in range(len(part))]
    assert histories.lengths.tolist() == [len(part) for part in lists]


def test_nobody_has_a_past_in_empty_histories() -> None:
    empty = Histories.empty(3)
    assert len(empty) == 3 and empty.lengths.tolist() == [0, 0, 0] and len(empty.last(2).item) == 0


def test_the_log_checks_itself() -> None:
    good = log_of([(0, 0), (1, 1), (2, 0)])
    with pytest.raises(ValueError, match="sorted by time"):
        replace(good, at=np.asarray([1, 0, 2]))
    with pytest.raises(ValueError, match="column order has 2 rows, expected 3"):
        replace(good, order=np.zeros(2, dtype=np.int64))
    assert good.take(slice(1, None)).item.tolist() == good.take(np.asarray([False, True, True])).item.tolist() == [1, 2]
