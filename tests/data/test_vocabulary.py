"""The only translator between ids and numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.vocabulary import Vocabulary
from penchant.errors import BadData

ids = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


@given(st.lists(ids, unique=True, max_size=12), st.lists(ids, max_size=8))
def test_numbers_and_ids_are_inverse(known: list[str], asked: list[str]) -> None:
    vocabulary = Vocabulary.of(known)
    assert list(vocabulary) == known and len(vocabulary) == len(known)
    assert [vocabulary.number(text) for text in known] == list(range(len(known)))
    numbers, unknown = vocabulary.numbers(asked)
    assert [vocabulary.id(int(n)) for n in numbers] == [text for text in asked if text in known]
    assert vocabulary.ids_of(numbers) == [text for text in asked if text in known]
    assert unknown == [text for text in asked if text not in known]
    assert numbers.dtype == "int32"


@given(st.lists(ids, unique=True, max_size=8), st.lists(ids, max_size=8))
def test_append_only(known: list[str], more: list[str]) -> None:
    vocabulary = Vocabulary.of(known)
    longer = vocabulary.extended(more)
    assert list(longer)[: len(known)] == known
    assert set(longer) == set(known) | set(more) and len(set(longer)) == len(longer)
    assert list(vocabulary) == known
    assert all(text in longer for text in more)


def test_unknown_is_none_and_twice_is_an_error() -> None:
    vocabulary = Vocabulary.of(["a", ""])
    assert vocabulary.number("b") is None and "b" not in vocabulary and vocabulary.number("") == 1
    with pytest.raises(IndexError):
        vocabulary.id(-1)
    with pytest.raises(BadData, match="an id comes twice"):
        Vocabulary.of(["a", "a"])


def test_two_vocabularies_that_grew_from_one_do_not_know_each_other() -> None:
    base = Vocabulary.of(["a", "b"])
    left, right = base.extended(["c", "a"]), base.extended(["d", "e"])
    more = left.extended(["d"])
    assert [left.number(x) for x in "abcd"] == [0, 1, 2, None] and [right.number(x) for x in "cde"] == [None, 2, 3]
    assert list(more) == ["a", "b", "c", "d"] and more.numbers(["d", "x", "c"])[0].tolist() == [3, 2]
    assert "c" in more and "c" not in base and len(base.extended(["a"])) == 2
    # as many later ids as first ones, and more
    many = base.extended(str(i) for i in range(3000))
    assert many.number("2999") == 3001 and many.number("b") == 1 and many.extended(["z"]).number("z") == 3002
