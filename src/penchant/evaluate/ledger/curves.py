"""Curves of the reference model: how late its events may come, how long a past it needs, what more people would bring."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from penchant.data.arrays import Float64
from penchant.data.sequences import Histories
from penchant.evaluate.ledger.exam import Told
from penchant.evaluate.ledger.panel import Member
from penchant.evaluate.ledger.signals import delayed
from penchant.evaluate.ledger.stages import Stages
from penchant.models.base import Model
from penchant.rng import generator
from penchant.train.run import Run

_MINUTE_MS = 60_000
DELAYS = (("a minute late", _MINUTE_MS), ("an hour late", 60 * _MINUTE_MS), ("a day late", 24 * 60 * _MINUTE_MS))
DEPTHS = (1, 3, 10, 30)
SHARES = (("a tenth", 0.1), ("a third", 1 / 3))

Drawn = Iterator[tuple[str, Float64]]
"""Label and the metric of each test question."""


def freshness(stages: Stages, reference: Member) -> Drawn:
    """Every event reaches the model some time late."""
    exam = stages.judged.exam
    yield "at once", reference.test
    for label, ms in DELAYS:
        yield label, exam.values(reference.judged.score_batch, Told(questions=delayed(exam.questions, ms)))[0]


def depth(stages: Stages, reference: Member) -> Drawn:
    """The model is told only so many newest events of each past."""
    exam = stages.judged.exam
    for n in DEPTHS:
        yield f"last {n}", exam.values(reference.judged.score_batch, Told(reshaped=partial(_last, n=n)))[0]
    yield "all", reference.test


def growth(stages: Stages, reference: Member, seed: int) -> Drawn:
    """The model is fitted on the events of some of the people; the questions keep their whole past."""
    exam, train = stages.judged.exam, stages.judged.task.train
    lot = generator(seed, "doctor", "growth").random(train.n_users)
    for label, share in SHARES:
        some = train.take(lot[train.interactions.user] < share)
        if len(some):
            model: Model = type(reference.judged)(reference.judged.config).fit(some, run=Run(seed=seed))
            yield f"{label} of them", exam.values(model.score_batch)[0]
    yield "all people", reference.test


def _last(history: Histories, n: int) -> Histories:
    return history.last(n)
