"""Candidates and common scales, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.sequences import Histories
from penchant.models.pool import pooled, softened, standardised

NAN = np.nan


def table(*rows: list[float]) -> np.ndarray:
    return np.asarray(rows, dtype=np.float32)


def past(n: int, *items: int) -> Histories:
    """The items as the past of the first of n queries."""
    empty = Histories.empty(n)
    offsets = np.append(0, np.full(n, len(items)))
    k = len(items)
    return Histories(
        offsets=offsets, item=np.asarray(items, dtype=np.int32), at=np.zeros(k, dtype=np.int64),
        kind=np.zeros(k, dtype=np.int8), value=np.ones(k, dtype=np.float32), context=empty.context,
    )  # fmt: skip


def test_the_best_of_each_member():
    one, two = table([5, 4, 0, 0, 1]), table([0, 0, 9, 0, 8])
    pool = pooled([one, two], 2)
    # items 0 and 1 of the first, 2 and 4 of the second
    assert pool.item.tolist() == [0, 1, 2, 4]
    assert pool.owner.tolist() == [0, 0, 0, 0]
    assert pool.of(two).tolist() == [0, 0, 9, 8]


def test_what_is_not_allowed_or_without_opinion_or_worst_is_no_candidate():
    scores = table([3, NAN, 2, 0, 0], [NAN, NAN, NAN, NAN, NAN])
    allowed = np.ones((2, 5), dtype=np.bool_)
    allowed[0, 0] = False
    pool = pooled([scores], 4, allowed)
    assert (pool.owner.tolist(), pool.item.tolist()) == ([0], [2])
    assert pool.starts.tolist() == [0, 1, 1]


def test_standardised_by_hand():
    # mean 2 and deviation sqrt((1 + 1 + 0) / 3) over the three known items; the last item came later and only gets the scale
    known = np.asarray([True, True, True, True, False])
    found = standardised(table([1, 3, 2, NAN, 6]), known, Histories.empty(1))
    scale = 1 / np.sqrt(2 / 3)
    assert found[0] == pytest.approx([-scale, scale, 0, 0, 4 * scale], rel=1e-5)


def test_a_late_item_changes_nothing_for_the_others():
    known = np.asarray([True, True, True, False])
    few = standardised(table([1, 3, 2, 100]), known, Histories.empty(1))
    assert few[0, :3] == pytest.approx(standardised(table([1, 3, 2, -5]), known, Histories.empty(1))[0, :3])


def test_late_items_of_the_own_past_count():
    # the model says something about the late item 3 alone; without it the deviation would be 0 and so would its score
    known = np.asarray([True, True, True, False])
    assert standardised(table([0, 0, 0, 1]), known, Histories.empty(1)).tolist() == [[0, 0, 0, 0]]
    # mean 1/4, deviation sqrt(3)/4: (1 - 1/4) / (sqrt(3)/4) = sqrt(3)
    assert standardised(table([0, 0, 0, 1]), known, past(1, 3))[0, 3] == pytest.approx(np.sqrt(3), rel=1e-5)


def test_softened():
    assert softened(table([-2, 0, np.e - 1]))[0] == pytest.approx([0, 0, 1])
