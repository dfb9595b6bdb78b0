"""New and known items in one ranking (protocol `cold`), settings and calibration chosen on the published validation rows.

    python -m benchmarks.cold --set ml-1m
    python -m benchmarks.cold --set citeulike-a --trials 10

Writes ``results/cold-SET.json``: for each model recall_capped@20 and ndcg@20 over warm targets, cold targets and all, with
intervals over people, and the curve of `ease_content` over its calibration (printed whole; the point on it was chosen on
validation rows). ``--quick`` measures `popular` alone and fails when it leaves the stored interval.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from benchmarks.cold_sets import COLD_SETS
from benchmarks.recording import RESULTS, write_result
from benchmarks.replay import Terminal
from penchant.errors import UserError
from penchant.evaluate.children import Effort
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.run import evaluate

WHOLE_PAST = {"last_n": 1000, "decay": 1.0, "history_half_life": None, "context_match": 0.0, "context_lift": 0.0}
"""These logs have no times: no event of a past is newer than another."""

EASE = {
    **WHOLE_PAST,
    "row_events": None,
    "popularity_weight": 0.0,
    "again": 0.0,
    "context_match": 0.0,
    "context_lift": 0.0,
}

GIVEN: dict[str, dict[str, Any]] = {
    "ml-1m": {"reg": 500.0},
    "citeulike-a": {"reg": 20.0, "degree": 1, "content_prior": 5.0, "text_weight": 0.6},
}
"""Found on the validation rows beforehand, one by one; what remains is searched here."""

SCALES = (1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 3.5, 4.0, 5.0)


def specs(name: str, members: dict[str, Any]) -> list[ModelSpec]:
    given = {**EASE, **GIVEN[name]}
    plain = {key: value for key, value in given.items() if key not in ("degree", "content_prior", "text_weight")}
    made = [
        ModelSpec(label="popular", model="popular", settings={"half_life": None, "window": None, "window_share": None}),
        ModelSpec(label="ease", model="ease", settings=plain),
        ModelSpec(label="content", model="content", settings=WHOLE_PAST),
        ModelSpec(label="ease_content", model="ease_content", settings=given),
    ]
    if members:
        made = [
            ModelSpec(
                label="ease_content x1", model="ease_content", settings={**members["ease_content"], "cold_scale": 1.0}
            )
        ]
        made.append(
            ModelSpec(
                label="blend",
                model="blend",
                settings={"members": ["ease_content", "content"], "member_settings": members, "context_lift": 0.0},
            )
        )
    return made


def curve(name: str, settings: dict[str, Any]) -> list[dict[str, float]]:
    """Warm, cold and overall of `ease_content` at every scale, on the test rows; for reading, nothing is chosen from it."""
    from penchant.evaluate.answering import Judging, answer
    from penchant.evaluate.tasks import make_task
    from penchant.metrics.names import parse_metric
    from penchant.models.ease_content import EaseContent

    data = COLD_SETS[name]()
    protocol = Protocol(name="cold").resolved(data)
    task = make_task(data, protocol, "test")
    model = EaseContent(**settings).fit(task.train)
    metrics = [parse_metric("recall_capped@20"), parse_metric("ndcg@20")]
    judging = Judging(metrics=metrics, single=False, exclude=True, with_lists=False)
    rows = []
    for scale in SCALES:
        found = answer(model.with_settings(cold_scale=scale), task.asked["frozen"], judging, Terminal(), "curve")
        row = {"cold_scale": scale}
        for group, values in found.values.items():
            for metric, each in values.items():
                row[f"{group} {metric}"] = float(each[each == each].mean())
        rows.append(row)
    return rows


def figures(row: dict[str, Any]) -> dict[str, Any]:
    """recall_capped@20 and ndcg@20 of a row by group."""
    found = {}
    for metric in ("recall_capped@20", "ndcg@20"):
        for group in ("warm", "cold"):
            found[f"{group} {metric}"] = row["slices"][f"{group} items: {metric}"]
        found[f"overall {metric}"] = row["metrics"][metric]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=sorted(COLD_SETS), default="ml-1m")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    begun = time.monotonic()
    data = COLD_SETS[arguments.set]()
    protocol = Protocol(name="cold", k=(20,))
    effort = Effort(budget=arguments.trials, seed=arguments.seed, threads=1)
    if arguments.quick:
        return quick(arguments.set, evaluate(data, specs(arguments.set, {})[:1], protocol, effort=effort).as_json())
    singles = evaluate(data, specs(arguments.set, {}), protocol, effort=effort, reporter=Terminal()).as_json()
    chosen = {row["model"]: row["settings"] for row in singles["rows"]}
    members = {name: chosen[name] for name in ("ease_content", "content")}
    once = Effort(budget=1, seed=arguments.seed, threads=1)
    both = evaluate(data, specs(arguments.set, members), protocol, effort=once, reporter=Terminal()).as_json()
    rows = singles["rows"] + both["rows"]
    result = {
        "wall_seconds": time.monotonic() - begun,
        "cold_data": singles["data"],
        "n_people": singles["n_people"],
        "cold_rows": [
            {"model": row["model"], "figures": figures(row), "settings": row["settings"], "selection": row["selection"],
             "fit_cpu_seconds": row["fit_cpu_seconds"], "select_cpu_seconds": row["select_cpu_seconds"],
             "peak_rss_mb": row["peak_rss_mb"]}
            for row in rows
        ],
        "curve": curve(arguments.set, chosen["ease_content"]),
    }  # fmt: skip
    for row in result["cold_rows"]:
        print(row["model"], {key: round(value["mean"], 4) for key, value in row["figures"].items()})
    print(f"written: {write_result(f'cold-{arguments.set}', result, 'benchmarks.cold').name}")
    return 0


def quick(name: str, report: dict[str, Any]) -> int:
    stored = json.loads((RESULTS / f"cold-{name}.json").read_text(encoding="utf-8"))
    expected = next(row for row in stored["cold_rows"] if row["model"] == "popular")["figures"]
    outside = [
        key for key, value in figures(report["rows"][0]).items()
        if not expected[key]["low"] <= value["mean"] <= expected[key]["high"]
    ]  # fmt: skip
    print("outside the stored interval: " + ", ".join(outside) if outside else "within the stored intervals")
    return 1 if outside else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as fault:
        print(fault, file=sys.stderr)
        sys.exit(1)
