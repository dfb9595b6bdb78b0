"""Inverted lists: how much of the best they find, with filters too, and that scores are exact."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.index.exact import ExactIndex
from penchant.index.protocol import Allowed, Bool, Float32
from tests.index.made_vectors import clustered, of

pytest.importorskip("faiss")
from penchant.index.lists import ListsIndex  # noqa: E402

N, WANTED, BEST = 20_000, 500, 20


@pytest.fixture(scope="module")
def made() -> tuple[Float32, Float32, ListsIndex]:
    rows, queries = clustered(N, 100)
    rows[::50] = np.nan
    return rows, queries, ListsIndex(rows)


def found_of_best(made: tuple[Float32, Float32, ListsIndex], allowed: Bool | None) -> float:
    """Share of the 20 best that are among the 500 found, mean over queries."""
    rows, queries, index = made
    exact = ExactIndex(rows)
    shares = []
    for query in queries:
        best, _ = exact.search(query, BEST, of(allowed))
        found, _ = index.search(query, WANTED, of(allowed))
        assert allowed is None or allowed[found].all()
        shares.append(np.isin(best, found).mean())
    return float(np.mean(shares))


def test_the_best_are_among_those_found(made: tuple[Float32, Float32, ListsIndex]) -> None:
    # 2^(1 + round(log2(19,600) / 2)) lists, an eighth of the rows at least. The promise is that of penchant.models.vectors
    index = made[2]
    assert index.lists == 256
    assert 19_600 // 8 <= index.rows_read <= 19_600 // 3
    assert index.found >= 0.98
    assert found_of_best(made, None) >= 0.98


def uneven() -> tuple[Float32, Float32]:
    """Rows of even directions and uneven lengths (one in forty is five times as long as the middle one), and queries."""
    rng = np.random.default_rng(6)
    even = rng.normal(size=(N, 32))
    length = np.exp(0.8 * rng.normal(size=(N, 1)))
    rows = (even * length / np.linalg.norm(even, axis=1, keepdims=True)).astype(np.float32)
    return rows, rng.normal(size=(100, 32)).astype(np.float32)


def test_long_rows_are_found_where_there_are_no_clumps() -> None:
    # the best are long, and no centre lies near them: by the centres' products alone an eighth of them is missed
    rows, queries = uneven()
    index, exact = ListsIndex(rows, rows_read=N // 16), ExactIndex(rows)
    best = [exact.search(query, 10)[0] for query in queries]

    def found() -> float:
        shares = [np.isin(b, index.search(q, 50)[0]).mean() for q, b in zip(queries, best, strict=True)]
        return float(np.mean(shares))

    assert found() >= 0.97
    index._clusters._reach[:] = 0
    assert found() <= 0.9


def test_short_rows_are_found_where_only_they_are_allowed() -> None:
    # the lists of great products hold next to none of the shortest tenth
    rows, queries = uneven()
    length = np.linalg.norm(rows, axis=1)
    allowed = length < np.quantile(length, 0.1)
    index = ListsIndex(rows, rows_read=N // 16)
    assert found_of_best((rows, queries, index), allowed) >= 0.98
    # by reading every list, not by multiplying every row
    assert len(index._found(queries[0], WANTED, Allowed.of(allowed))) == WANTED


@pytest.mark.parametrize("share", [0.999, 0.7, 0.3, 0.12])
def test_the_best_allowed_are_found(made: tuple[Float32, Float32, ListsIndex], share: float) -> None:
    allowed = np.random.default_rng(2).random(N) < share
    assert found_of_best(made, allowed) >= 0.98


def test_allowed_rows_that_lie_together_are_found(made: tuple[Float32, Float32, ListsIndex]) -> None:
    # a kind of item is not spread evenly over the clusters: here the rows that lie farthest in some direction
    along = made[0] @ np.random.default_rng(5).normal(size=32).astype(np.float32)
    assert found_of_best(made, along >= np.nanquantile(along, 0.8)) >= 0.98


def test_few_allowed_rows_are_searched_exactly(made: tuple[Float32, Float32, ListsIndex]) -> None:
    rows, queries, index = made
    allowed = np.random.default_rng(3).random(N) < 0.04
    for query in queries[:10]:
        expected, products = ExactIndex(rows).search(query, 30, of(allowed))
        items, scores = index.search(query, 30, of(allowed))
        assert items.tolist() == expected.tolist()
        assert scores.tolist() == products.tolist()


def test_scores_are_exact_and_fall(made: tuple[Float32, Float32, ListsIndex]) -> None:
    rows, queries, index = made
    allowed = np.random.default_rng(4).random(N) < 0.5
    for query in queries[:10]:
        items, scores = index.search(query, WANTED, of(allowed))
        assert len(items) == WANTED == len(set(items.tolist()))
        assert allowed[items].all()
        assert not np.isnan(rows[items]).any()
        assert scores.tolist() == np.einsum("ij,j->i", rows[items], query).tolist()
        assert (np.diff(scores) <= 0).all()


def test_the_same_rows_and_seed_make_the_same_index(made: tuple[Float32, Float32, ListsIndex]) -> None:
    rows, queries, index = made
    again = ListsIndex(rows)
    for query in queries[:20]:
        assert again.search(query, 50)[0].tolist() == index.search(query, 50)[0].tolist()
    assert any(
        ListsIndex(rows, seed=8, rows_read=1).search(query, 500)[0].tolist()
        != ListsIndex(rows, rows_read=1).search(query, 500)[0].tolist()
        for query in queries[:5]
    )


def test_a_tiny_one_works() -> None:
    rows = np.asarray([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=np.float32)
    assert ListsIndex(rows).search(np.asarray([1, 2], dtype=np.float32), 5)[0].tolist() == [2, 1, 0]


def test_one_row_works_and_none() -> None:
    query = np.asarray([1, 2], dtype=np.float32)
    assert ListsIndex(np.ones((1, 2), dtype=np.float32)).search(query, 5)[0].tolist() == [0]
    assert ListsIndex(np.full((3, 2), np.nan, dtype=np.float32)).search(query, 5)[0].tolist() == []


def test_rows_are_found_where_all_products_are_one(made: tuple[Float32, Float32, ListsIndex]) -> None:
    # codes cannot tell such rows apart, so that all are looked at; rows 0, 50, ... are of NaN
    items, scores = made[2].search(np.zeros(32, dtype=np.float32), 5)
    assert items.tolist() == [1, 2, 3, 4, 5]
    assert scores.tolist() == [0, 0, 0, 0, 0]
    same = ListsIndex(np.ones((200, 4), dtype=np.float32))
    assert same.search(np.ones(4, dtype=np.float32), 3)[0].tolist() == [0, 1, 2]
