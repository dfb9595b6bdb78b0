"""Attributes as sparse terms: weights by hand, missing values, and what came after the terms were learned."""

from __future__ import annotations

import math

import numpy as np
import pytest

from penchant.data.arrays import frozen
from penchant.data.features import Categories, Column, Numbers, Tags, Texts
from penchant.data.strings import Strings
from penchant.data.terms import Terms, learned_terms, terms_of, unit_rows

LIMITS = {"n_bins": 3, "min_items": 1, "max_words": 10}


def numbers(*values: float) -> Numbers:
    return Numbers(frozen(np.asarray(values, dtype=np.float32)))


def texts(*values: str) -> Texts:
    return Texts(Strings.of(values))


def test_rare_tags_weigh_more():
    column = Tags.of([["x", "y"], ["x"], []])
    learned = learned_terms("tags", column, **LIMITS)
    # x is had by 2 of 3 items, y by 1: 1 + log(4 / 3) and 1 + log(4 / 2)
    x, y = 1 + math.log(4 / 3), 1 + math.log(2)
    assert learned.weight == pytest.approx([x, y])
    length = math.hypot(x, y)
    assert terms_of(learned, column).toarray() == pytest.approx(np.asarray([[x / length, y / length], [1, 0], [0, 0]]))


def test_borders_of_bins_belong_to_the_upper_bin():
    learned = learned_terms("year", numbers(1, 2, 3, 4, 5, 6, np.nan), **LIMITS)
    # thirds of 1..6, the higher neighbour: quantile 1/3 lies between 2 and 3, quantile 2/3 between 4 and 5
    assert learned.edges.tolist() == [3, 5]
    found = terms_of(learned, numbers(-100, 2.9, 3, 5, 100, np.nan)).toarray()
    assert found.argmax(axis=1)[:5].tolist() == [0, 0, 1, 2, 2]
    assert not found[5].any()


def test_numbers_that_are_all_alike_make_one_bin():
    learned = learned_terms("year", numbers(7, 7, 7), **LIMITS)
    found = terms_of(learned, numbers(7, 7, 7)).toarray()
    assert (found.argmax(axis=1) == found.argmax(axis=1)[0]).all() and found.any(axis=1).all()


def test_words_are_cut_by_frequency():
    column = texts("red sky", "red sea", "red", "Sea of i", "")
    # "i" is a single letter; red 3, sea 2, then of and sky by alphabet
    assert list(learned_terms("title", column, n_bins=0, min_items=1, max_words=3).names) == ["red", "sea", "of"]
    assert list(learned_terms("title", column, n_bins=0, min_items=2, max_words=10).names) == ["red", "sea"]


@pytest.mark.parametrize("column", [texts("", ""), texts("!", "?"), numbers(np.nan, np.nan), Tags.of([[], []])])
def test_an_attribute_that_says_nothing_has_no_column(column: Column):
    learned = learned_terms("none", column, **LIMITS)
    assert terms_of(learned, column).shape == (2, 0)


def test_other_code_numbers_and_unknown_names_are_understood():
    learned = learned_terms("shelf", Categories.of(["x", "y", "x"]), **LIMITS)
    later = Categories.of(["new", "y", None, "x"])
    assert later.codes[1] == 1 and later.codes[3] == 2  # y and x have other numbers now
    assert terms_of(learned, later).toarray().tolist() == [[0, 0], [0, 1], [0, 0], [1, 0]]


@pytest.mark.parametrize("column", [texts("red sky", "red"), numbers(1, 2, 3), Tags.of([["x"], ["y", "x"]])])
def test_packed_and_back(column: Column):
    learned = learned_terms("attribute", column, **LIMITS)
    back = Terms.unpacked(learned.packed())
    assert back.name == "attribute"
    assert (terms_of(back, column) != terms_of(learned, column)).nnz == 0


def test_unit_rows_leave_the_given_matrix_alone():
    matrix = terms_of(learned_terms("tags", Tags.of([["x"]]), **LIMITS), Tags.of([["x"]])) * np.float32(3)
    assert unit_rows(matrix).data.tolist() == [1.0]
    assert matrix.data.tolist() == [3.0]
