"""From a log to its ledger."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from penchant.data.arrays import Float64
from penchant.data.dataset import Dataset
from penchant.evaluate.ledger.attributes import item_attributes, person_attributes
from penchant.evaluate.ledger.context import context_found
from penchant.evaluate.ledger.curves import depth, freshness, growth
from penchant.evaluate.ledger.exam import HIT, Exam
from penchant.evaluate.ledger.fields import attributes, circumstances
from penchant.evaluate.ledger.ledger import Ledger, ModelRow, Point, Worth
from penchant.evaluate.ledger.lines import Writer, seed_of
from penchant.evaluate.ledger.panel import Panel, gather
from penchant.evaluate.ledger.past import losses
from penchant.evaluate.ledger.stages import Examination, Stages, stages
from penchant.evaluate.ledger.summary import cheapest, summary
from penchant.evaluate.ledger.verdicts import verdict
from penchant.log import SILENT, Reporter
from penchant.metrics.intervals import mean_interval
from penchant.train.run import Run

_NEAR = 0.95
"""A model whose mean is at least this share of the best one's is near enough."""


def examine(data: Dataset, wish: Examination | None = None, reporter: Reporter = SILENT) -> Ledger:
    """Measures what each kind of data in a log is worth, under `replay`.

    Models are fitted on the training part alone; their settings, the reference model and the strengths of circumstances are
    chosen on a validation round inside it; every figure is of test questions.

    Raises:
        BadData: no times, or too few events or people; UnknownName: a wrong event kind.
    """
    wish = wish or Examination()
    wall, cpu = time.perf_counter(), time.process_time()
    reporter.progress("log: drawing questions", 0, 1)
    rounds = stages(data, wish)
    reporter.progress("log: drawing questions", 1, 1)
    panel = gather(rounds, wish.models, Run(seed=wish.seed, reporter=reporter))
    writer = Writer(exam=rounds.judged.exam, seed=seed_of(wish.seed))
    reference = panel.reference
    base = _point(rounds.judged.exam, reference.name, reference.test)
    exam = rounds.judged.exam
    hit = float(np.nanmean(exam.by_person(exam.values(reference.judged.score_batch, metric=HIT)[0])))
    left_out = dict(panel.left_out)
    worths = [
        replace(one, verdict=verdict(one, base.mean))
        for one in _worths(rounds, panel, writer, wish, left_out, reporter)
    ]
    reporter.progress("curves: drawing", 0, 1)
    drawn = "curves" in wish.parts
    grown = list(growth(rounds, reference, wish.seed)) if drawn else []
    models = _models(rounds.judged.exam, panel)
    cheap = cheapest(models)
    return Ledger(
        data={
            "name": data.name,
            "digest": data.digest,
            "n_events": len(data),
            "n_users": data.n_users,
            "n_items": data.n_items,
        },
        protocol=rounds.judged.protocol.described(),
        sampled=tuple(_sampled(rounds)),
        reference=reference.name,
        base=base,
        hit=hit,
        worths=tuple(worths),
        models=models,
        cheapest=cheap.name,
        freshness=_curve(exam, freshness(rounds, reference) if drawn else ()),
        depth=_curve(exam, depth(rounds, reference) if drawn else ()),
        growth=_curve(exam, grown),
        growing=writer.gap(grown[-1][1], grown[-2][1]) if len(grown) > 1 else None,
        left_out=left_out,
        summary=tuple(summary(base.mean, hit, reference.name, worths, models)),
        n_people=len(rounds.judged.exam.people),
        n_questions=len(rounds.judged.exam),
        seed=wish.seed,
        cpu_seconds=time.process_time() - cpu,
        wall_seconds=time.perf_counter() - wall,
    )


def _worths(
    rounds: Stages, panel: Panel, writer: Writer, wish: Examination, left_out: dict[str, str], reporter: Reporter
) -> Iterator[Worth]:
    reference = panel.reference
    if "past" in wish.parts:
        for loss in losses(rounds, panel, wish.seed, reporter):
            yield writer.past(reference.test, loss, reference.name)
        if rounds.judged.exam.exclude:
            left_out["repeats"] = "this log is judged without repeats (the schema or --repeats says exclude)"
    if "attributes" in wish.parts:
        reporter.progress("attributes: measuring", 0, 1)
        yield from _attributes(rounds, panel, writer, wish, left_out)
        reporter.progress("attributes: measured", 1, 1)
    if "context" in wish.parts:
        reporter.progress("circumstances: measuring", 0, 1)
        fields, why = circumstances(rounds.data, len(rounds.judged.task.train))
        left_out |= {f"circumstance {name}": reason for name, reason in why.items()}
        if fields:
            yield from writer.context(context_found(rounds, reference, fields, wish.seed))
        reporter.progress("circumstances: measured", 1, 1)


def _attributes(
    rounds: Stages, panel: Panel, writer: Writer, wish: Examination, left_out: dict[str, str]
) -> Iterator[Worth]:
    if (items := item_attributes(rounds, panel)) is not None:
        yield writer.item_attributes(items)
    of_people, why = attributes(rounds.data.user_features.columns)
    left_out |= {f"person attribute {name}": reason for name, reason in why.items()}
    if (people := person_attributes(rounds, panel.reference, of_people, wish.seed)) is not None:
        yield writer.person_attributes(people)
    elif not why:
        left_out["person attributes"] = "the log came without any (--users FILE)"


def _models(exam: Exam, panel: Panel) -> tuple[ModelRow, ...]:
    points = {one.name: _point(exam, one.name, one.test) for one in panel.members}
    best = max(point.mean for point in points.values())
    rows = [
        ModelRow(
            name=one.name,
            mean=points[one.name].mean,
            low=points[one.name].low,
            high=points[one.name].high,
            fit_cpu_seconds=one.fit_cpu,
            score_cpu_seconds=one.score_cpu,
            answers_per_cpu_second=len(exam) / max(one.score_cpu, 1e-9),
            within=points[one.name].mean >= _NEAR * best,
            settings=one.settings,
        )
        for one in panel.members
    ]
    return tuple(sorted(rows, key=lambda row: -row.mean))


def _point(exam: Exam, label: str, values: Float64) -> Point:
    found = mean_interval(exam.by_person(np.asarray(values)))
    return Point(label=label, mean=found.mean, low=found.low, high=found.high)


def _curve(exam: Exam, drawn: Iterable[tuple[str, Float64]]) -> tuple[Point, ...]:
    return tuple(_point(exam, label, values) for label, values in drawn)


def _sampled(rounds: Stages) -> Iterator[str]:
    """What was looked at, in sentences."""
    data, judged = rounds.data, rounds.judged
    if rounds.n_events > len(data):
        yield f"Only the newest {len(data):,} of {rounds.n_events:,} events were looked at."
    else:
        yield f"All {len(data):,} events were looked at."
    exam = judged.exam
    asked = f"{len(exam):,} questions to {len(exam.people):,} people"
    if len(exam) < judged.n_possible:
        yield (
            f"Asked: {asked}, drawn from {judged.n_possible:,} of {judged.people_possible:,} people in the newest tenth "
            f"(at most {judged.protocol.max_questions} questions a person)."
        )
    else:
        yield f"Asked: {asked}, from the newest tenth of the events."
    chosen = rounds.chosen.exam
    yield f"Settings were chosen by {len(chosen):,} questions to {len(chosen.people):,} people before that."
