"""Choosing settings and fitting on everything, on the toy world and with nothing to choose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.errors import BadConfig, BadData, UnknownName
from penchant.evaluate.fitting import fit_chosen
from penchant.testing.worlds import shuffled, taste_world
from penchant.train.run import Run
from tests.evaluate.labelled.logs import additive
from tests.toy import toy_dataset


def test_the_best_trial_is_fitted_on_all_events() -> None:
    fitted = fit_chosen("popular", {"window": None}, toy_dataset(), Run(), budget=4)
    trials = fitted.selection.trials
    assert (fitted.protocol, len(trials), fitted.model.card["data"]["events"]) == ("replay", 4, 20)
    assert fitted.value == max(trial.value for trial in trials)
    assert fitted.default_value == trials[0].value
    best = next(trial for trial in trials if trial.value == fitted.value)
    assert fitted.model.config.model_dump(mode="json") == best.settings
    assert fitted.model.card["selection"]["value"] == fitted.value


def test_the_value_is_that_of_the_chosen_settings_not_the_greatest_by_luck() -> None:
    # without any signal some settings look better by chance, within a standard error, and are not taken
    data = shuffled(taste_world()).train.take(slice(0, 1500))
    fitted = fit_chosen("popular", {}, data, Run(), budget=6)
    trials = fitted.selection.trials
    taken = next(trial for trial in trials if trial.settings == fitted.model.config.model_dump(mode="json"))
    assert fitted.value == taken.value < max(trial.value for trial in trials)


def test_a_budget_of_one_takes_the_settings_as_they_are() -> None:
    fitted = fit_chosen("popular", {"half_life": 2.5}, toy_dataset(), Run(), budget=1)
    assert (fitted.selection.trials, fitted.value, fitted.model.config.model_dump()["half_life"]) == ((), None, 2.5)


def test_without_times_the_last_event_decides() -> None:
    assert fit_chosen("popular", {}, replace(toy_dataset(), timed=False), Run(), budget=2).protocol == "last"


def test_labels_decide_where_the_log_has_them_and_the_model_foretells_them() -> None:
    data = additive(labels=True)
    fitted = fit_chosen("bias", {}, data, Run(), budget=3)
    assert (fitted.protocol, fitted.selection.metric, len(fitted.selection.trials)) == ("ctr", "-logloss", 3)
    assert fit_chosen("popular", {}, data, Run(), budget=2).protocol == "replay"
    # rows without times and without a split cannot be cut: the settings stay, and the reason is told
    untimed = fit_chosen("bias", {}, replace(data, timed=False), Run(), budget=3)
    assert untimed.value is None and "neither a split column nor times" in untimed.selection.why_not


def test_what_cannot_be_fitted() -> None:
    with pytest.raises(UnknownName, match="popular"):
        fit_chosen("populer", {}, toy_dataset(), Run(), budget=2)
    with pytest.raises(BadConfig, match="half_life"):
        fit_chosen("popular", {"half_life": -1}, toy_dataset(), Run(), budget=2)
    with pytest.raises(BadData, match="no event"):
        fit_chosen("popular", {}, toy_dataset().take(np.zeros(0, dtype=np.int64)), Run(), budget=2)
