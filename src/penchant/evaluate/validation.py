"""The validation questions that settings are chosen by: fitting one setting, judging it, and when a gain is more than luck."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from penchant.data.arrays import Float64, Nums
from penchant.data.dataset import Dataset
from penchant.data.questions import OVERALL, Questions, Task, people_of
from penchant.errors import BadData
from penchant.evaluate.answering import Judging, answer
from penchant.evaluate.labelled.predicting import judged_rows
from penchant.evaluate.protocol import Protocol, Stage
from penchant.evaluate.tasks import make_task, sampled
from penchant.log import Reporter
from penchant.metrics.groups import mean_by_group
from penchant.metrics.names import parse_metric
from penchant.models.base import Model

SELECTION_PEOPLE = 500
"""People asked for one trial in any case, if there are so many."""

SELECTION_CELLS = 200_000_000
"""Scores computed for one trial when more people can be asked: seconds, and less noise in the choice."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Validation:
    """What is fitted and what is asked to choose settings, at least one question.

    Attributes:
        train: the only events that a fit may see.
        questions: those with the leading history, of as many people as one trial affords.
        people: int32 [P], the numbers of these people, in the order of their first question.
    """

    train: Dataset
    questions: Questions
    people: Nums
    protocol: Protocol

    @property
    def task(self) -> Task:
        """The same as a task."""
        exclude = self.protocol.repeats == "exclude"
        return Task(train=self.train, asked={"asked": self.questions}, exclude=exclude)

    @classmethod
    def of(cls, data: Dataset, protocol: Protocol, stage: Stage, cut: int = 0) -> Self:
        """The questions of a stage of a resolved protocol; raises BadData where the log leaves none."""
        task = make_task(data, protocol, stage, cut)
        questions = _affordable(task, protocol)
        if len(questions) == 0:
            raise BadData("the validation part leaves no question to ask")
        return cls(train=task.train, questions=questions, people=people_of(questions), protocol=protocol)

    def judged(self, model: Model, reporter: Reporter, name: str) -> Float64:
        """The primary metric of each of `people`, float64 [P]; NaN where a person has no question with a right answer."""
        return judged(model, self.questions, self.people, self.protocol, reporter, name)


def judged(
    model: Model, questions: Questions, people: Nums, protocol: Protocol, reporter: Reporter, name: str
) -> Float64:
    """The primary metric of each person, float64 [P]; what they add to the figure that chooses where rows are labelled.

    Args:
        people: int32 [P], distinct, with everybody who is asked, in any order.
        name: of the task in the progress.
    """
    if questions.labels is not None:
        return judged_rows(model, questions, people, protocol, reporter, name)
    metric = parse_metric(protocol.primary)
    judging = Judging(
        metrics=[metric],
        single=protocol.single_target,
        exclude=protocol.repeats == "exclude",
        with_lists=False,
    )
    values = answer(model, questions, judging, reporter, name).values[OVERALL][str(metric)]
    order = np.argsort(people)
    return mean_by_group(values, order[np.searchsorted(people[order], questions.user)], len(people))


def mean_of(values: Float64) -> float:
    """The mean over people; NaN when nobody has a value."""
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def clearly_greater(values: Float64, than: Float64) -> bool:
    """Whether the mean of each person's gain exceeds its standard error: smaller gains are mostly luck of the sample."""
    return standard_errors(values, than) > 1


def standard_errors(values: Float64, than: Float64) -> float:
    """The mean of each person's gain, in standard errors of that mean; 0 where fewer than two people have both values."""
    gain = values - than
    gain = gain[np.isfinite(gain)]
    if len(gain) < 2:
        return 0.0
    mean, error = float(gain.mean()), float(gain.std(ddof=1) / np.sqrt(len(gain)))
    if error == 0:
        return float(np.inf * np.sign(mean)) if mean else 0.0
    return mean / error


def _affordable(task: Task, protocol: Protocol) -> Questions:
    """The questions of only as many people as `SELECTION_CELLS` allows, but `SELECTION_PEOPLE` at least."""
    questions = task.asked[task.leading]
    if questions.labels is not None:
        # a row costs one answer, not a ranking
        return questions
    cells = len(questions) * questions.data.n_items
    share = SELECTION_CELLS / max(1, cells)
    people = max(SELECTION_PEOPLE, int(share * len(people_of(questions))))
    return sampled(questions, protocol.changed(sample_people=people))
