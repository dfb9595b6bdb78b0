"""The report on labelled rows: a row for each model with intervals, and a paired comparison for each pair by each metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from penchant.evaluate.children import Refused
from penchant.evaluate.labelled.results import LabelledResult
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.report import Report
from penchant.metrics.clusters import Figure, Judged, difference, drawn_people, with_intervals
from penchant.metrics.intervals import Interval

_LEAK = "trains on the rows that a published split calls train, which may lie after those it tests"


def rows_report(
    protocol: Protocol,
    data: Mapping[str, Any],
    results: Sequence[LabelledResult | Refused],
    seed: int,
    *,
    published: bool,
) -> Report:
    """Puts the results together; all must have been asked about the same rows, at least one of them.

    Args:
        published: whether a split column says what is test, or the newest rows are.
    """
    measured = [result for result in results if isinstance(result, LabelledResult)]
    figures = [_figures(result, protocol) for result in measured]
    n_people = len(np.unique(measured[0].person))
    draws = drawn_people(n_people, seed)
    rows = [
        {
            "model": result.label,
            "metrics": {name: _plain(found) for name, found in with_intervals(own, draws).items()},
            "n_people": n_people,
            **result.about,
        }
        for result, own in zip(measured, figures, strict=True)
    ]
    comparisons = [
        _comparison(metric, measured[a].label, measured[b].label, figures[a][metric], figures[b][metric], draws)
        for a, b in combinations(range(len(measured)), 2)
        for metric in _compared(protocol)
    ]
    return Report(
        protocol={**protocol.described(), "leak": _LEAK if published else None},
        data=data,
        n_people=n_people,
        rows=rows,
        comparisons=comparisons,
        refused=[{"model": r.label, "reason": r.reason} for r in results if isinstance(r, Refused)],
    )


def _compared(protocol: Protocol) -> tuple[str, ...]:
    """The metrics that pairs are compared by, the one of verdicts last."""
    return ("auc", "logloss") if protocol.name == "ctr" else ("rmse",)


def _figures(result: LabelledResult, protocol: Protocol) -> dict[str, Figure]:
    _, person = np.unique(result.person, return_inverse=True)
    judged = Judged(
        person=person.astype(np.int64),
        truth=result.truth.astype(np.float64),
        predicted=result.predicted.astype(np.float64),
        n_people=int(person.max()) + 1,
    )
    return judged.of_labels() if protocol.name == "ctr" else judged.of_values()


def _comparison(metric: str, a: str, b: str, first: Figure, second: Figure, draws: Any) -> dict[str, Any]:
    found = difference(metric, first, second, draws)
    verdict = {"a is better": f"{a} is better", "b is better": f"{b} is better"}
    return {
        "a": a,
        "b": b,
        "metric": metric,
        "history": "rows",
        "difference": _number(found.difference),
        "low": _number(found.low),
        "high": _number(found.high),
        "p_value": _number(found.p_value),
        "n_people": found.n,
        "verdict": verdict.get(found.verdict, found.verdict),
    }


def _plain(found: Interval) -> dict[str, float | int | None]:
    """The figure with its ends; none of the figures is negative, so no end is."""
    low = max(found.low, 0.0) if np.isfinite(found.low) else found.low
    return {"mean": _number(found.mean), "low": _number(low), "high": _number(found.high), "n": found.n}


def _number(value: float) -> float | None:
    """JSON knows no NaN."""
    return float(value) if np.isfinite(value) else None
