"""Sparse neighbour lists: cutting to the strongest, products in blocks, weightings."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from penchant.models import neighbours
from penchant.models.topk import tie_order
from tests.toy import toy_dataset


def test_strongest_keeps_the_greatest_positive_cells():
    matrix = sp.csr_matrix(np.asarray([[3, 1, 2, 0], [0, 0, 0, 0], [-1, 5, 0, 0]], dtype=np.float32))
    kept = neighbours.strongest(matrix, 2)
    np.testing.assert_array_equal(kept.toarray(), [[3, 0, 2, 0], [0, 0, 0, 0], [0, 5, 0, 0]])


@pytest.mark.parametrize("cells", [1, 7, 1_000])
def test_blocks_stack_up_to_the_product(cells: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(neighbours, "_BLOCK_CELLS", cells)
    rng = np.random.default_rng(3)
    # whole numbers, so that no sum depends on its order; rows and columns without a cell included
    left = sp.csr_matrix((rng.random((9, 5)) < 0.3).astype(np.float32) * rng.integers(1, 4, (9, 5)))
    right = sp.csr_matrix((rng.random((5, 6)) < 0.4).astype(np.float32))
    firsts, blocks = zip(*neighbours.product_blocks(left, right), strict=True)
    np.testing.assert_array_equal(sp.vstack(blocks).toarray(), left.toarray() @ right.toarray())
    assert list(firsts) == [0, *np.cumsum([block.shape[0] for block in blocks])[:-1]]


def test_profiles_are_people_or_visits():
    toy = toy_dataset()
    # ann bob cid dee eve; fay has no event
    np.testing.assert_array_equal(np.diff(neighbours.profiles(toy, None).indptr), [4, 4, 4, 3, 3])
    # a pause above 1.1 days: ann (a b c) (a) (d), bob (a b) (d) (c), cid (b c) (a) (e), dee (d e f) (d), eve (d e) (g)
    sizes = np.diff(neighbours.profiles(toy, 1.1).indptr)
    np.testing.assert_array_equal(sizes, [3, 1, 1, 2, 1, 1, 2, 1, 1, 3, 1, 2, 1])


def test_rarity_keeps_sums_of_squares_in_cells():
    chosen = neighbours.profiles(toy_dataset(), None)
    weighted = neighbours.scaled(chosen, columns=neighbours.idf(chosen))
    assert (weighted.data**2).sum() == pytest.approx(chosen.nnz, rel=1e-5)
    # the rarer, the more: f and g with one person above e with three above d with four; h with none has no weight
    _, _, _, d, e, f, g, h = neighbours.idf(chosen)
    assert f == g > e > d > h == 0


def test_a_matrix_survives_packing():
    matrix = neighbours.profiles(toy_dataset(), None)
    again = neighbours.unpacked(neighbours.packed(matrix))
    assert again.shape == matrix.shape
    np.testing.assert_array_equal(again.toarray(), matrix.toarray())


def test_a_row_without_a_cell_is_no_opinion():
    dense = neighbours.densified(sp.csr_matrix(np.asarray([[0, 2], [0, 0]], dtype=np.float32)))
    np.testing.assert_array_equal(dense, [[0, 2], [np.nan, np.nan]])


def test_similar_is_the_product_cut_and_divided():
    # rows of left @ left.T: (4, 2, 0), (2, 5, 3), (0, 3, 9); lengths 2, sqrt 5, 3; shrink 1
    left = sp.csr_matrix(np.asarray([[2, 0, 0], [1, 2, 0], [0, 1.5, 2.598076]], dtype=np.float32))
    size = neighbours.lengths(left)
    both = neighbours.similar(left, left.T.tocsr(), 1, size, 1.0).toarray()
    ab, bc = 2 / (2 * 5**0.5 + 1), 3 / (3 * 5**0.5 + 1)
    np.testing.assert_allclose(both, [[0, ab, 0], [0, 0, bc], [0, bc, 0]], rtol=1e-5)
    np.testing.assert_allclose(
        neighbours.similar(left, left.T.tocsr(), 2, None, 1.0).toarray(), [[0, 2, 0], [2, 0, 3], [0, 3, 0]], rtol=1e-5
    )


def test_equals_at_the_border_are_taken_in_the_fixed_order():
    matrix = sp.csr_matrix(np.ones((1, 50), dtype=np.float32))
    kept = neighbours.strongest(matrix, 7).indices
    assert sorted(kept.tolist()) == sorted(np.argsort(tie_order(50))[:7].tolist())
