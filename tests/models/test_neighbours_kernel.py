"""The compiled product against its twin in numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.models import compiled, neighbours
from penchant.models.itemknn import ItemKnn
from penchant.query import Query
from tests.toy import ITEMS, day, toy_dataset

pytest.importorskip("numba", reason="needs the extra `fast`")


def both_ways(
    left: sp.csr_matrix, right: sp.csr_matrix, k: int, size: np.ndarray | None, shrink: float
) -> list[sp.csr_matrix]:
    """The answer of scipy and that of compiled code, columns rising."""
    found = []
    for threshold in (1 << 60, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compiled, "WORTH_LOADING", threshold)
            patch.setattr(neighbours, "_BLOCK_CELLS", 60)  # a few rows at a time
            found.append(neighbours.similar(left, right, k, size, shrink))
        found[-1].sort_indices()
    return found


@settings(deadline=None)  # the first example compiles
@given(
    st.integers(0, 40), st.integers(1, 30), st.integers(1, 12), st.floats(0.02, 0.9), st.booleans(), st.integers(0, 9)
)
def test_both_ways_give_the_same_cells(rows: int, items: int, k: int, density: float, scaled: bool, seed: int) -> None:
    # weights of thirds, so that sums round; few distinct values, so that cells at the border are equal. A sparse matrix
    # takes the way that notes what was reached, a dense one the way that looks at all columns
    rng = np.random.default_rng(seed)
    chosen = (rng.random((rows, items)) < density) * (rng.integers(1, 3, (rows, 1)) / 3)
    right = sp.csr_matrix(chosen.astype(np.float32))
    left = right.T.tocsr()
    size = neighbours.lengths(left) if scaled else None
    by_scipy, by_kernel = both_ways(left, right, k, size, 0.5)
    np.testing.assert_array_equal(by_kernel.indptr, by_scipy.indptr)
    np.testing.assert_array_equal(by_kernel.indices, by_scipy.indices)
    np.testing.assert_array_equal(by_kernel.data, by_scipy.data)


@pytest.mark.parametrize("similarity", ["cosine", "tfidf", "bm25"])
def test_a_model_answers_alike(similarity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    for threshold in (1 << 60, 0):
        monkeypatch.setattr(compiled, "WORTH_LOADING", threshold)
        model = ItemKnn(similarity=similarity, neighbours=3).fit(toy_dataset())
        answers.append(model.score(Query(user_id="ann", at=day(6)), ITEMS))
    np.testing.assert_array_equal(answers[0], answers[1])
