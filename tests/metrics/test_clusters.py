"""Intervals that draw people with their rows."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.metrics.clusters import Judged, difference, drawn_people, with_intervals
from penchant.metrics.intervals import mean_interval
from penchant.metrics.labelled import auc, calibration_error, log_losses, rmse


def rows(seed: int, n: int = 400, people: int = 60, skill: float = 0.6) -> Judged:
    rng = np.random.default_rng(seed)
    person = np.append(np.arange(people), rng.integers(0, people, n - people))
    truth = (rng.random(n) < 0.4).astype(np.float64)
    return Judged(
        person=person,
        truth=truth,
        predicted=np.clip(skill * truth + (1 - skill) * rng.random(n), 0, 1),
        n_people=people,
    )


def test_figures_are_those_of_all_rows_when_everybody_counts_once() -> None:
    judged, once = rows(1), np.ones((1, 60))
    found = {name: float(figure(once)[0]) for name, figure in {**judged.of_labels(), **judged.of_values()}.items()}
    assert found["auc"] == pytest.approx(auc(judged.truth, judged.predicted))
    assert found["logloss"] == pytest.approx(log_losses(judged.truth, judged.predicted).mean())
    assert found["calibration error"] == pytest.approx(calibration_error(judged.truth, judged.predicted))
    assert found["rmse"] == pytest.approx(rmse(judged.truth, judged.predicted))
    assert found["mae"] == pytest.approx(np.abs(judged.truth - judged.predicted).mean())


def test_a_drawn_person_brings_all_rows() -> None:
    judged = rows(2)
    counts = drawn_people(60, seed=3, n_draws=4)
    assert counts.sum(axis=1).tolist() == [60] * 4
    for name, alone in (("auc", auc), ("calibration error", calibration_error)):
        drawn = judged.of_labels()[name](counts)
        for k in range(4):
            many = np.repeat(np.arange(len(judged.person)), counts[k, judged.person].astype(int))
            assert drawn[k] == pytest.approx(alone(judged.truth[many], judged.predicted[many])), name


def test_one_row_a_person_gives_the_interval_of_a_mean() -> None:
    rng = np.random.default_rng(4)
    truth, guess = rng.normal(size=300), rng.normal(size=300)
    judged = Judged(person=np.arange(300), truth=truth, predicted=guess, n_people=300)
    found = with_intervals(judged.of_values(), drawn_people(300, 7))["mae"]
    plain = mean_interval(np.abs(truth - guess))
    # the ends of 1,000 draws vary by some 3 % of the width; 10 % of it is far outside
    width = plain.high - plain.low
    assert found.low == pytest.approx(plain.low, abs=0.1 * width)
    assert found.high == pytest.approx(plain.high, abs=0.1 * width)


def test_the_interval_lies_around_the_figure_although_draws_are_less_calibrated() -> None:
    # labels drawn as foretold: what error there is comes from few rows, and a draw has fewer distinct ones
    rng = np.random.default_rng(5)
    guess = rng.random(100)
    truth = (rng.random(100) < guess).astype(np.float64)
    judged = Judged(person=np.arange(100), truth=truth, predicted=guess, n_people=100)
    figure = judged.of_labels()["calibration error"]
    draws = drawn_people(100, 7)
    found = with_intervals({"calibration error": figure}, draws)["calibration error"]
    assert figure(draws).mean() > found.mean
    assert found.low < found.mean < found.high


def test_verdicts_know_which_way_is_better() -> None:
    strong, weak = rows(6, skill=0.7), rows(6, skill=0.1)
    draws = drawn_people(60, 7)
    for name in ("auc", "logloss"):
        found = difference(name, strong.of_labels()[name], weak.of_labels()[name], draws)
        assert found.verdict == "a is better", name
        assert (found.difference > 0) == (name == "auc")
        back = difference(name, weak.of_labels()[name], strong.of_labels()[name], draws)
        assert back.verdict == "b is better"
    same = difference("auc", strong.of_labels()["auc"], strong.of_labels()["auc"], draws)
    assert (same.difference, same.verdict) == (0.0, "not distinguishable")


def test_one_person_has_no_interval() -> None:
    judged = Judged(person=np.zeros(4, dtype=np.int64), truth=np.ones(4), predicted=np.zeros(4), n_people=1)
    found = with_intervals(judged.of_values(), drawn_people(1, 7))["rmse"]
    assert found.mean == 1.0 and np.isnan(found.low) and found.n == 1
