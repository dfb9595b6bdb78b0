"""Ragged pasts as rectangles, filled from the left."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.batch import QueryBatch, SequenceBatch
from penchant.data.features import FeatureTable
from penchant.data.sequences import Histories
from tests.toy import toy_dataset


def numbers(*values: int) -> np.ndarray:
    return np.asarray(values, dtype=np.int64)


def test_ragged_values_become_a_rectangle():
    batch = SequenceBatch.of(numbers(2, 0, 3), numbers(5, 6, 1, 2, 3), numbers(10, 20, 1, 2, 2), n_items=9)
    assert batch.item.tolist() == [[5, 6, 9], [9, 9, 9], [1, 2, 3]]
    assert batch.at.tolist() == [[10, 20, 20], [0, 0, 0], [1, 2, 2]]
    assert batch.real.tolist() == [[True, True, False], [False] * 3, [True] * 3]
    assert batch.length.tolist() == [2, 0, 3]
    assert [part.dtype.name for part in (batch.item, batch.at, batch.real)] == ["int64", "int64", "bool"]


@pytest.mark.parametrize("lengths", [(), (0,), (0, 0)])
def test_nothing_is_one_place_wide(lengths):
    batch = SequenceBatch.of(numbers(*lengths), numbers(), numbers(), n_items=4)
    assert batch.item.shape == batch.real.shape == (len(lengths), 1)
    assert (batch.item == 4).all() and not batch.real.any()


def test_the_newest_events_of_each_past_are_taken():
    # ann a b c a d | bob a b d c | cid b c a e | dee d (e f) d | eve d e g | fay nothing
    data = toy_dataset()
    offsets = data.sequences.offsets
    batch = SequenceBatch.of_histories(data.sequences.histories(offsets[:-1], offsets[1:]), n_items=8, max_len=3)
    assert batch.item.tolist() == [[2, 0, 3], [1, 3, 2], [2, 0, 4], [4, 5, 3], [3, 4, 6], [8, 8, 8]]
    assert batch.length.tolist() == [3, 3, 3, 3, 3, 0]
    assert (np.diff(batch.at, axis=1) >= 0).all()


def test_the_width_is_that_of_the_longest_and_not_of_the_limit():
    data = toy_dataset()
    offsets = data.sequences.offsets
    whole = SequenceBatch.of_histories(data.sequences.histories(offsets[:-1], offsets[1:]), n_items=8, max_len=50)
    assert whole.item.shape == (6, 5)
    assert whole.item[whole.real].tolist() == data.interactions.item[data.sequences.rows].tolist()


def test_parts_that_speak_of_other_queries_are_refused():
    with pytest.raises(ValueError, match="parts of different lengths, expected 2 rows each"):
        QueryBatch(
            at=numbers(1, 2),
            user=np.zeros(2, dtype=np.int32),
            history=Histories.empty(3),
            user_features=FeatureTable(n_rows=2),
            items=FeatureTable(n_rows=4),
            popularity=toy_dataset().popularity,
        )


def test_rectangles_may_be_a_little_wider_so_that_there_are_few_shapes():
    def wide(longest, **shape):
        length = np.array([longest, 1], dtype=np.int64)
        item, at = np.zeros(longest + 1, dtype=np.int32), np.arange(longest + 1, dtype=np.int64)
        return SequenceBatch.of(length, item, at, n_items=5, **shape).item.shape[1]

    assert [wide(n, step=16, most=50) for n in (1, 16, 17, 40, 49, 50)] == [16, 16, 32, 48, 50, 50]
    assert wide(60, step=16, most=50) == 60
    assert wide(3) == 3
