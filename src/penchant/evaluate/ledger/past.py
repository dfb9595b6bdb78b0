"""What the past of a person is worth: whose it is, how fresh it is, in which order it comes, and saying the same again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from penchant.data.arrays import Bool, Float64
from penchant.data.replayed import repeated
from penchant.evaluate.ledger.choosing import clear_gain
from penchant.evaluate.ledger.exam import Exam, Told
from penchant.evaluate.ledger.panel import Member, Panel
from penchant.evaluate.ledger.signals import newest_shuffled, rotated, shuffled, swapped
from penchant.evaluate.ledger.stages import Round, Stages
from penchant.log import Reporter
from penchant.rng import generator

NEWEST = 10
"""Events whose exact order is looked at by itself."""

_CANDIDATES = 3
"""Best models that may take the reference's place when something is taken away, beside `popular` and `repeats`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Loss:
    """What is left when something is taken away.

    Attributes:
        key: what was taken away.
        left: the metric of each test question with the best that is left, float64 [Q].
        same: the same with the reference model all the same, float64 [Q].
        instead: name of the model that is best then, by validation.
        changed: bool [Q], questions that could change at all.
    """

    key: str
    left: Float64
    same: Float64
    instead: str
    changed: Bool


_FALLBACK = ("history", "live")

Ask = Callable[[Member, Round, bool], Float64]
"""Asks a member (its `judged` fit if true, else its `chosen`) with something taken away; float64 [Q]."""


def losses(stages: Stages, panel: Panel, seed: int, reporter: Reporter) -> Iterator[Loss]:
    """Takes one thing after the other away. Models are not fitted again, but another of them may be the better one then."""
    few = _candidates(panel)
    jobs: list[tuple[str, Sequence[Member], Ask]] = [
        ("history", panel.members, partial(_told, tell=lambda one: Told(questions=swapped(one.exam.questions)))),
        ("live", panel.members, partial(_told, tell=lambda one: Told(questions=one.task.asked["frozen"]))),
        ("order", few, partial(_told, tell=lambda _: _reshaped(shuffled, seed, "order"))),
        ("recency", few, partial(_told, tell=lambda _: _reshaped(rotated, seed, "recency"))),
        ("sequence", few, partial(_told, tell=lambda _: _reshaped(partial(newest_shuffled, n=NEWEST), seed, "newest"))),
    ]
    if not stages.judged.exam.exclude:
        jobs.append(("repeats", few, _new_only))
    for number, (key, candidates, ask) in enumerate(jobs):
        reporter.progress(f"signals: {key}", number, len(jobs))
        yield _loss(key, stages, panel.reference, candidates, ask)
    reporter.progress("signals: measured", len(jobs), len(jobs))


def _candidates(panel: Panel) -> list[Member]:
    always = [one for one in panel.members if one.name in ("popular", "repeats")]
    return list({one.name: one for one in [*panel.best(_CANDIDATES), *always]}.values())


def _loss(key: str, stages: Stages, reference: Member, candidates: Sequence[Member], ask: Ask) -> Loss:
    by_person = stages.chosen.exam.by_person
    best = reference
    start = kept = by_person(ask(reference, stages.chosen, False))
    for other in candidates:
        values = start if other is reference else by_person(ask(other, stages.chosen, False))
        # where a fallback is at hand, the better mean takes it; elsewhere two models differ by luck more than by the signal
        enough = key in _FALLBACK or clear_gain(values, start, errors=1.0)
        if np.nanmean(values) > np.nanmean(kept) and enough:
            best, kept = other, values
    same = ask(reference, stages.judged, True)
    left = same if best is reference else ask(best, stages.judged, True)
    questions = stages.judged.exam.questions
    return Loss(
        key=key,
        left=left,
        same=same,
        instead=best.name,
        changed=_changed(key, stages.judged, questions.high > questions.low),
    )


def _changed(key: str, judged: Round, any_past: Bool) -> Bool:
    """Questions that the loss could change."""
    questions = judged.exam.questions
    length = questions.high - questions.low
    if key == "live":
        frozen_high = judged.task.asked["frozen"].high
        return np.asarray(questions.high > frozen_high)
    if key == "repeats":
        return repeated(questions.data, _rows(judged), questions.low, questions.high)
    return np.asarray(length > 1) if key in ("order", "recency", "sequence") else any_past


def _rows(judged: Round) -> np.ndarray:
    rows = judged.exam.questions.row
    assert rows is not None
    return rows


def _told(member: Member, one: Round, judged: bool, *, tell: Callable[[Round], Told]) -> Float64:
    if member.name == "popular" and judged:
        return member.test  # it looks at no history
    model = member.judged if judged else member.chosen
    return one.exam.values(model.score_batch, tell(one))[0]


def _reshaped(change: Callable[..., object], seed: int, word: str) -> Told:
    return Told(reshaped=partial(change, rng=generator(seed, "doctor", word)))  # type: ignore[arg-type]


def _new_only(member: Member, one: Round, judged: bool) -> Float64:
    """Items of the history leave the ranking; where one of them was the answer, it cannot be found."""
    model = member.judged if judged else member.chosen
    exam = Exam(questions=one.exam.questions, exclude=True)
    values = exam.values(model.score_batch)[0]
    asked = exam.questions
    values[repeated(asked.data, _rows(one), asked.low, asked.high)] = 0.0
    return values
