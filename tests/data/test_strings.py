"""Packed strings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.strings import Strings

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=12)


@given(texts)
def test_what_goes_in_comes_out(listed: list[str]) -> None:
    packed = Strings.of(listed)
    assert (len(packed), packed.to_list(), list(packed)) == (len(listed), listed, listed)
    assert [packed[i] for i in range(len(listed))] == listed


@given(texts, st.data())
def test_take_and_joined_are_those_of_lists(listed: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(listed) - 1), max_size=8)) if listed else []
    packed = Strings.of(listed)
    taken = packed.take(np.asarray(rows, dtype=np.int64))
    assert taken.to_list() == [listed[row] for row in rows]
    assert taken.joined(packed).to_list() == [listed[row] for row in rows] + listed


def test_read_only_and_within_bounds() -> None:
    packed = Strings.of(["a", "", "ß"])
    assert packed.blob.tolist() == [97, 195, 159] and packed.offsets.tolist() == [0, 1, 1, 3]
    with pytest.raises(ValueError, match="read-only"):
        packed.offsets[0] = 1
    for outside in (-1, 3):
        with pytest.raises(IndexError, match="of 3"):
            packed[outside]
