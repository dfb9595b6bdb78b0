"""Validation questions: how many people are asked, and when a gain is more than luck."""

from __future__ import annotations

import math

import numpy as np
import pytest

from penchant.errors import BadData
from penchant.evaluate import validation as validation_file
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.validation import Validation, clearly_greater, mean_of, standard_errors
from penchant.log import SILENT
from penchant.models.popular import Popular
from tests.evaluate.logs import dataset, random_log


def test_a_gain_is_measured_in_its_standard_errors() -> None:
    # gains .1, .2, 0, .1: mean .1, variance .02 / 3, standard error sqrt(.00667 / 4) = .0408; 2.449 of them
    assert standard_errors(np.array([0.6, 0.7, 0.5, 0.6]), np.full(4, 0.5)) == pytest.approx(2.449, abs=1e-3)
    # people without a value on one side do not count
    nan = math.nan
    assert standard_errors(np.array([0.6, 0.7, 0.5, 0.6, 9, nan]), np.array([0.5] * 4 + [nan, 0.5])) == pytest.approx(
        2.449, abs=1e-3
    )
    assert standard_errors(np.array([0.6, nan]), np.array([0.1, 0.1])) == 0
    assert standard_errors(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 0


def test_clearly_greater_is_more_than_one_standard_error() -> None:
    assert clearly_greater(np.array([0.6, 0.7, 0.5, 0.6]), np.full(4, 0.5))
    assert not clearly_greater(np.full(4, 0.5), np.array([0.6, 0.7, 0.5, 0.6]))
    # mean .075 is less than its standard error .111
    assert not clearly_greater(np.array([0.9, 0.5, 0.4, 0.5]), np.full(4, 0.5))
    # the same gain for everybody is beyond doubt
    assert clearly_greater(np.full(3, 0.75), np.full(3, 0.5)) and not clearly_greater(np.full(3, 0.5), np.full(3, 0.75))


def test_the_mean_leaves_out_who_has_no_value() -> None:
    assert mean_of(np.array([0.5, math.nan, 1.0])) == 0.75
    assert math.isnan(mean_of(np.full(3, math.nan)))


def test_people_are_as_many_as_are_affordable(monkeypatch: pytest.MonkeyPatch) -> None:
    data = random_log(n=3000, people=60, repeats="allow")
    protocol = Protocol().resolved(data)
    everybody = Validation.of(data, protocol, "valid")
    monkeypatch.setattr(validation_file, "SELECTION_PEOPLE", 10)
    monkeypatch.setattr(validation_file, "SELECTION_CELLS", 1)
    few = Validation.of(data, protocol, "valid")
    assert (len(few.people), len(everybody.people) > 40) == (10, True)
    assert set(few.people.tolist()) <= set(everybody.people.tolist())
    values = few.judged(Popular().fit(few.train), SILENT, "popular")
    assert values.shape == (10,) and np.isfinite(values).all()


def test_no_question_is_an_error_that_says_why() -> None:
    data = dataset(np.zeros(2, dtype=int), np.arange(2), np.arange(2))
    with pytest.raises(BadData, match="the cut leaves 0 of 1 events for training"):
        Validation.of(data, Protocol().resolved(data), "valid")
