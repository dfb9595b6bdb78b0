"""From a log with labels to a report: figures, yardsticks, verdicts, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.questions import OVERALL
from penchant.errors import UserError
from penchant.evaluate.children import Effort
from penchant.evaluate.labelled.predicting import judged_rows, predicted
from penchant.evaluate.labelled.results import LabelledResult
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.run import evaluate
from penchant.evaluate.selection import select
from penchant.evaluate.tasks import make_task
from penchant.log import SILENT
from penchant.models.bias import Bias
from penchant.train.run import Run
from tests.evaluate.labelled.logs import additive


def test_a_rating_table(tmp_path) -> None:
    data = additive()
    report = evaluate(data, ["bias", "ease"], Protocol(name="rating"), effort=Effort(budget=1), isolate=False).as_json()
    mean, bias = report["rows"]
    assert (mean["model"], bias["model"], bias["n_rows"]) == ("mean label", "bias", 120)
    # the noise has a deviation of .3: no model can do better, and the parts have a deviation of 1 each
    assert 0.28 < bias["metrics"]["rmse"]["mean"] < 0.4 < 1 < mean["metrics"]["rmse"]["mean"]
    assert bias["metrics"]["rmse"]["low"] < bias["metrics"]["rmse"]["mean"] < bias["metrics"]["rmse"]["high"]
    (verdict,) = report["comparisons"]
    assert (verdict["metric"], verdict["verdict"]) == ("rmse", "bias is better")
    assert verdict["difference"] == pytest.approx(mean["metrics"]["rmse"]["mean"] - bias["metrics"]["rmse"]["mean"])
    (refused,) = report["refused"]
    assert refused["model"] == "ease"
    assert refused["reason"].startswith(
        "ease ranks items but foretells no label (it has no predict), as protocol rating"
    )
    assert "bias" in refused["reason"]


def test_a_ctr_table_from_a_process_of_its_own() -> None:
    data = additive(labels=True)
    report = evaluate(data, [ModelSpec(label="b", model="bias", settings={"item_reg": 1.0})], Protocol(name="ctr"),
                      effort=Effort(budget=1)).as_json()  # fmt: skip
    mean, bias = report["rows"]
    assert set(bias["metrics"]) == {"auc", "logloss", "calibration error"}
    assert (mean["metrics"]["auc"]["mean"], bias["settings"]["item_reg"]) == (0.5, 1.0)
    assert bias["metrics"]["auc"]["mean"] > 0.85
    assert [(c["metric"], c["verdict"]) for c in report["comparisons"]] == [
        ("auc", "b is better"),
        ("logloss", "b is better"),
    ]
    assert report["protocol"]["leak"] is None


def test_settings_are_chosen_by_log_loss() -> None:
    data = additive(labels=True)
    protocol = Protocol(name="ctr").resolved(data)
    found = select(Bias, {}, data, protocol, Run(), budget=6)
    assert (found.metric, len(found.trials)) == ("-logloss", 6)
    assert all(-1 < trial.value < 0 for trial in found.trials)
    assert found.trials[0].value <= max(trial.value for trial in found.trials)


def test_what_people_add_has_the_figure_of_the_rows_as_its_mean() -> None:
    data = additive()
    protocol = Protocol(name="rating").resolved(data)
    task = make_task(data, protocol, "test")
    questions, model = task.asked["live"], Bias().fit(task.train)
    people = np.unique(questions.user)[::-1].astype(np.int32)
    assert questions.labels is not None
    values = judged_rows(model, questions, people, protocol, SILENT, "bias")
    guess = model.predict(questions.batch(), questions.targets[OVERALL].items)
    assert values.mean() == pytest.approx(-np.square(guess - questions.labels).mean(), rel=1e-5)


def test_an_answer_that_is_no_probability_is_refused() -> None:
    class Sure(Bias):
        def predict(self, batch, items):
            return np.full(len(items), 1.5, dtype=np.float32)

    Sure.__module__ = "penchant.models.sure"
    data = additive(labels=True)
    protocol = Protocol(name="ctr").resolved(data)
    task = make_task(data, protocol, "test")
    with pytest.raises(UserError, match="sure: predict: expected a probability between 0 and 1 for each row, got 1.5"):
        predicted(Sure().fit(task.train), task.asked["live"], protocol, SILENT, "sure")


def test_results_travel_between_processes(tmp_path) -> None:
    result = LabelledResult(
        label="x", person=np.asarray([0, 1], dtype=np.int32), truth=np.asarray([0, 1], dtype=np.float32),
        predicted=np.asarray([0.2, 0.7], dtype=np.float32), about={"n_rows": 2},
    )  # fmt: skip
    result.write(tmp_path / "out")
    back = LabelledResult.read(tmp_path / "out")
    assert (back.label, back.about, back.predicted.tolist()) == ("x", {"n_rows": 2}, result.predicted.tolist())
