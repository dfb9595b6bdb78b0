"""Composite models under evaluation."""

from __future__ import annotations

from penchant.evaluate.measuring import ModelSpec, measure
from penchant.evaluate.members import rehearsed, with_members
from penchant.evaluate.protocol import Protocol
from penchant.models.blend import Blend
from penchant.models.ease import Ease
from penchant.train.run import Run
from tests.evaluate.logs import random_log

DATA = random_log(2, n=1500, repeats="allow")
REPLAY = Protocol().resolved(DATA)


def test_members_choose_their_settings_unless_these_are_given():
    given = {"members": ["popular", "fresh=popular"], "member_settings": {"fresh": {"half_life": 0.25}}}
    found = with_members(Blend, given, DATA, REPLAY, Run(), budget=3)
    assert found["member_settings"]["fresh"] == {"half_life": 0.25}
    assert "popular" in found["member_settings"]
    assert found["members"] == given["members"]


def test_a_budget_of_one_and_single_models_change_nothing():
    given = {"members": ["popular"]}
    assert with_members(Blend, given, DATA, REPLAY, Run(), budget=1) == given
    assert with_members(Ease, {"reg": 5.0}, DATA, REPLAY, Run(), budget=9) == {"reg": 5.0}


def test_only_models_that_rehearse_are_given_questions():
    assert rehearsed(Ease, DATA, REPLAY) is None
    task = rehearsed(Blend, DATA, REPLAY)
    # the validation part: a tenth of the training part, which is nine tenths of the log
    assert task is not None
    assert len(task.train) == int(0.9 * int(0.9 * len(DATA)))


def test_a_composite_is_measured_like_any_model():
    spec = ModelSpec(label="both", model="blend", settings={"members": ["popular", "markov"]})
    result = measure(spec, DATA, REPLAY, Run(), budget=2)
    assert result.about["settings"]["member_settings"].keys() == {"popular", "markov"}
    assert set(result.metrics) == {"live", "frozen"}
