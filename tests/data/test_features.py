"""Columns of attributes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.arrays import frozen, offsets_of, ragged_positions
from penchant.data.features import Categories, Column, FeatureTable, Numbers, Tags, Texts, Vectors
from penchant.data.strings import Strings
from penchant.data.vocabulary import Vocabulary
from tests.data.columns_as_values import plain


def test_categories_miss_what_is_unknown() -> None:
    column = Categories.of(["x", None, "y", "x"])
    assert column.codes.tolist() == [0, -1, 1, 0] and list(column.names) == ["x", "y"]
    assert Categories.of(["y", "z", None], column.names).codes.tolist() == [1, -1, -1]


def test_no_known_names_is_not_the_same_as_no_names() -> None:
    # a field that was empty in the whole log knows no category; a new one is missing, not number 0
    nothing = Categories.of([None, None])
    assert Categories.of(["x"], nothing.names).codes.tolist() == [-1]
    assert Tags.of([["x"]], Vocabulary.of([])).codes.tolist() == []


def test_tags_are_sets_in_the_order_given() -> None:
    column = Tags.of([["b", "a", "b"], [], ["a"]])
    assert (column.offsets.tolist(), column.codes.tolist(), list(column.names)) == ([0, 2, 2, 3], [0, 1, 1], ["b", "a"])
    assert Tags.of([["a", "new"]], column.names).codes.tolist() == [1]
    assert len(Tags.of([])) == 0 and Tags.of([]).codes.dtype == np.int32


def columns() -> list[Column]:
    numbers = frozen(np.asarray([1.5, np.nan, -2.0], dtype=np.float32))
    return [
        Categories.of(["x", None, "y"]),
        Numbers(numbers),
        Tags.of([["x"], [], ["y", "x"]]),
        Texts(Strings.of(["one", "", "drei ß"])),
        Vectors(frozen(np.arange(6, dtype=np.float32).reshape(3, 2))),
    ]


@pytest.mark.parametrize("column", columns(), ids=lambda column: type(column).__name__)
@given(rows=st.lists(st.integers(0, 2), max_size=6))
def test_take_is_that_of_a_list(column: Column, rows: list[int]) -> None:
    taken = column.take(np.asarray(rows, dtype=np.int64))
    assert type(taken) is type(column) and len(taken) == len(rows)
    assert plain(taken) == [plain(column)[row] for row in rows]


def test_a_table_has_columns_of_one_length() -> None:
    table = FeatureTable(n_rows=3, columns={type(c).__name__: c for c in columns()})
    assert {len(c) for c in table.take(np.asarray([2, 0])).columns.values()} == {2}
    with pytest.raises(ValueError, match="column x: expected 2 rows, got 3"):
        FeatureTable(n_rows=2, columns={"x": columns()[0]})


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 4)), max_size=8))
def test_ragged_positions_are_slices(slices: list[tuple[int, int]]) -> None:
    start, length = (np.asarray([part[i] for part in slices], dtype=np.int64) for i in (0, 1))
    expected = [position for a, n in slices for position in range(a, a + n)]
    assert ragged_positions(start, length).tolist() == expected
    assert offsets_of(length).tolist() == [sum(n for _, n in slices[:i]) for i in range(len(slices) + 1)]
