"""From a dataset and model names to a report, in this process."""

from __future__ import annotations

import json

import pytest

from penchant.errors import UnknownName, UserError
from penchant.evaluate.children import Effort
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.run import evaluate
from tests.evaluate.logs import random_log

ONCE = Effort(budget=1)


def test_a_table_of_two_models() -> None:
    data = random_log(1, repeats="allow")
    specs: list[str | ModelSpec] = [
        "popular",
        ModelSpec(label="all time", model="popular", settings={"half_life": None}),
    ]
    made = evaluate(data, specs, effort=ONCE, isolate=False)
    assert [(row["model"], row["history"]) for row in made.rows] == [
        ("popular", "live"), ("popular", "frozen"), ("all time", "live"), ("all time", "frozen"),
    ]  # fmt: skip
    # the label tells two settings of one model apart; the model's own name stays beside it
    assert {row["model_name"] for row in made.rows} == {"popular"}
    assert made.rows[2]["settings"]["half_life"] is None and made.rows[0]["settings"]["half_life"] == 7.0
    assert made.protocol["name"] == "replay" and made.protocol["leak"] is None and made.data["n_events"] == 900
    assert [(c["a"], c["b"]) for c in made.comparisons] == [("popular", "all time")]
    assert made.rows[0]["n_people"] == made.n_people > 5
    json.dumps(made.as_json(), allow_nan=False)


def test_trials_are_reported() -> None:
    made = evaluate(random_log(2), ["popular"], effort=Effort(budget=3), isolate=False)
    trials = made.rows[0]["selection"]["trials"]
    assert len(trials) == 3 and made.rows[0]["selection"]["metric"] == "ndcg@20"
    assert made.rows[0]["settings"] == max(trials, key=lambda trial: trial["value"])["settings"]


def test_rolling_cuts() -> None:
    made = evaluate(random_log(3), ["popular"], Protocol(name="time", cuts=2), effort=ONCE, isolate=False)
    assert [row["cut"] for row in made.rows] == [0, 1]
    assert made.rows[0]["train_events"] > made.rows[1]["train_events"]


def test_every_protocol_that_needs_no_split_column_gives_a_report() -> None:
    data = random_log(4, n=400)
    for name in ("replay", "time", "last", "users"):
        made = evaluate(data, ["popular"], Protocol.parse({"name": name}), effort=ONCE, isolate=False)
        primary = made.rows[0]["metrics"]["ndcg@20"]
        assert 0 < primary["mean"] < 1 and primary["n"] == made.rows[0]["n_people"]
        assert (made.protocol["leak"] is None) == (name in ("replay", "time"))


def test_sampled_people_are_the_same_for_all_models() -> None:
    specs: list[str | ModelSpec] = ["popular", ModelSpec(label="b", model="popular", settings={"half_life": 1.0})]
    made = evaluate(random_log(5), specs, Protocol(sample_people=4), effort=ONCE, isolate=False)
    assert made.n_people == 4 and made.comparisons[0]["n_people"] == 4


def test_one_refused_model_does_not_stop_the_others() -> None:
    specs: list[str | ModelSpec] = [
        "popular",
        ModelSpec(label="by group", model="popular", settings={"within": "group"}),
    ]
    made = evaluate(random_log(6), specs, effort=ONCE, isolate=False)
    assert {row["model"] for row in made.rows} == {"popular"}
    assert [one["model"] for one in made.refused] == ["by group"]
    assert made.refused[0]["reason"].startswith('unknown user attribute "group"')
    with pytest.raises(UserError, match='^by group: unknown user attribute "group"'):
        evaluate(random_log(6), specs[1:], effort=ONCE, isolate=False)


def test_mistakes_are_found_before_anything_is_fitted() -> None:
    data = random_log(7, n=50)
    with pytest.raises(UnknownName, match='unknown model "populr". Did you mean "popular"'):
        evaluate(data, ["populr"])
    with pytest.raises(UnknownName, match='b: unknown setting "halflife". Did you mean "half_life"'):
        evaluate(data, [ModelSpec(label="b", model="popular", settings={"halflife": 1})])
    with pytest.raises(UnknownName, match='unknown event kind "buy"'):
        evaluate(data, ["popular"], Protocol(targets=("buy",)))


def test_a_log_without_questions_says_so() -> None:
    # one person, one item: under `exclude` every later event is a repeat
    data = random_log(8, n=50, people=1, items=1)
    with pytest.raises(UserError, match="popular: protocol replay: the log leaves no question to ask"):
        evaluate(data, ["popular"], effort=ONCE, isolate=False)
