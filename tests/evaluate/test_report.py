"""The report, from results made by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from penchant.evaluate.children import Refused
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.report import Report, make_report
from penchant.evaluate.results import ModelResult
from tests.evaluate.made_results import result

HIGH = [0.8, 0.9, 0.7, 0.8, 0.9, 0.7]
LOW = [0.1, 0.2, 0.1, 0.2, 0.1, 0.2]
PROTOCOL = Protocol(name="time", cuts=1, k=(20,))


def report(*cuts: Sequence[ModelResult | Refused], protocol: Protocol = PROTOCOL) -> Report:
    return make_report(protocol, {"name": "toy"}, cuts, seed=7)


def test_rows_have_means_intervals_and_catalogue_figures() -> None:
    made = report([result("high", HIGH, n_questions=9)])
    live, frozen = made.rows
    assert (live["model"], live["history"], live["n_people"], live["n_questions"]) == ("high", "live", 6, 9)
    # (.8 + .9 + .7) / 3
    assert live["metrics"]["ndcg@20"]["mean"] == pytest.approx(0.8)
    assert live["metrics"]["ndcg@20"]["low"] < 0.8 < live["metrics"]["ndcg@20"]["high"]
    assert live["metrics"]["coverage@20"] == {"mean": 0.25, "low": None, "high": None, "n": 1}
    assert frozen["metrics"]["ndcg@20"]["mean"] == pytest.approx(0.4) and "coverage@20" not in frozen["metrics"]
    assert "new_only" in live and "new_only" not in frozen and "cut" not in live
    assert made.n_people == 6


def test_the_report_is_json_without_nan() -> None:
    text = json.dumps(report([result("high", HIGH), result("low", LOW)]).as_json(), allow_nan=False)
    # nobody is in the slice: no figure, said as null
    assert json.loads(text)["rows"][0]["slices"]["history 0"] == {"mean": None, "low": None, "high": None, "n": 0}


def test_comparisons_are_paired_and_said_in_words() -> None:
    made = report([result("high", HIGH), result("low", LOW), result("twin", HIGH)])
    by_pair = {(c["a"], c["b"]): c for c in made.comparisons}
    assert list(by_pair) == [("high", "low"), ("high", "twin"), ("low", "twin")]
    assert by_pair["high", "low"]["verdict"] == "high is better"
    assert by_pair["low", "twin"]["verdict"] == "twin is better"
    assert by_pair["high", "twin"]["verdict"] == "not distinguishable"
    # mean of HIGH is .8, of LOW .15
    assert by_pair["high", "low"]["difference"] == pytest.approx(0.65) and by_pair["high", "low"]["history"] == "live"


def test_different_people_are_never_compared() -> None:
    other = result("other", LOW)
    object.__setattr__(other, "people", other.people + 1)
    with pytest.raises(ValueError, match="different people"):
        report([result("high", HIGH), other])


def test_refused_models_are_listed_and_not_compared() -> None:
    made = report([Refused(label="ease", reason="too large"), result("low", LOW)])
    assert made.refused == [{"model": "ease", "reason": "too large"}]
    assert made.comparisons == [] and {row["model"] for row in made.rows} == {"low"}


@pytest.mark.parametrize(
    ("flips", "verdict"), [(0, "high is better"), (1, "high is better"), (2, "not distinguishable")]
)
def test_a_verdict_over_cuts_needs_the_same_sign_in_four_of_five(flips: int, verdict: str) -> None:
    same, flipped = [result("high", HIGH), result("low", LOW)], [result("high", LOW), result("low", HIGH)]
    made = report(*[same] * (5 - flips), *[flipped] * flips, protocol=PROTOCOL.changed(cuts=5))
    assert made.comparisons[0]["same_sign"] == f"{5 - flips} of 5 cuts"
    assert made.comparisons[0]["verdict"] == verdict
    assert sorted({row["cut"] for row in made.rows}) == [0, 1, 2, 3, 4]


def test_a_cut_that_refused_a_model_does_not_shift_the_others() -> None:
    # in the second cut `first` is missing: `high` must not be taken for it
    models = [result("first", LOW), result("high", HIGH), result("low", LOW)]
    shorter: list[ModelResult | Refused] = [
        Refused(label="first", reason="x"),
        result("high", HIGH),
        result("low", LOW),
    ]
    made = report(models, shorter, protocol=PROTOCOL.changed(cuts=2))
    signs = {(c["a"], c["b"]): c["same_sign"] for c in made.comparisons}
    assert signs == {("first", "high"): "1 of 2 cuts", ("first", "low"): "1 of 2 cuts", ("high", "low"): "2 of 2 cuts"}


def test_a_person_without_a_value_counts_in_neither() -> None:
    made = report([result("high", [*HIGH[:5], np.nan]), result("low", [np.nan, *LOW[1:]])])
    assert made.comparisons[0]["n_people"] == 4
