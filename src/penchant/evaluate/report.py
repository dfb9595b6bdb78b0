"""The report: a row for each model and history with intervals, and a paired comparison for each pair of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from penchant.data.arrays import Float64
from penchant.evaluate.children import Refused
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.results import ModelResult, Values
from penchant.metrics.intervals import mean_interval, paired_bootstrap

_SAME_SIGN_NEEDED = 0.8
"""Share of rolling cuts in which a difference must have the same sign before a verdict counts (4 of 5)."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """An evaluation in plain values, ready for JSON.

    Attributes:
        protocol: the settings of the protocol and its stamp.
        data: name, digest and sizes of the log.
        n_people: people with at least one question (of the newest cut).
        rows: one a model, history and cut.
        comparisons: one a pair of models, by the primary metric.
        refused: models that could not be measured, with the reason.
    """

    protocol: Mapping[str, Any]
    data: Mapping[str, Any]
    n_people: int
    rows: Sequence[Mapping[str, Any]]
    comparisons: Sequence[Mapping[str, Any]]
    refused: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        """The report as one JSON object."""
        return {
            "protocol": dict(self.protocol),
            "data": dict(self.data),
            "n_people": self.n_people,
            "rows": [dict(row) for row in self.rows],
            "comparisons": [dict(comparison) for comparison in self.comparisons],
            "refused": [dict(one) for one in self.refused],
        }


def make_report(
    protocol: Protocol, data: Mapping[str, Any], by_cut: Sequence[Sequence[ModelResult | Refused]], seed: int
) -> Report:
    """Puts the results of all cuts together."""
    rows: list[dict[str, Any]] = []
    for cut, results in enumerate(by_cut):
        for result in results:
            if isinstance(result, ModelResult):
                rows += _rows(result, cut if len(by_cut) > 1 else None)
    refused = {r.label: r.reason for results in by_cut for r in results if isinstance(r, Refused)}
    measured = [[r for r in results if isinstance(r, ModelResult)] for results in by_cut]
    return Report(
        protocol=protocol.described(),
        data=data,
        n_people=len(measured[0][0].people) if measured[0] else 0,
        rows=rows,
        comparisons=_comparisons(measured, protocol.primary, seed),
        refused=[{"model": label, "reason": reason} for label, reason in refused.items()],
    )


def _rows(result: ModelResult, cut: int | None) -> list[dict[str, Any]]:
    rows = []
    for history, values in result.metrics.items():
        row: dict[str, Any] = {"model": result.label, "history": history}
        if cut is not None:
            row["cut"] = cut
        row["metrics"] = _intervals(values)
        row["n_people"] = int(np.isfinite(next(iter(values.values()))).sum())
        if history in result.new_only:
            row["new_only"] = _intervals(result.new_only[history])
        row["slices"] = _intervals(result.slices.get(history, {}))
        about = dict(result.about)
        catalogue = about.pop("catalogue")
        if history == next(iter(result.metrics)):
            row["metrics"] |= {name: _alone(value) for name, value in catalogue.items()}
        rows.append(row | about)
    return rows


def _alone(value: float) -> dict[str, float | int | None]:
    """A figure of the whole catalogue, which has no interval over people."""
    return {"mean": _plain(value), "low": None, "high": None, "n": 1}


def _intervals(values: Values) -> dict[str, dict[str, float | int | None]]:
    return {name: _interval(name, array) for name, array in values.items()}


def _interval(name: str, values: Float64) -> dict[str, float | int | None]:
    """Mean and 95 % interval; a share cannot lie outside 0..1, and neither can the ends of its interval."""
    found = mean_interval(values)
    ends = [found.low, found.high]
    if not name.startswith("novelty"):
        ends = [min(max(end, 0.0), 1.0) if np.isfinite(end) else end for end in ends]
    return {"mean": _plain(found.mean), "low": _plain(ends[0]), "high": _plain(ends[1]), "n": found.n}


def _plain(value: float) -> float | None:
    """JSON knows no NaN."""
    return float(value) if np.isfinite(value) else None


def _comparisons(by_cut: Sequence[Sequence[ModelResult]], metric: str, seed: int) -> list[dict[str, Any]]:
    comparisons = []
    for a, b in combinations(range(len(by_cut[0])), 2):
        first, second = by_cut[0][a], by_cut[0][b]
        history = next(iter(first.metrics))
        left, right = _aligned(first, second, history, metric)
        found = paired_bootstrap(left, right, seed=seed)
        verdict = {"a is better": f"{first.label} is better", "b is better": f"{second.label} is better"}
        entry: dict[str, Any] = {
            "a": first.label,
            "b": second.label,
            "metric": metric,
            "history": history,
            "difference": _plain(found.difference),
            "low": _plain(found.low),
            "high": _plain(found.high),
            "p_value": _plain(found.p_value),
            "n_people": found.n,
            "verdict": verdict.get(found.verdict, found.verdict),
        }
        if len(by_cut) > 1:
            _add_cuts(entry, by_cut, history, metric)
        comparisons.append(entry)
    return comparisons


def _aligned(first: ModelResult, second: ModelResult, history: str, metric: str) -> tuple[Float64, Float64]:
    if not np.array_equal(first.people, second.people):
        raise ValueError("comparison: the two models were asked about different people")
    return first.metrics[history][metric], second.metrics[history][metric]


def _add_cuts(entry: dict[str, Any], by_cut: Sequence[Sequence[ModelResult]], history: str, metric: str) -> None:
    """A verdict over rolling cuts needs the same sign in four of five; a cut that refused one of the two has none."""
    signs = []
    for results in by_cut:
        # by label, not by place: a cut that refused another model is shorter
        first, second = ([r for r in results if r.label == entry[side]] for side in ("a", "b"))
        if first and second:
            left, right = _aligned(first[0], second[0], history, metric)
            difference = (left - right)[np.isfinite(left - right)]
            signs.append(float(np.sign(difference.mean())) if len(difference) else 0.0)
    agreeing = sum(sign == np.sign(entry["difference"] or 0.0) for sign in signs)
    entry["same_sign"] = f"{agreeing} of {len(by_cut)} cuts"
    if agreeing < _SAME_SIGN_NEEDED * len(by_cut):
        entry["verdict"] = "not distinguishable"
