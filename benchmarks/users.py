"""People never seen in training (protocol `users`): from their attributes alone, then after 1, 5, 10 and 20 events.

    python -m benchmarks.users

On MovieLens-1M with gender, age and occupation. Settings of the single models are chosen on a validation tenth of the people,
and `blend` learns its weights from the same; writes ``results/users-ml-1m.json`` with recall_capped@20 at each count and the
paired difference to popularity. ``--quick`` measures `popular` alone and fails when it leaves the stored interval.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

import numpy as np

from benchmarks.recording import RESULTS, write_result
from benchmarks.replay import Terminal
from benchmarks.sets import data_root
from penchant.data.dataset import Dataset
from penchant.data.files import read_dataset
from penchant.data.schema import Schema
from penchant.errors import UserError
from penchant.evaluate.measuring import ModelSpec, measure
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.results import ModelResult
from penchant.metrics.intervals import mean_interval, paired_bootstrap
from penchant.train.run import Run

METRIC = "recall_capped@20"

OF_ALL_TIME = {"half_life": None, "window": None, "window_share": None, "context_lift": 0.0}
PRIORS = {f"by_{name}": {**OF_ALL_TIME, "within": name} for name in ("gender", "age", "occupation")}
WHOLE_PAST = {"last_n": 50, "decay": 1.0, "context_lift": 0.0, "context_match": 0.0}
"""Twenty events at most are given; validation with one event could not tell how much an older one counts."""


def movielens() -> Dataset:
    root = data_root() / "ml-1m"
    attributes = {name: {"kind": "category"} for name in ("gender", "age", "occupation")}
    schema = Schema.parse({"repeats": "exclude", "user_attributes": attributes})
    return read_dataset(root / "events.parquet", users=root / "users.parquet", schema=schema)


def singles() -> list[ModelSpec]:
    given: dict[str, tuple[str, dict[str, Any]]] = {
        "popular": ("popular", OF_ALL_TIME),
        **{label: ("popular", settings) for label, settings in PRIORS.items()},
        "itemknn": ("itemknn", WHOLE_PAST),
        "userknn": ("userknn", WHOLE_PAST),
        "ease": ("ease", {**WHOLE_PAST, "row_events": None}),
        "ials": ("ials", {**WHOLE_PAST, "row_events": None}),
    }
    return [ModelSpec(label=label, model=model, settings=settings) for label, (model, settings) in given.items()]


def row_of(result: ModelResult, base: ModelResult, seed: int) -> dict[str, Any]:
    """Mean and interval at each count, and the paired difference to `base`."""
    row: dict[str, Any] = {"model": result.label, "settings": result.about["settings"], "counts": {}}
    for history, values in result.metrics.items():
        own, theirs = values[METRIC], base.metrics[history][METRIC]
        found, pair = mean_interval(own), paired_bootstrap(own, theirs, seed=seed)
        row["counts"][history] = {
            "mean": found.mean, "low": found.low, "high": found.high, "n": found.n,
            "over_popular": {"difference": pair.difference, "low": pair.low, "high": pair.high, "p_value": pair.p_value},
        }  # fmt: skip
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    begun = time.monotonic()
    data = movielens()
    protocol = Protocol(name="users", k=(20,), seed=arguments.seed).resolved(data)
    run = Run(seed=arguments.seed, reporter=Terminal())
    specs = singles()
    if arguments.quick:
        return quick(measure(specs[0], data, protocol, run, budget=1))
    results = [measure(spec, data, protocol, run, budget=arguments.trials) for spec in specs]
    members = [one.label if one.label == one.model else f"{one.label}={one.model}" for one in specs]
    chosen = {result.label: result.about["settings"] for result in results}
    blend = ModelSpec(label="blend", model="blend", settings={"members": members, "member_settings": chosen})
    results.append(measure(blend, data, protocol, run, budget=1))
    rows = [row_of(result, results[0], arguments.seed) for result in results]
    for row in rows:
        print(
            f"{row['model']:<14}" + "  ".join(f"{name} {at['mean']:.4f}" for name, at in sorted(row["counts"].items()))
        )
    worse = {name: at["over_popular"] for name, at in rows[-1]["counts"].items()}
    for name, at in sorted(worse.items()):
        print(f"blend over popular, {name}: {at['difference']:+.4f} [{at['low']:+.4f}, {at['high']:+.4f}]")
    about = {"name": data.name, "digest": data.digest, "n_events": len(data), "n_users": data.n_users}
    result = {"wall_seconds": time.monotonic() - begun, "users_data": about, "metric": METRIC, "users_rows": rows}
    print(f"written: {write_result('users-ml-1m', result, 'benchmarks.users').name}")
    return 0


def quick(result: ModelResult) -> int:
    stored = json.loads((RESULTS / "users-ml-1m.json").read_text(encoding="utf-8"))
    expected = next(row for row in stored["users_rows"] if row["model"] == "popular")["counts"]
    outside = [
        history for history, values in result.metrics.items()
        if not expected[history]["low"] <= float(np.nanmean(values[METRIC])) <= expected[history]["high"]
    ]  # fmt: skip
    print("outside the stored interval: " + ", ".join(outside) if outside else "within the stored intervals")
    return 1 if outside else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as fault:
        print(fault, file=sys.stderr)
        sys.exit(1)
