"""Asking a model what comes of labelled rows, block by block, and what a setting is worth on validation rows."""

from __future__ import annotations

import time

import numpy as np

from penchant.data.arrays import Float32, Float64, Nums
from penchant.data.questions import OVERALL, Questions
from penchant.errors import UserError
from penchant.evaluate.answering import parts
from penchant.evaluate.protocol import Protocol
from penchant.log import Reporter
from penchant.metrics.labelled import log_losses
from penchant.models.base import Model
from penchant.models.predicting import Predicts
from penchant.registry import model_class, model_names

BLOCK_ROWS = 8192
"""Most rows asked at once."""


def refuse_unable(model: type[Model], protocol: Protocol) -> None:
    """Raises UserError when a model does not foretell labels; it names those that do."""
    if not issubclass(model, Predicts):
        raise UserError(
            f"{model.name()} ranks items but foretells no label (it has no predict), as protocol {protocol.name} asks; "
            f"those that do: {', '.join(_able())}"
        )


def _able() -> list[str]:
    able = []
    for name in model_names():
        try:
            found = model_class(name)
        except UserError:
            # an extra that is not installed
            continue
        if issubclass(found, Predicts):
            able.append(name)
    return able


def predicted(
    model: Model, questions: Questions, protocol: Protocol, reporter: Reporter, task: str
) -> tuple[Float32, float]:
    """What the model foretells for each question, float32 [Q], and the processor seconds that it took.

    Raises:
        UserError: the model foretells no labels, or what it says is no number (in `ctr`: no probability).
    """
    refuse_unable(type(model), protocol)
    assert isinstance(model, Predicts)
    answers: list[Float32] = []
    spent = 0.0
    for rows in parts(questions, BLOCK_ROWS):
        reporter.progress(task, int(rows[0]), len(questions))
        part = questions.take(rows)
        batch = part.batch()
        started = time.process_time()
        answers.append(np.asarray(model.predict(batch, part.targets[OVERALL].items), dtype=np.float32))
        spent += time.process_time() - started
    reporter.progress(task, len(questions), len(questions))
    found = np.concatenate(answers) if answers else np.zeros(0, dtype=np.float32)
    right = np.isfinite(found) if protocol.name == "rating" else (found >= 0) & (found <= 1)
    if not right.all():
        wanted = "a finite number" if protocol.name == "rating" else "a probability between 0 and 1"
        raise UserError(f"{model.name()}: predict: expected {wanted} for each row, got {found[~right][0]:g}")
    return found, spent


def judged_rows(
    model: Model, questions: Questions, people: Nums, protocol: Protocol, reporter: Reporter, name: str
) -> Float64:
    """What the rows of each person add to the negative log loss (`ctr`) or mean squared error (`rating`), float64 [P].

    The mean over people is the figure over rows, and greater is better; NaN for people without a row.
    """
    found, _ = predicted(model, questions, protocol, reporter, name)
    assert questions.labels is not None
    if protocol.name == "ctr":
        values = -log_losses(questions.labels, found)
    else:
        values = -np.square(questions.labels.astype(np.float64) - found)
    order = np.argsort(people)
    group = order[np.searchsorted(people[order], questions.user)]
    rows = np.bincount(group, minlength=len(people))
    total = np.bincount(group, weights=values, minlength=len(people))
    share: Float64 = np.where(rows > 0, total * int((rows > 0).sum()) / max(1, len(found)), np.nan)
    return share
