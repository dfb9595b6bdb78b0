"""Rows come and go, and whoever holds the old index sees nothing of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.index.exact import ExactIndex
from penchant.index.growing import GrowingIndex
from tests.index.made_vectors import clustered, of

ROWS, QUERIES = clustered(120, 3)


def numbers(*values: int) -> np.ndarray:
    return np.asarray(values, dtype=np.int32)


def test_it_shares_the_big_part_and_leaves_the_old_one_as_it_was() -> None:
    old = GrowingIndex(ExactIndex(ROWS[:100]))
    before = old.search(QUERIES[0], 10)[0].tolist()
    new = old.with_rows(ROWS[100:]).without(numbers(before[0], 110))
    assert new.base is old.base
    assert (old.n_items, new.n_items) == (100, 120)
    assert old.search(QUERIES[0], 10)[0].tolist() == before
    assert before[0] not in new.search(QUERIES[0], 120)[0]
    assert len(new.search(QUERIES[0], 120)[0]) == 118
    assert np.array_equal(new.vectors_of(numbers(3, 110)), ROWS[[3, 110]])


@given(data=st.data())
def test_it_answers_as_one_exact_index(data: st.DataObject) -> None:
    cut = sorted(data.draw(st.lists(st.integers(1, 119), min_size=2, max_size=2)))
    gone = sorted(data.draw(st.sets(st.integers(0, cut[1] - 1), max_size=30)))
    late = sorted(data.draw(st.sets(st.integers(0, 119), max_size=10)))
    index = GrowingIndex(ExactIndex(ROWS[: cut[0]])).with_rows(ROWS[cut[0] : cut[1]])
    index = index.without(numbers(*gone)).with_rows(ROWS[cut[1] :]).without(numbers(*late))
    allowed = data.draw(st.none() | st.sets(st.integers(0, 119)).map(lambda some: np.isin(np.arange(120), list(some))))
    left = np.ones(120, dtype=np.bool_) if allowed is None else allowed.copy()
    left[[*gone, *late]] = False
    n = data.draw(st.integers(1, 130))
    expected, scores = ExactIndex(ROWS).search(QUERIES[1], n, of(left))
    items, products = index.search(QUERIES[1], n, of(allowed))
    assert items.tolist() == expected.tolist()
    assert products.tolist() == scores.tolist()
