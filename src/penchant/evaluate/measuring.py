"""Measuring one model under one protocol: choose settings, fit, ask, and keep the values of every person."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.data.arrays import Bool, Float64, Int64
from penchant.data.dataset import Dataset
from penchant.data.features import Tags
from penchant.data.questions import OVERALL, Questions, Task, people_of
from penchant.errors import BadData
from penchant.evaluate.answering import Answers, Judging, answer
from penchant.evaluate.members import rehearsed, with_members
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.results import ModelResult, Values
from penchant.evaluate.selection import Selection, select
from penchant.evaluate.slicing import slice_masks
from penchant.evaluate.tasks import make_task
from penchant.metrics.beyond import coverage, gini, intra_list_diversity, novelty
from penchant.metrics.groups import mean_by_group
from penchant.metrics.names import parse_metric
from penchant.models.base import Model
from penchant.registry import model_class
from penchant.train.run import Run


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """A model to be measured: the name shown, the model's name, and the settings that are given, not chosen."""

    label: str
    model: str
    settings: Mapping[str, Any]


def measure(spec: ModelSpec, data: Dataset, protocol: Protocol, run: Run, *, budget: int, cut: int = 0) -> ModelResult:
    """Measures one model; `protocol` must be resolved, `budget` is the number of trials (1 takes the settings as they are).

    Raises:
        BadData: the protocol asks nothing on this log.
    """
    chosen_from = model_class(spec.model)
    started = time.process_time()
    settings = with_members(chosen_from, spec.settings, data, protocol, run, budget=budget, cut=cut)
    selection = select(chosen_from, settings, data, protocol, run, budget=budget, cut=cut)
    select_cpu = time.process_time() - started
    task = make_task(data, protocol, "test", cut)
    questions = task.asked[task.leading]
    if len(questions) == 0:
        raise BadData(f"protocol {protocol.name}: the log leaves no question to ask; check targets and repeats")
    run.reporter.progress(f"{spec.label}: fit", 0, 1)
    wall, cpu = time.perf_counter(), time.process_time()
    valid = rehearsed(chosen_from, data, protocol, cut)
    model: Model = chosen_from(selection.config).fit(task.train, valid=valid, run=run)
    seconds = {"fit_seconds": time.perf_counter() - wall, "fit_cpu_seconds": time.process_time() - cpu}
    people = np.sort(people_of(questions)).astype(np.int64)
    collected = _Collected(people, protocol, task)
    for history, asked in task.asked.items():
        judging = Judging(
            metrics=[parse_metric(name) for name in protocol.metrics],
            single=protocol.single_target,
            exclude=protocol.repeats == "exclude",
            with_lists=history == task.leading,
        )
        answers = answer(model, asked, judging, run.reporter, f"{spec.label}: {history}")
        collected.add(history, asked, answers, judging)
    return ModelResult(
        label=spec.label,
        people=people.astype(np.int32),
        metrics=collected.metrics,
        new_only=collected.new_only,
        slices=collected.slices,
        about={
            "model_name": spec.model,
            "settings": selection.config.model_dump(mode="json"),
            "selection": described(selection),
            "refit": task.refit,
            "n_questions": len(questions),
            "train_events": len(task.train),
            **seconds,
            "select_cpu_seconds": select_cpu,
            "peak_rss_mb": peak_rss_mb(),
            "recommend_per_cpu_second": len(questions) / max(collected.cpu_seconds, 1e-9),
            "catalogue": collected.catalogue,
        },
    )


def described(selection: Selection) -> dict[str, Any]:
    """How the settings came about, in plain values."""
    return {
        "metric": selection.metric,
        "trials": [
            {"value": t.value if np.isfinite(t.value) else None, "settings": t.settings} for t in selection.trials
        ],
        **({"why_not": selection.why_not} if selection.why_not else {}),
    }


def peak_rss_mb() -> float:
    """The most memory this process has held so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


class _Collected:
    """Collects the values of each person, history by history."""

    def __init__(self, people: Int64, protocol: Protocol, task: Task) -> None:
        self.people, self.protocol, self.task = people, protocol, task
        self.metrics: dict[str, Values] = {}
        self.new_only: dict[str, Values] = {}
        self.slices: dict[str, Values] = {}
        self.catalogue: dict[str, float] = {}
        self.cpu_seconds = 0.0
        self.repeated: Bool | None = None

    def add(self, history: str, asked: Questions, answers: Answers, judging: Judging) -> None:
        """Takes the answers with one kind of history."""
        values = {name: self._means(value, asked) for name, value in answers.values[OVERALL].items()}
        primary = answers.values[OVERALL][self.protocol.primary]
        if judging.single:
            masks = slice_masks(asked, self.task.train)
            self.slices[history] = {n: self._means(np.where(m, primary, np.nan), asked) for n, m in masks.items()}
            if self.repeated is None:
                # "new" is meant in the light of the leading history, so that every history is judged on the same questions
                self.repeated = answers.repeated
            if self.protocol.repeats == "allow":
                fresh = {
                    name: self._means(np.where(self.repeated, np.nan, value), asked)
                    for name, value in answers.values[OVERALL].items()
                }
                self.new_only[history] = fresh
        else:
            groups = {name: group for name, group in answers.values.items() if name != OVERALL}
            self.slices[history] = {
                f"{name} items: {metric}": self._means(value, asked)
                for name, group in groups.items()
                for metric, value in group.items()
            }
        if history == self.task.leading:
            values |= self._beyond(asked, answers)
            self.cpu_seconds = answers.cpu_seconds
        self.metrics[history] = values

    def _means(self, values: Float64, asked: Questions) -> Float64:
        return mean_by_group(values, np.searchsorted(self.people, asked.user), len(self.people))

    def _beyond(self, asked: Questions, answers: Answers) -> dict[str, Float64]:
        """Novelty and diversity of each person's lists; coverage and exposure go to `catalogue`."""
        lists, depth = answers.lists, max(self.protocol.k)
        assert lists is not None
        counts = np.bincount(self.task.train.interactions.item, minlength=asked.data.n_items)
        self.catalogue[f"coverage@{depth}"] = coverage(lists.items, lists.n, asked.data.n_items)
        self.catalogue[f"gini@{depth}"] = gini(lists.items, lists.n, asked.data.n_items)
        values = {f"novelty@{depth}": self._means(novelty(lists.items, lists.n, counts), asked)}
        tags = [c for c in asked.data.item_features.columns.values() if isinstance(c, Tags)]
        if tags:
            diversity = intra_list_diversity(lists.items, lists.n, tags[0].offsets, tags[0].codes)
            values[f"diversity@{depth}"] = self._means(diversity, asked)
        return values
