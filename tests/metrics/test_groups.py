"""Means per person and slices of people."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import BadData
from penchant.metrics.groups import mean_by_group, slices
from penchant.metrics.intervals import mean_interval


def test_mean_per_person_by_hand() -> None:
    # Person 0: (1 + 0) / 2, person 1 asked nothing, person 2: .3 (the NaN does not count), person 3: only NaN.
    found = mean_by_group([1.0, 0.3, math.nan, 0.0, math.nan], [0, 2, 2, 0, 3], 4)
    assert found == pytest.approx([0.5, math.nan, 0.3, math.nan], nan_ok=True)


def test_busy_people_do_not_outvote_others() -> None:
    # 99 questions of one person at 1, one of another at 0: the mean over people is .5, over questions .99.
    values, person = np.r_[np.ones(99), 0.0], np.r_[np.zeros(99, dtype=int), 1]
    assert mean_by_group(values, person, 2).mean() == 0.5


@given(st.lists(st.tuples(st.one_of(st.floats(-5, 5), st.just(math.nan)), st.integers(0, 4)), max_size=30))
def test_means_agree_with_a_loop(rows: list[tuple[float, int]]) -> None:
    found = mean_by_group([value for value, _ in rows], [group for _, group in rows], 5)
    for group in range(5):
        known = [value for value, number in rows if number == group and not math.isnan(value)]
        expected = sum(known) / len(known) if known else math.nan
        assert found[group] == pytest.approx(expected, nan_ok=True, abs=1e-12)


def test_slices_are_the_intervals_of_their_people() -> None:
    values = np.array([0.1, 0.9, 0.3, math.nan, 0.8, 0.2])
    found = slices(values, ["warm", "cold", "warm", "warm", "cold", "warm"])
    assert list(found) == ["cold", "warm"]
    assert found["cold"] == mean_interval([0.9, 0.8])
    assert found["warm"] == mean_interval([0.1, 0.3, 0.2])
    assert found["warm"].n == 3


def test_slices_by_number_and_by_object_texts() -> None:
    assert [*slices([1.0, 2.0, 3.0], [10, 9, 10])] == [9, 10]
    assert [*slices([1.0, 2.0], np.array(["b", "a"], dtype=object))] == ["a", "b"]
    assert slices([], []) == {}


def test_wrong_groups_and_labels_are_named() -> None:
    with pytest.raises(BadData, match=r"group\[1\] is 2: expected 0 to 1"):
        mean_by_group([1.0, 1.0], [0, 2], 2)
    with pytest.raises(BadData, match=r"group: expected whole numbers of shape \[2\]"):
        mean_by_group([1.0, 1.0], [0], 2)
    with pytest.raises(BadData, match="one for each of 2 people"):
        slices([1.0, 1.0], ["a"])
    with pytest.raises(BadData, match=r"labels\[1\] is None"):
        slices([1.0, 1.0], np.array(["a", None], dtype=object))
    with pytest.raises(BadData, match="texts or whole numbers, got float64"):
        slices([1.0, 1.0], np.array([0.5, 0.5]))
