"""The truth tables of Kleene's strong logic."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.pipeline.expression.logic import Verdicts

YES, NO, UNKNOWN = True, False, None


def verdict(value: bool | None) -> Verdicts:
    return Verdicts.unknown() if value is None else Verdicts.of(value)


def read(verdicts: Verdicts) -> bool | None:
    assert not (verdicts.yes & verdicts.no).any()
    return True if verdicts.yes.all() else False if verdicts.no.all() else None


@pytest.mark.parametrize(
    ("a", "b", "both", "either"),
    [
        (YES, YES, YES, YES), (YES, NO, NO, YES), (NO, NO, NO, NO),
        (YES, UNKNOWN, UNKNOWN, YES), (NO, UNKNOWN, NO, UNKNOWN), (UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
    ],
)  # fmt: skip
def test_tables(a: bool | None, b: bool | None, both: bool | None, either: bool | None) -> None:
    assert read(verdict(a) & verdict(b)) is both is read(verdict(b) & verdict(a))
    assert read(verdict(a) | verdict(b)) is either is read(verdict(b) | verdict(a))
    assert read(~verdict(a)) is (None if a is None else not a)


def test_one_for_all_meets_one_each() -> None:
    each = Verdicts.of(np.asarray([True, False, True]), np.asarray([True, True, False]))
    assert (each & verdict(YES)).yes.tolist() == [True, False, False]
    assert (each | verdict(NO)).no.tolist() == [False, True, False]
    assert each.at(np.asarray([2, 1])).no.tolist() == [False, True]
    assert verdict(YES).at(np.asarray([2, 1])).yes.all()
