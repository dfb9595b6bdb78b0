"""Layers of circumstances, and the exact mean over all permutations within a person."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from penchant.evaluate.ledger.exam import Block
from penchant.evaluate.ledger.layers import Layer, others, permuted, ranked, standing


def test_log_scores_keep_the_ranking_and_its_ends() -> None:
    scores = np.asarray([[2.0, 1.0, 0.0, -1.0, np.nan, 8.0]], dtype=np.float32)
    allowed = np.asarray([[True, True, True, True, True, False]])
    one = standing(scores, Block(rows=np.arange(1), target=np.asarray([1], dtype=np.int32), allowed=allowed))
    row = one.scores[0]
    assert (np.diff(row[:5]) < 0).all()
    assert row[5] == -np.inf
    # a share of the greatest score, 8: log(2/8) and log(1/8)
    assert row[:2] == pytest.approx(np.log([0.25, 0.125]), rel=1e-5)
    # one item stands above the target: 1 / log2(3)
    assert ranked(one.scores, one.target) == pytest.approx([1 / np.log2(3)])


def test_the_mean_over_values_is_the_mean_over_all_permutations() -> None:
    rng = np.random.default_rng(4)
    n_items, codes = 6, np.asarray([0, 1, 2, 1, 0], dtype=np.int32)
    target = np.asarray([0, 3, 2, 5, 1], dtype=np.int32)
    scores = rng.random((5, n_items)).astype(np.float32)
    table = np.vstack([rng.standard_normal((3, n_items)), np.zeros(n_items)]).astype(np.float32)
    user = np.zeros(5, dtype=np.int32)
    one = standing(scores, Block(rows=np.arange(5), target=target, allowed=np.ones((5, n_items), dtype=np.bool_)))
    layer = Layer(table=table, codes=codes, strength=0.7)
    true = ranked(one.scores + layer.added(one.rows), target)
    found = permuted(one, one.scores, layer, others(user, codes, user, codes), true)
    drawn = [
        ranked(one.scores + table[codes[list(order)]] * np.float32(0.7), target) for order in permutations(range(5))
    ]
    assert found == pytest.approx(np.mean(drawn, axis=0))


def test_values_change_places_within_a_person_and_only_where_they_vary() -> None:
    # person 0 has moods 0, 1, 1; person 1 always 2; person 2 states nothing at her question
    user = np.asarray([0, 0, 1, 2], dtype=np.int32)
    codes = np.asarray([0, 1, 2, -1], dtype=np.int32)
    moments_user = np.asarray([0, 0, 0, 1, 1, 2, 2], dtype=np.int32)
    moments = np.asarray([0, 1, 1, 2, 2, 0, 1], dtype=np.int32)
    found = others(user, codes, moments_user, moments)
    assert found.varies.tolist() == [True, True, False, False]
    assert list(zip(found.question.tolist(), found.value.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert found.share.tolist() == pytest.approx([1 / 3, 2 / 3, 1 / 3, 2 / 3])


def test_what_cannot_vary_keeps_its_figure() -> None:
    scores = np.asarray([[1.0, 2.0]], dtype=np.float32)
    one = standing(
        scores, Block(rows=np.arange(1), target=np.zeros(1, dtype=np.int32), allowed=np.ones((1, 2), dtype=np.bool_))
    )
    codes = np.zeros(1, dtype=np.int32)
    layer = Layer(table=np.asarray([[3.0, 0.0], [0.0, 0.0]], dtype=np.float32), codes=codes, strength=1.0)
    true = ranked(one.scores + layer.added(one.rows), one.target)
    assert true.tolist() == [1.0]
    assert permuted(one, one.scores, layer, others(codes, codes, codes, codes), true).tolist() == [1.0]
