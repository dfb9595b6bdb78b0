"""What is tried next: few settings of the leader at a time, everybody in turn."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from penchant.config import Between
from penchant.evaluate.tuning.axes import Axis
from penchant.evaluate.tuning.proposing import proposed

optuna = pytest.importorskip("optuna")

AXES = [Axis(name, Between(0, 1)) for name in "abcdef"]
LEADING = dict.fromkeys("abcdef", 0.5)


def trial(value: float, **values: float) -> Any:
    params = LEADING | values
    spaces = {axis.name: one for axis in AXES for one in axis.distributions(0.5).values()}
    return optuna.trial.create_trial(value=value, params=params, distributions=spaces)


def test_only_a_few_settings_leave_the_leader_and_all_have_their_turn() -> None:
    drawn: Counter[str] = Counter()
    for n in range(12):
        values, names = proposed([], AXES, LEADING, drawn, ("x", str(n)), 7)
        assert 1 <= len(names) <= 3
        assert {name for name in values if values[name] != 0.5} == set(names)
        drawn.update(names)
    # round by round
    assert max(drawn.values()) - min(drawn[axis.name] for axis in AXES) <= 1


def test_the_first_look_at_a_setting_is_at_its_grid() -> None:
    axes = [Axis("a", Between(0, 1)), Axis("b", Between(0, 1), (0.5, 0.25, 0.75)), Axis("c", Between(0, 1), (0.5,))]
    leading = dict.fromkeys("abc", 0.5)
    # the leader has the first value of b already; the grid of c holds nothing else, and a has none
    assert proposed([], axes, leading, {}, ("x",), 7) == ({**leading, "b": 0.25}, ("b",))
    _, names = proposed([], axes, leading, {"b": 1}, ("x",), 7)
    assert set(names) <= {"a", "c"} or len(names) == 3


def test_the_same_words_draw_the_same() -> None:
    first = proposed([], AXES, LEADING, {}, ("x", "1"), 7)
    assert proposed([], AXES, LEADING, {}, ("x", "1"), 7) == first
    assert (
        proposed([], AXES, LEADING, {}, ("x", "2"), 7) != first
        and proposed([], AXES, LEADING, {}, ("x", "1"), 8) != first
    )


def test_what_was_good_is_drawn_more_often() -> None:
    # low values of a were good, in 30 trials
    history = [trial(1 - a / 30, a=a / 30) for a in range(30)]
    turn = dict.fromkeys("bcdef", 1)
    values = [proposed(history, AXES, LEADING, turn, ("x", str(n)), 7)[0]["a"] for n in range(30)]
    # drawn evenly, half would lie below
    assert sum(value < 0.5 for value in values) >= 24
