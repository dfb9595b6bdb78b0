"""Circumstances as codes, visits that began in training, fields that tell the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.data.arrays import frozen
from penchant.data.features import Categories, Numbers, Texts
from penchant.data.strings import Strings
from penchant.evaluate.ledger.fields import Coded, attributes, begun_before, circumstances, likeness
from tests.evaluate.logs import dataset

HOUR = 3_600_000
MONDAY = 1_736_121_600_000


def test_the_clock_and_numbers_become_codes() -> None:
    at = MONDAY + np.asarray([0, 4, 23, 24 * 5 + 13]) * HOUR  # Monday 0, 4 and 23 o'clock, Saturday 13 o'clock
    data = dataset(np.zeros(4, dtype=np.int32), np.arange(4), at)
    warmth = Numbers(frozen(np.asarray([1.0, 2.0, np.nan, 3.0], dtype=np.float32)))
    data = replace(data, interactions=replace(data.interactions, context={"warmth": warmth}))
    found, left_out = circumstances(data, 4)
    assert {one.name: one.codes.tolist() for one in found} == {
        "hour of day": [0, 1, 7, 4],
        "weekend": [0, 0, 0, 1],
        # fifths of 1, 2, 3 end at 1.4, 1.8, 2.2 and 2.6
        "warmth": [0, 2, -1, 4],
    }
    assert left_out == {}


def test_a_clock_that_stands_still_is_no_circumstance() -> None:
    at = MONDAY + np.arange(4) * 24 * HOUR
    data = dataset(np.zeros(4, dtype=np.int32), np.arange(4), at)
    assert circumstances(data, 4) == ([], {})


def test_names_and_texts_are_left_out_with_a_reason() -> None:
    names = Categories.of([f"z{i}" for i in range(201)])
    texts = Texts(Strings.of(["a"] * 201))
    same = Categories.of(["x"] * 201)
    found, left_out = attributes({"zip": names, "about": texts, "land": same})
    assert found == []
    assert left_out["zip"].startswith("has 201 values") and "neither" in left_out["about"]
    assert left_out["land"] == "has the same value everywhere"


def test_visits_that_began_before_the_cut() -> None:
    # person 0 at hours 0, 5, 10 (one visit, pauses of 5 hours) and 17; person 1 at hours 6 and 11; the cut is row 3
    user = np.asarray([0, 0, 1, 0, 1, 0], dtype=np.int32)
    at = MONDAY + np.asarray([0, 5, 6, 10, 11, 17]) * HOUR
    data = dataset(user, np.arange(6), at)
    assert begun_before(data, 3).tolist() == [True, True, True, True, True, False]
    sessions = frozen(np.asarray([0, 0, 1, 2, 3, 2], dtype=np.int64))
    named = replace(data, interactions=replace(data.interactions, session=sessions))
    assert begun_before(named, 3).tolist() == [True, True, True, False, False, False]


def test_likeness_of_fields() -> None:
    rows = np.arange(6)
    first = Coded(name="a", codes=np.asarray([0, 0, 1, 1, 2, 2], dtype=np.int32), n_values=3)
    same = Coded(name="b", codes=np.asarray([2, 2, 0, 0, 1, 1], dtype=np.int32), n_values=3)
    other = Coded(name="c", codes=np.asarray([0, 1, 0, 1, 0, 1], dtype=np.int32), n_values=2)
    assert likeness(first, same, rows) == pytest.approx(1.0)
    assert likeness(first, other, rows) == pytest.approx(0.0, abs=1e-12)
