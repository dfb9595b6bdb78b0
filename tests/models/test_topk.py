"""The one top-k and the one masking, against sorting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.arrays import Float32, offsets_of
from penchant.data.sequences import Histories
from penchant.models.topk import allow_only, forbid, forbid_seen, tie_order, top_k

values = st.sampled_from([0.0, 0.0, -0.0, 1.0, 0.5, -2.0, float("nan"), float("inf"), float("-inf")])
blocks = st.integers(1, 9).flatmap(lambda n: st.lists(st.lists(values, min_size=n, max_size=n), min_size=1, max_size=4))


@given(blocks, st.integers(1, 12))
def test_agrees_with_sorting(rows: list[list[float]], k: int) -> None:
    scores = np.asarray(rows, dtype=np.float32)
    before = scores.copy()
    best = top_k(scores, k)
    order = tie_order(scores.shape[1])
    for b, row in enumerate(rows):
        finite = [i for i, value in enumerate(row) if np.isfinite(value)]
        expected = sorted(finite, key=lambda i: (-row[i], order[i]))[:k]
        assert best.items[b, : best.n[b]].tolist() == expected
        assert best.scores[b, : best.n[b]].tolist() == [row[i] for i in expected]
    assert best.items.shape[1] == min(k, scores.shape[1])
    np.testing.assert_array_equal(scores, before)


def test_large_rows_with_many_equals() -> None:
    rng = np.random.default_rng(1)
    scores = rng.integers(0, 3, (5, 3_000)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.2] = np.nan
    order = tie_order(3_000)
    best = top_k(scores, 40)
    for b in range(5):
        finite = np.flatnonzero(np.isfinite(scores[b]))
        expected = finite[np.lexsort((order[finite], -scores[b][finite]))][:40]
        assert best.items[b].tolist() == expected.tolist()


kinds_of_rows = st.sampled_from(["distinct", "few values", "mostly zero", "mostly NaN", "all NaN", "with infinities"])


def made_row(kind: str, n: int, rng: np.random.Generator) -> Float32:
    row = rng.standard_normal(n).astype(np.float32)
    if kind == "few values":
        row = np.round(row)
    elif kind == "mostly zero":
        row[rng.random(n) < 0.97] = rng.choice([0.0, -0.0])
    elif kind == "mostly NaN":
        row[rng.random(n) < 0.97] = np.nan
    elif kind == "all NaN":
        row[:] = np.nan
    elif kind == "with infinities":
        row[rng.random(n) < 0.3] = rng.choice([np.inf, -np.inf])
    return row


@given(st.lists(kinds_of_rows, min_size=1, max_size=6), st.integers(1, 700), st.integers(1, 60), st.integers(0, 9))
def test_any_mixture_of_rows_agrees_with_sorting(kinds: list[str], n: int, k: int, seed: int) -> None:
    # wide rows take the short way (bounds from groups of items), unless many scores are equal or none is known
    rng = np.random.default_rng(seed)
    scores = np.stack([made_row(kind, n, rng) for kind in kinds])
    order = tie_order(n)
    best = top_k(scores, k)
    for b in range(len(kinds)):
        finite = np.flatnonzero(np.isfinite(scores[b]))
        expected = finite[np.lexsort((order[finite], -scores[b][finite]))][:k]
        assert best.items[b, : best.n[b]].tolist() == expected.tolist()
        np.testing.assert_array_equal(best.scores[b, : best.n[b]], scores[b][expected])


def test_a_row_is_ranked_alike_in_any_block() -> None:
    rng = np.random.default_rng(2)
    scores = np.stack([made_row(kind, 2_000, rng) for kind in ("distinct", "mostly zero", "few values", "mostly NaN")])
    together = top_k(scores, 20)
    for b in range(4):
        assert top_k(scores[b : b + 1], 20).items[0].tolist() == together.items[b].tolist()


def test_no_item_at_all() -> None:
    assert top_k(np.zeros((2, 0), dtype=np.float32), 3).n.tolist() == [0, 0]
    assert top_k(np.full((1, 4), np.nan, dtype=np.float32), 3).n.tolist() == [0]


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_the_tie_order_is_a_fixed_scrambled_permutation(n: int) -> None:
    order = tie_order(n)
    assert sorted(order.tolist()) == list(range(n))
    if n == 1000:
        # early items are not favoured: their mean place is the middle
        assert abs(order[:500].mean() - 499.5) < 30
    with pytest.raises(ValueError, match="read-only"):
        order[0] = 1


def block() -> Float32:
    return np.arange(8, dtype=np.float32).reshape(2, 4)


def test_masks() -> None:
    history = Histories(
        offsets=offsets_of([2, 0]),
        item=np.asarray([3, 3], dtype=np.int32),
        at=np.zeros(2, dtype=np.int64),
        kind=np.zeros(2, dtype=np.int8),
        value=np.ones(2, dtype=np.float32),
    )
    scores = block()
    forbid_seen(scores, history)
    assert np.isnan(scores).tolist() == [[False, False, False, True], [False] * 4]
    scores = block()
    forbid_seen(scores, history, np.asarray([False, True]))
    assert not np.isnan(scores).any()
    scores = block()
    forbid(scores, [np.asarray([0], dtype=np.int32), np.asarray([], dtype=np.int32)])
    assert np.isnan(scores).tolist() == [[True, False, False, False], [False] * 4]


def test_only_candidates_keep_their_score() -> None:
    scores = block()
    allow_only(scores, [None, np.asarray([2, 0], dtype=np.int32)])
    np.testing.assert_array_equal(scores, [[0, 1, 2, 3], [4, np.nan, 6, np.nan]])
    allow_only(scores, [np.asarray([], dtype=np.int32), None])
    assert np.isnan(scores[0]).all()
