"""Intervals of the lines, and a part of a ledger alone."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.cli.doctor_page import page
from penchant.evaluate.ledger.exam import Exam
from penchant.evaluate.ledger.lines import Writer
from penchant.evaluate.ledger.run import examine
from penchant.evaluate.ledger.stages import Examination
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.tasks import make_task
from penchant.metrics.intervals import paired_bootstrap, student_t
from tests.evaluate.ledger.worlds import moody_world


def test_few_changed_people_make_a_wide_interval() -> None:
    data = moody_world(people=40, length=20)
    asked = make_task(data, Protocol(max_questions=1).resolved(data), "test").asked["live"]
    exam = Exam(questions=asked, exclude=False)
    n = len(exam.people)
    assert n == len(exam) == 40
    other = np.zeros(n)
    true = np.zeros(n)
    true[:4] = [0.5, 0.4, 0.6, 0.5]
    gap = Writer(exam=exam, seed=1).gap(true, other, 0.95)
    # four people changed: t with three degrees of freedom times the standard error of the mean of all forty
    half = student_t(0.975, 3) * true.std(ddof=1) / np.sqrt(n)
    assert gap.difference == pytest.approx(0.05)
    assert gap.low == pytest.approx(0.05 - half, rel=1e-6)
    assert gap.low < 0 < paired_bootstrap(true, other, seed=1).low
    nothing = Writer(exam=exam, seed=1).gap(true, true)
    assert (nothing.difference, nothing.low, nothing.high) == (0.0, 0.0, 0.0)


def test_a_part_of_a_ledger_alone() -> None:
    ledger = examine(moody_world(), Examination(models=("popular",), parts=("context",)))
    assert {line.group for line in ledger.worths} == {"context"}
    assert ledger.freshness == ledger.growth == () and ledger.growing is None
    text = page(ledger)
    assert "Circumstances of the moment" in text and "How fresh" not in text
