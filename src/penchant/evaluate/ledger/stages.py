"""How much of a log is looked at, and the two rounds of questions: one to choose by, one to judge by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from penchant.config import Config, setting
from penchant.data.arrays import Int64
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.data.replayed import drawn_rows
from penchant.errors import BadData
from penchant.evaluate import replay
from penchant.evaluate.ledger.exam import Exam
from penchant.evaluate.ledger.remembered import RememberedPopularity
from penchant.evaluate.protocol import Protocol, Stage
from penchant.evaluate.tasks import make_task

_SECONDS_A_QUESTION, _SECONDS_A_SCORE = 60e-6, 15e-9
"""What one question to a model costs on an ordinary core, about: per question, and per item of the catalogue."""

_JUDGED_SECONDS, _CHOSEN_SECONDS = 1.3, 0.35
"""What asking one model all test questions, or all validation questions, may cost."""

_LEAST_EACH = 5
"""Questions a person before people are left out: fewer, and the circumstances of one person hardly vary."""

PANEL = ("popular", "repeats", "itemknn", "markov", "userknn", "ials", "ease", "content")
"""One model of every kind that answers for a live history."""

LEAST_EVENTS, LEAST_PEOPLE = 200, 10
"""Below this nothing can be told."""


class Examination(Config):
    """The settings of a ledger."""

    seed: int = setting(7, "seed of all draws", ge=0)
    sample_events: int = setting(
        1_100_000, "only so many newest events of the log are looked at", unit="events", ge=200
    )
    sample_people: int | None = setting(None, "ask only so many people; none: as many as two minutes afford", ge=10)
    effort: float = setting(1.0, "questions asked, as a multiple of what two minutes afford", gt=0, le=100)
    models: tuple[str, ...] = setting(PANEL, "models asked, where the log affords them")
    parts: tuple[Literal["past", "attributes", "context", "curves"], ...] = setting(
        ("past", "attributes", "context", "curves"), "parts of the ledger that are measured"
    )
    targets: tuple[str, ...] | None = setting(None, "event kinds that are targets; none takes the schema's")
    repeats: str = setting("auto", "allow, exclude or auto: whether items of the history may be recommended")


@dataclass(frozen=True, kw_only=True, eq=False)
class Round:
    """One round of questions: the models know `task.train`; `protocol` says how the questions were drawn."""

    task: Task
    exam: Exam
    protocol: Protocol
    n_possible: int
    people_possible: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Stages:
    """The part of the log that is looked at, and its two rounds.

    Attributes:
        data: the newest events.
        n_events: events of the whole log.
        chosen: the validation round, inside the training part.
        judged: the test round.
    """

    data: Dataset
    n_events: int
    chosen: Round
    judged: Round


def stages(data: Dataset, wish: Examination) -> Stages:
    """Samples a log and draws both rounds.

    Raises:
        BadData: the log has no times, or too few events or people for any figure.
    """
    if not data.timed:
        raise BadData(
            f"{data.name}: the log has no timestamps, so nothing can be asked in the order of time; "
            "name the column: penchant init EVENTS --column timestamp=NAME"
        )
    if len(data) < LEAST_EVENTS:
        raise BadData(f"{data.name}: expected at least {LEAST_EVENTS} events to tell anything, got {len(data)}")
    newest = data.take(slice(len(data) - wish.sample_events, len(data))) if len(data) > wish.sample_events else data
    protocol = Protocol.parse(
        {"k": (20,), "seed": wish.seed, "targets": wish.targets, "repeats": wish.repeats}, "doctor"
    ).resolved(newest)
    judged = _round(newest, protocol, "test", _JUDGED_SECONDS * wish.effort, wish.sample_people)
    if len(judged.exam.people) < LEAST_PEOPLE:
        raise BadData(
            f"{data.name}: the newest tenth of the log leaves questions for {len(judged.exam.people)} people, expected at "
            f"least {LEAST_PEOPLE}; check --targets and --repeats, or collect more"
        )
    chosen = _round(newest, protocol, "valid", _CHOSEN_SECONDS * wish.effort, wish.sample_people)
    if len(chosen.exam) == 0:
        raise BadData(f"{data.name}: the training part leaves no question to choose settings by; collect more events")
    return Stages(data=newest, n_events=len(data), chosen=chosen, judged=judged)


def _round(data: Dataset, protocol: Protocol, stage: Stage, seconds: float, sample_people: int | None) -> Round:
    """Fewer questions a person first, then fewer people: figures are means over people, so people are worth more."""
    affordable = max(200, int(seconds / (_SECONDS_A_QUESTION + _SECONDS_A_SCORE * data.n_items)))
    inside, cut = replay.cut_for(data, protocol, stage)
    each = np.bincount(inside.interactions.user[_drawn(inside, cut, protocol)], minlength=1)
    each = each[each > 0]
    limit = protocol.max_questions
    while limit > _LEAST_EACH and np.minimum(each, limit).sum() > affordable:
        limit -= 1
    drawn = max(1, int(np.minimum(each, limit).sum()))
    people = max(LEAST_PEOPLE, int(len(each) * min(1.0, affordable / drawn)))
    people = min(people, sample_people) if sample_people is not None else people
    asked = protocol.changed(max_questions=limit, sample_people=people)
    task = make_task(data, asked, stage)
    live = task.asked["live"]
    # every model asks for the popularity of the same moments
    live = replace(live, popularity=RememberedPopularity.of(live.popularity))
    exam = Exam(questions=live, exclude=protocol.repeats == "exclude")
    return Round(task=task, exam=exam, protocol=asked, n_possible=int(each.sum()), people_possible=len(each))


def _drawn(data: Dataset, cut: int, protocol: Protocol) -> Int64:
    """The rows that `replay` would ask."""
    kinds = [data.schema.kind_number(name) for name in protocol.targets or data.schema.kinds]
    return drawn_rows(data, cut, kinds, protocol.max_questions, protocol.seed)
