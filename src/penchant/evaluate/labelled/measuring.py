"""Measuring one model on labelled rows: choose settings, fit, foretell; and the yardstick that always takes part."""

from __future__ import annotations

import time

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.errors import BadData
from penchant.evaluate.labelled.predicting import predicted, refuse_unable
from penchant.evaluate.labelled.results import LabelledResult
from penchant.evaluate.measuring import ModelSpec, described, peak_rss_mb
from penchant.evaluate.members import rehearsed
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.selection import select
from penchant.evaluate.tasks import make_task
from penchant.models.base import Model
from penchant.registry import model_class
from penchant.train.run import Run

MEAN = "mean label"
"""The row of a report that foretells the mean of the train labels for everybody."""


def measure_rows(spec: ModelSpec, data: Dataset, protocol: Protocol, run: Run, *, budget: int) -> LabelledResult:
    """Measures one model; `protocol` must be resolved, `budget` is the number of trials (1 takes the settings as they are).

    Raises:
        UserError: the model foretells no label.
        BadData: the protocol asks nothing on this log.
    """
    chosen_from: type[Model] = model_class(spec.model)
    refuse_unable(chosen_from, protocol)
    started = time.process_time()
    selection = select(chosen_from, spec.settings, data, protocol, run, budget=budget)
    select_cpu = time.process_time() - started
    task = _asked(data, protocol)
    run.reporter.progress(f"{spec.label}: fit", 0, 1)
    wall, cpu = time.perf_counter(), time.process_time()
    model = chosen_from(selection.config).fit(task.train, valid=rehearsed(chosen_from, data, protocol), run=run)
    seconds = {"fit_seconds": time.perf_counter() - wall, "fit_cpu_seconds": time.process_time() - cpu}
    questions = task.asked[task.leading]
    found, spent = predicted(model, questions, protocol, run.reporter, f"{spec.label}: rows")
    assert questions.labels is not None
    about = {
        "model_name": spec.model,
        "settings": selection.config.model_dump(mode="json"),
        "selection": described(selection),
        "refit": task.refit,
        "n_rows": len(questions),
        "train_rows": len(task.train),
        **seconds,
        "select_cpu_seconds": select_cpu,
        "peak_rss_mb": peak_rss_mb(),
        "rows_per_cpu_second": len(questions) / max(spent, 1e-9),
    }
    return LabelledResult(label=spec.label, person=questions.user, truth=questions.labels, predicted=found, about=about)


def mean_label(data: Dataset, protocol: Protocol) -> LabelledResult:
    """What foretelling the mean of the train labels for every row is worth: a model below it knows nothing."""
    task = _asked(data, protocol)
    questions = task.asked[task.leading]
    assert questions.labels is not None
    mean = float(task.train.interactions.value.mean(dtype=np.float64))
    return LabelledResult(
        label=MEAN,
        person=questions.user,
        truth=questions.labels,
        predicted=np.full(len(questions), mean, dtype=np.float32),
        about={"refit": task.refit, "n_rows": len(questions), "train_rows": len(task.train)},
    )


def _asked(data: Dataset, protocol: Protocol) -> Task:
    task = make_task(data, protocol, "test")
    if len(task.asked[task.leading]) == 0:
        raise BadData(f"protocol {protocol.name}: the log leaves no row to foretell; check targets")
    return task
