"""Which trial leads."""

from __future__ import annotations

import numpy as np

from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.tuning.outcome import Outcome, settings_file
from penchant.evaluate.tuning.trials import Trial, leader


def trial(name: str, *values: float, people: int | None = None) -> Trial:
    return Trial.judged({"x": name, "gap": None, "sizes": [1, 2]}, ("x",), np.array(values), people or len(values), 1.5)


FIRST = trial("first", 0.5, 0.5, 0.5, 0.5)
LUCKY = trial("lucky", 0.9, 0.5, 0.4, 0.5)
"""Gain (.4, 0, -.1, 0): mean .075, standard deviation .2217, standard error .1109: greater, but not clearly."""
CLEAR = trial("clear", 0.6, 0.7, 0.5, 0.6)
"""Gain (.1, .2, 0, .1): mean .1, standard error .0408."""


def test_a_lucky_trial_does_not_lead_and_a_clear_one_does() -> None:
    assert leader([FIRST, LUCKY]) is FIRST
    assert leader([FIRST, CLEAR]) is CLEAR and leader([FIRST, LUCKY, CLEAR, LUCKY]) is CLEAR
    # over the leader the gain must be clear again
    assert leader([FIRST, CLEAR, trial("more", 0.6, 0.7, 0.5, 0.7)]).settings["x"] == "clear"


def test_pruned_and_refused_trials_never_lead() -> None:
    pruned = trial("pruned", 1.0, 1.0, people=4)
    refused = Trial(settings={"x": "refused"}, refused="too large")
    assert (pruned.pruned, pruned.asked, len(pruned.values)) == (True, 2, 0)
    assert leader([FIRST, pruned, refused]) is FIRST
    assert [one.as_json()["state"] for one in (FIRST, pruned, refused)] == ["complete", "pruned", "refused"]


def outcome(*trials: Trial) -> Outcome:
    return Outcome(spec=ModelSpec(label="mine", model="ease", settings={}), trials=trials, resumed=1, seed=7)


def test_the_outcome_says_what_was_gained() -> None:
    found = outcome(FIRST, LUCKY, CLEAR, trial("pruned", 0.1, people=4)).as_json()
    assert (found["value"], found["default_value"], found["kept_defaults"]) == (0.6, 0.5, False)
    assert abs(found["gain"]["mean"] - 0.1) < 1e-12 and found["gain"]["low"] < 0.1 < found["gain"]["high"]
    assert (found["n_trials"], found["pruned"], found["refused"], found["cpu_seconds"]) == (4, 1, 0, 6.0)
    kept = outcome(FIRST, LUCKY).as_json()
    # the greatest value is told, but not chosen
    assert (kept["kept_defaults"], kept["gain"], kept["value"]) == (True, None, 0.5)
    assert abs(kept["greatest_value"] - 0.575) < 1e-12


def test_the_file_holds_only_what_differs() -> None:
    text = settings_file(outcome(FIRST, CLEAR), {"x": "other", "gap": 0.5, "sizes": [1, 2]}, "ndcg@20", "replay", [
        ("data", "music,\n 10 events"),
    ])  # fmt: skip
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert text.splitlines()[len(comments) :] == ['model = "ease"', 'x = "clear"', 'gap = "none"']
    said = " ".join(comments)
    assert "ndcg@20 0.6000 on validation (replay, 4 people); defaults 0.5000; gain +0.1000" in said
    assert "best of 2 trials, 0 of them pruned" in said and "# data: music, 10 events" in comments
