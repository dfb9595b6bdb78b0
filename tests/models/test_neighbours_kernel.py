"""The compiled product, and the one held whole, against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.models import compiled, neighbours, symmetric
from penchant.models.itemknn import ItemKnn
from penchant.query import Query
from tests.toy import ITEMS, day, toy_dataset

pytest.importorskip("numba", reason="needs the extra `fast`")


WAYS = {"scipy": (0, 1 << 60), "compiled": (0, 0), "whole": (1 << 60, 1 << 60)}
"""Most cells that are held whole, and least work that is left to compiled code, so that each way is taken."""


def by_all_ways(
    left: sp.csr_matrix, right: sp.csr_matrix, k: int, size: np.ndarray | None, shrink: float
) -> list[sp.csr_matrix]:
    """The answers, columns rising; that of scipy comes first."""
    found = []
    for whole, worth in WAYS.values():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compiled, "WORTH_LOADING", worth)
            patch.setattr(neighbours, "_WHOLE_CELLS", whole)
            patch.setattr(neighbours, "_BLOCK_CELLS", 60)  # a few rows at a time
            patch.setattr(neighbours, "_ROWS", 7)
            patch.setattr(symmetric, "_CHUNK", 5)
            found.append(neighbours.similar(left, right, k, size, shrink))
        found[-1].sort_indices()
    return found


@settings(deadline=None)  # the first example compiles
@given(
    st.integers(0, 40), st.integers(1, 30), st.integers(1, 12), st.floats(0.02, 0.9), st.booleans(), st.integers(0, 9)
)
def test_all_ways_give_the_same_cells(rows: int, items: int, k: int, density: float, scaled: bool, seed: int) -> None:
    # weights of thirds, so that sums round; few distinct values, so that cells at the border are equal. A sparse matrix
    # takes the way that notes what was reached, a dense one the way that looks at all columns
    rng = np.random.default_rng(seed)
    chosen = (rng.random((rows, items)) < density) * (rng.integers(1, 3, (rows, 1)) / 3)
    right = sp.csr_matrix(chosen.astype(np.float32))
    left = right.T.tocsr()
    size = neighbours.lengths(left) if scaled else None
    by_scipy, *others = by_all_ways(left, right, k, size, 0.5)
    for other in others:
        np.testing.assert_array_equal(other.indptr, by_scipy.indptr)
        np.testing.assert_array_equal(other.indices, by_scipy.indices)
        np.testing.assert_array_equal(other.data, by_scipy.data)


@pytest.mark.parametrize("similarity", ["cosine", "tfidf", "bm25"])
def test_a_model_answers_alike(similarity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    for whole, worth in WAYS.values():
        monkeypatch.setattr(compiled, "WORTH_LOADING", worth)
        monkeypatch.setattr(neighbours, "_WHOLE_CELLS", whole)
        model = ItemKnn(similarity=similarity, neighbours=3).fit(toy_dataset())
        answers.append(model.score(Query(user_id="ann", at=day(6)), ITEMS))
    np.testing.assert_array_equal(answers[0], answers[1])
    np.testing.assert_array_equal(answers[0], answers[2])
