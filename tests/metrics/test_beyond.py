"""Coverage, exposure, novelty and diversity: small cases by hand, laws, and a slow second way to count."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import BadData
from penchant.metrics.beyond import coverage, gini, intra_list_diversity, novelty

# Three lists over 6 items; the 5 and the 99 stand behind the valid entries and must not count.
ITEMS = np.array([[0, 1, 2], [0, 1, 5], [0, 99, 99]], dtype=np.int32)
N = np.array([3, 2, 1])


def test_coverage_by_hand() -> None:
    # Items 0, 1, 2 of 6.
    assert coverage(ITEMS, N, 6) == 0.5
    assert coverage(np.zeros((0, 3), dtype=np.int32), [], 6) == 0.0
    assert math.isnan(coverage(np.zeros((0, 3), dtype=np.int32), [], 0))


def test_gini_by_hand() -> None:
    # Exposures upwards 0 0 0 1 2 3 with weights -5 -3 -1 1 3 5: (1 + 6 + 15) / (6 x 6) = 22/36.
    assert gini(ITEMS, N, 6) == pytest.approx(22 / 36)
    assert gini([[0, 1], [2, 3]], [2, 2], 4) == 0.0
    # One item of 6 alone: (6 - 1) / 6.
    assert gini([[4], [4]], [1, 1], 6) == pytest.approx(5 / 6)
    assert math.isnan(gini([[4], [4]], [0, 0], 6))


@given(st.lists(st.integers(0, 6), min_size=1, max_size=30))
def test_gini_is_half_the_relative_mean_difference(shown: list[int]) -> None:
    """The definition: mean of |x_i - x_j| over all pairs, divided by twice the mean."""
    exposure = np.bincount(shown, minlength=7).astype(float)
    by_definition = np.abs(exposure[:, None] - exposure).mean() / (2 * exposure.mean())
    assert gini(np.array(shown)[:, None], np.ones(len(shown), dtype=int), 7) == pytest.approx(by_definition)


def test_novelty_by_hand() -> None:
    # Counts 7 3 1 1 0 0 and 6 items: shares of 12 + 6 = 18 are 8/18, 4/18, 2/18.
    counts = [7, 3, 1, 1, 0, 0]
    bits = [math.log2(18 / 8), math.log2(18 / 4), math.log2(18 / 2)]
    expected = [sum(bits) / 3, sum(bits[:2]) / 2, bits[0]]
    assert novelty(ITEMS, N, counts) == pytest.approx(expected)
    assert math.isnan(novelty(ITEMS, [0, 2, 1], counts)[0])
    # An item without events: 1/18, finite.
    assert novelty([[5]], [1], counts)[0] == pytest.approx(math.log2(18))


def test_diversity_by_hand() -> None:
    # Tags: item 0 {0, 1}, item 1 {1, 2}, item 2 {0, 1}, item 3 none.
    indptr, indices = [0, 2, 4, 6, 6], [0, 1, 2, 1, 1, 0]
    found = intra_list_diversity([[0, 1, 2], [0, 2, 3], [0, 3, 3], [0, 1, 2]], [3, 3, 2, 1], indptr, indices)
    # Pairs (0, 1) and (1, 2) share 1 of 3 tags, (0, 2) share all: (2/3 + 2/3 + 0) / 3.
    assert found[0] == pytest.approx(4 / 9)
    # Item 3 has no tags, so only the pair (0, 2) counts.
    assert found[1] == 0.0
    # No pair with tags on both sides, and no pair at all.
    assert np.isnan(found[2:]).all()


def test_a_tag_given_twice_counts_once() -> None:
    # {4} and {4, 5}: one of two shared.
    assert intra_list_diversity([[0, 1]], [2], [0, 3, 5], [4, 4, 4, 5, 4])[0] == pytest.approx(0.5)


def test_diversity_without_any_tags_or_lists() -> None:
    assert np.isnan(intra_list_diversity([[0, 1]], [2], [0, 0, 0], [])).all()
    assert intra_list_diversity(np.zeros((0, 4), dtype=np.int32), [], [0, 1], [0]).shape == (0,)


@pytest.mark.parametrize("n_lists", [1, 200])
def test_diversity_agrees_with_python_sets(n_lists: int) -> None:
    """200 lists of up to 12 items with up to 300 tags each need several blocks."""
    rng = np.random.default_rng(5)
    tags = [set(rng.integers(0, 800, rng.integers(0, 300)).tolist()) for _ in range(40)]
    indptr = np.concatenate(([0], np.cumsum([len(found) for found in tags])))
    indices = np.array([tag for found in tags for tag in found], dtype=np.int32)
    items = np.argsort(rng.random((n_lists, 40)), axis=1)[:, :12].astype(np.int32)
    n = rng.integers(0, 13, n_lists)
    found = intra_list_diversity(items, n, indptr, indices)
    for p in range(n_lists):
        pairs = [(tags[i], tags[j]) for i, j in combinations(items[p, : n[p]].tolist(), 2) if tags[i] and tags[j]]
        apart = [1 - len(a & b) / len(a | b) for a, b in pairs]
        assert found[p] == pytest.approx(np.mean(apart) if apart else math.nan, nan_ok=True, abs=1e-6)


@pytest.mark.parametrize("measure", [coverage, gini])
def test_an_entry_that_is_no_item_is_named(measure: Callable[..., float]) -> None:
    with pytest.raises(BadData, match=r"items\[1, 0\] is 6: expected 0 to 5"):
        measure([[0, 1], [6, 1]], [2, 1], 6)
    with pytest.raises(BadData, match=r"n\[0\] is 3: expected 0 to 2"):
        measure([[0, 1], [2, 1]], [3, 1], 6)
    with pytest.raises(BadData, match=r"n: expected whole numbers of shape \[2\]"):
        measure([[0, 1], [2, 1]], [2], 6)
    with pytest.raises(BadData, match="n_items is 0"):
        measure([[0, 1]], [2], 0)


def test_broken_tags_and_counts_are_named() -> None:
    with pytest.raises(BadData, match="tags_indptr: expected numbers that start at 0"):
        intra_list_diversity([[0, 1]], [2], [0, 2, 1], [0])
    with pytest.raises(BadData, match=r"items\[0, 1\] is 2: expected 0 to 1"):
        intra_list_diversity([[0, 2]], [2], [0, 1, 1], [0])
    with pytest.raises(BadData, match=r"counts\[1\] is -1"):
        novelty([[0]], [1], [1, -1])


def test_arrays_that_come_in_stay_as_they_are() -> None:
    before = ITEMS.copy()
    before.setflags(write=False)
    coverage(before, N, 6)
    gini(before, N, 6)
    novelty(before, N, [1] * 6)
    intra_list_diversity(before, N, [0, 1, 2, 3, 3, 3, 3], [0, 1, 0])
    assert np.array_equal(before, ITEMS)
