"""The models that a log is examined with: cheap ones of every kind, settings chosen on validation, what they cost."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from penchant.data.arrays import Float64
from penchant.data.dataset import Dataset
from penchant.errors import UserError
from penchant.evaluate.ledger.choosing import clear_gain
from penchant.evaluate.ledger.exam import Exam
from penchant.evaluate.ledger.stages import Round, Stages
from penchant.log import Reporter
from penchant.models.base import Model, ModelConfig
from penchant.registry import model_class
from penchant.train.run import Run

_TIMED = 768
"""Questions by which the cost of an answer is measured."""

_TRIALS = 7
"""Settings tried for each model."""

_EASE_ITEMS = 6_000
"""Items up to which the n^3 of `ease` costs seconds."""

_SMALLER: dict[str, dict[str, Any]] = {"ials": {"embedding_dim": 32, "epochs": 8}}
"""Settings that make a model affordable; the full-sized one is a little better."""

_IALS_PRODUCTS = 5e9
"""Multiply-adds of one pass of `ials` that cost a second or less."""

_PAIRS = 60_000_000
"""Pairs of an item and a follower that `markov` may count."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Member:
    """A model of the panel.

    Attributes:
        chosen: fitted on the training part of the validation round; `judged`: on that of the test round.
        valid: its figure for each person of the validation round, float64 [P], live history.
        test: its figure for each question of the test round, float64 [Q].
        fit_cpu, score_cpu: processor seconds of the last fit, and of scoring the test questions.
    """

    name: str
    settings: dict[str, Any]
    chosen: Model
    judged: Model
    valid: Float64
    test: Float64
    fit_cpu: float
    score_cpu: float

    @property
    def promise(self) -> float:
        """Mean of the validation round, by which models are chosen."""
        return float(np.nanmean(self.valid))


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """All models that were asked, and why others were not."""

    members: tuple[Member, ...]
    left_out: dict[str, str]

    @property
    def reference(self) -> Member:
        """The model that validation found best."""
        return max(self.members, key=lambda member: member.promise)

    def named(self, name: str) -> Member | None:
        """The member of this name, or None."""
        return next((member for member in self.members if member.name == name), None)

    def best(self, n: int) -> tuple[Member, ...]:
        """The `n` models that validation found best, best first."""
        return tuple(sorted(self.members, key=lambda member: -member.promise)[:n])


def gather(stages: Stages, wanted: Sequence[str], run: Run) -> Panel:
    """Chooses settings, fits and asks every model that the log affords."""
    members: list[Member] = []
    left_out = {name: why for name, why in _unaffordable(stages.data) if name in wanted}
    names = [name for name in wanted if name not in left_out]
    for number, name in enumerate(names):
        run.reporter.progress(f"models: {name}", number, len(names))
        try:
            members.append(_member(name, stages, run))
        except UserError as fault:
            left_out[name] = str(fault)
    run.reporter.progress("models: asked", len(names), len(names))
    if not members:
        raise UserError("; ".join(f"{name}: {why}" for name, why in left_out.items()))
    return Panel(members=tuple(members), left_out=left_out)


def _member(name: str, stages: Stages, run: Run) -> Member:
    quiet = Run(seed=run.seed, reporter=_Quiet(run.reporter))
    smaller = _SMALLER.get(name, {})
    smaller = smaller | ({"window": 1} if name == "markov" and _pairs(stages.data) * 3 > _PAIRS else {})
    first: Model = model_class(name)(**smaller).fit(stages.chosen.task.train, run=quiet)
    chosen, valid = _chosen(first, stages.chosen.exam)
    started = time.process_time()
    judged: Model = type(first)(chosen.config).fit(stages.judged.task.train, run=quiet)
    fit_cpu = time.process_time() - started
    test, _ = stages.judged.exam.values(judged.score_batch)
    return Member(
        name=name,
        settings=chosen.config.model_dump(mode="json"),
        chosen=chosen,
        judged=judged,
        valid=valid,
        test=test,
        fit_cpu=fit_cpu,
        score_cpu=_score_cpu(judged, stages.judged),
    )


def _score_cpu(model: Model, judged: Round) -> float:
    """Processor seconds for all questions, told from some of them, each counting the popularity of its moment anew."""
    questions = judged.exam.questions
    some = questions.take(np.linspace(0, len(questions) - 1, min(_TIMED, len(questions))).astype(np.int64))
    alone = Exam(questions=replace(some, popularity=questions.data.popularity), exclude=judged.exam.exclude)
    return alone.values(model.score_batch)[1] * len(questions) / len(some)


def _chosen(model: Model, exam: Exam) -> tuple[Model, Float64]:
    """The same fit with the best settings of scoring, and its figure for each person: `penchant.evaluate.selection`, in small.

    The first value of every setting is tried, then the second of every one; a value is kept when its mean gain over people
    exceeds its standard error.
    """
    values = exam.by_person(exam.values(model.score_batch)[0])
    grids = list(_grids(type(model.config)))
    turns = [
        (name, grid[i]) for i in range(max(len(grid) for _, grid in grids)) for name, grid in grids if i < len(grid)
    ]
    tried = 1
    for name, value in turns:
        if tried == _TRIALS or value == getattr(model.config, name):
            continue
        try:
            other = model.with_settings(**{name: value})
        except UserError:
            continue
        tried += 1
        found = exam.by_person(exam.values(other.score_batch)[0])
        if clear_gain(found, values, errors=1.0):
            model, values = other, found
    return model, values


def _grids(config: type[ModelConfig]) -> Iterator[tuple[str, list[Any]]]:
    """Settings that need no fit of their own, with what may be tried beside the default; the model's own first.

    Circumstances are left out: they are measured by `layers`, field by field. And `context_match` never: the events of a visit
    share their circumstances, so it finds the visit again and looks like a gain even where circumstances do nothing.
    """
    declared = [name for part in config.__mro__ for name in vars(part).get("__annotations__", {})]
    for name in dict.fromkeys(declared):
        field = config.model_fields.get(name)
        extra = field.json_schema_extra if field is not None and isinstance(field.json_schema_extra, dict) else {}
        grid = extra.get("grid")
        if (
            isinstance(grid, list | tuple)
            and not extra.get("refit", True)
            and name not in ("context_lift", "context_match")
        ):
            yield name, [value for value in grid if field is not None and value != field.default]


def _unaffordable(data: Dataset) -> Iterator[tuple[str, str]]:
    items = int(data.seen_items.sum())
    if items > _EASE_ITEMS:
        yield "ease", f"needs {items:,}^3 operations; affordable up to {_EASE_ITEMS:,} items"
    size = _SMALLER["ials"]["embedding_dim"]
    if len(data) * size**2 + (data.n_users + items) * size**3 > _IALS_PRODUCTS:
        yield "ials", f"needs minutes for {data.n_users:,} people, {items:,} items and {len(data):,} events"
    if not data.item_features.columns:
        yield "content", "the log came without item attributes (--items FILE)"
    if (pairs := _pairs(data)) > _PAIRS:
        yield "markov", f"{pairs:,} pairs of an item and a follower to count; affordable up to {_PAIRS:,}"


def _pairs(data: Dataset) -> int:
    """Pairs of items in successive instants of one person."""
    rows = data.sequences.rows
    at, user = data.interactions.at[rows], data.interactions.user[rows]
    start = np.flatnonzero(np.append(True, (at[1:] != at[:-1]) | (user[1:] != user[:-1])))
    size = np.diff(np.append(start, len(rows)))
    follows = user[start[1:]] == user[start[:-1]]
    return int((size[1:] * size[:-1])[follows].sum())


class _Quiet:
    """Passes notes on; the progress of single trials is too much."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def note(self, text: str) -> None:
        self._reporter.note(text)

    def progress(self, task: str, done: int, total: int) -> None:
        """Ignored."""
