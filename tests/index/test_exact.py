"""Exact search: the order of the definition, with and without faiss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from penchant.index import exact
from penchant.index.exact import ExactIndex
from tests.index.made_vectors import clustered, of


@pytest.fixture(params=["faiss", "numpy"])
def with_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "numpy":
        monkeypatch.setattr(exact, "find_spec", lambda name: None)
    else:
        pytest.importorskip("faiss")
    return str(request.param)


def test_a_case_by_hand(with_library: str) -> None:
    nan = float("nan")
    rows = np.asarray([[1, 0], [0, 1], [nan, 1], [1, 1], [2, -1], [1, 0]], dtype=np.float32)
    # products with (1, 2): 1, 2, -, 3, 0, 1; the two of 1 by rising number
    items, scores = ExactIndex(rows).search(np.asarray([1, 2], dtype=np.float32), 10)
    assert (items.tolist(), scores.tolist()) == ([3, 1, 0, 5, 4], [3.0, 2.0, 1.0, 1.0, 0.0])
    allowed = np.asarray([True, False, True, False, True, True])
    items, _ = ExactIndex(rows).search(np.asarray([1, 2], dtype=np.float32), 2, of(allowed))
    assert items.tolist() == [0, 5]
    assert (items.dtype.name, scores.dtype.name) == ("int32", "float32")


@pytest.mark.parametrize("share", [None, 0.01, 0.1, 0.5, 0.99])
def test_it_finds_the_best_of_all(with_library: str, share: float | None) -> None:
    rows, queries = clustered(3000, 5)
    rows[::7] = np.nan
    allowed = None if share is None else np.random.default_rng(1).random(3000) < share
    index = ExactIndex(rows)
    for query in queries:
        every = rows.astype(np.float64) @ query.astype(np.float64)
        every[np.isnan(every) | (False if allowed is None else ~allowed)] = -np.inf
        expected = np.argsort(-every, kind="stable")[:50]
        expected = expected[every[expected] > -np.inf]
        items, scores = index.search(query, 50, of(allowed))
        # no two of these products are nearer to each other than float32 can tell apart
        assert items.tolist() == expected.tolist()
        assert scores == pytest.approx(every[expected], rel=1e-4)


@given(
    rows=arrays.arrays(
        np.float32, st.tuples(st.integers(0, 80), st.just(2)), elements=st.sampled_from([0.0, 1.0, -1.0])
    ),
    n=st.integers(1, 90),
    data=st.data(),
)
@pytest.mark.parametrize("library", [True, False])
def test_equals_come_by_number_even_at_the_end(library: bool, rows: np.ndarray, n: int, data: st.DataObject) -> None:
    allowed = data.draw(st.none() | arrays.arrays(np.bool_, len(rows)))
    index = ExactIndex(rows)
    index._faiss = index._faiss and library
    products = rows @ np.asarray([1, 2], dtype=np.float32)
    numbers = [i for i in range(len(rows)) if allowed is None or allowed[i]]
    expected = sorted(numbers, key=lambda i: (-products[i], i))[:n]
    items, scores = index.search(np.asarray([1, 2], dtype=np.float32), n, of(allowed))
    assert items.tolist() == expected
    assert scores.tolist() == products[expected].tolist()


def test_vectors_are_those_it_was_built_from(with_library: str) -> None:
    rows, _ = clustered(20, 1)
    rows[3] = np.nan
    assert np.array_equal(ExactIndex(rows).vectors_of(np.asarray([5, 3], dtype=np.int32)), rows[[5, 3]], equal_nan=True)
