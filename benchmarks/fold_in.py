"""Unseen people with 80 % of their items given, on MovieLens-1M: the autoencoder of bags beside the linear one.

    python -m benchmarks.fold_in
    python -m benchmarks.fold_in --seeds 7 --quick

Tenths of the people leave training, and their ndcg@100 over the other fifth of their items is judged (protocol `users` with
``given_share``). The penalty of `ease` is chosen on a validation tenth of the people; the settings of `multvae` stand below and
were found on the same people beforehand, one by one, and its passes are chosen there in each run. Writes
``results/fold-in-ml-1m.json``: each model, each seed, and the mean over the seeds less `ease`, paired by person. ``--quick``
measures `popular` alone and fails when it leaves the stored interval.
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
from benchmarks.sets import read_set
from penchant.data.dataset import Dataset
from penchant.errors import UserError
from penchant.evaluate.measuring import ModelSpec, measure
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.results import ModelResult
from penchant.metrics.intervals import mean_interval, paired_bootstrap
from penchant.train.run import Run

METRICS = ("ndcg@100", "recall_capped@20", "recall_capped@50")
PRIMARY = METRICS[0]
WITHIN = 0.01
"""How far below `ease` the autoencoder may stay."""

OF_ALL_TIME = {"half_life": None, "window": None, "window_share": None, "context_lift": 0.0}
WHOLE_PAST = {"last_n": 5000, "decay": 1.0, "history_half_life": None, "context_match": 0.0, "context_lift": 0.0}
"""What is given was drawn, so no part of it is newer than another for the questions."""
BASES = {
    "popular": OF_ALL_TIME,
    "itemknn": {**WHOLE_PAST, "popularity_weight": 0.0, "popularity_half_life": 7.0, "again": 0.0, "visit_gap": None},
    "ease": {**WHOLE_PAST, "row_events": None, "popularity_weight": 0.0, "popularity_half_life": 7.0, "again": 0.0},
}
MULTVAE = {
    **WHOLE_PAST,
    "popularity_weight": 0.0,
    "popularity_half_life": 7.0,
    "input_dropout": 0.7,
    "patience": 6,
}


def row_of(result: ModelResult) -> dict[str, Any]:
    """Means with intervals over people, settings and cost."""
    values = result.metrics[next(iter(result.metrics))]
    found = {name: mean_interval(values[name]) for name in METRICS}
    return {
        "model": result.label,
        "metrics": {name: {"mean": one.mean, "low": one.low, "high": one.high} for name, one in found.items()},
        **{key: result.about[key] for key in ("settings", "fit_cpu_seconds", "select_cpu_seconds", "peak_rss_mb")},
    }


def measured(spec: ModelSpec, data: Dataset, protocol: Protocol, seed: int, budget: int) -> ModelResult:
    """One model, and a line that says how it did."""
    result = measure(spec, data, protocol, Run(seed=seed, reporter=Terminal()), budget=budget)
    print({name: round(value["mean"], 4) for name, value in row_of(result)["metrics"].items()}, spec.label, flush=True)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="7,8,9", help="of the autoencoder; the people are always the same")
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    begun = time.monotonic()
    data = read_set("ml-1m")
    protocol = Protocol(name="users", given_share=0.8, k=(20, 50, 100)).resolved(data)
    bases = {name: ModelSpec(label=name, model=name, settings=settings) for name, settings in BASES.items()}
    popular = measured(bases["popular"], data, protocol, 7, 1)
    if arguments.quick:
        return quick(popular)
    itemknn = measured(bases["itemknn"], data, protocol, 7, arguments.trials)
    ease = measured(bases["ease"], data, protocol, 7, arguments.trials)
    nets = [
        measured(ModelSpec(label=f"multvae, seed {seed}", model="multvae", settings=MULTVAE), data, protocol, seed, 1)
        for seed in seeds
    ]
    own = np.mean([next(iter(net.metrics.values()))[PRIMARY] for net in nets], axis=0)
    pair = paired_bootstrap(own, next(iter(ease.metrics.values()))[PRIMARY], seed=7)
    over = paired_bootstrap(own, next(iter(itemknn.metrics.values()))[PRIMARY], seed=7)
    print(f"multvae over ease: {pair.difference:+.4f} [{pair.low:+.4f}, {pair.high:+.4f}], may be -{WITHIN}")
    result = {
        "wall_seconds": time.monotonic() - begun,
        "fold_in_data": {"name": data.name, "digest": data.digest, "n_events": len(data)},
        "protocol": protocol.described(),
        "n_people": len(own),
        "fold_in_rows": [row_of(one) for one in (popular, itemknn, ease, *nets)],
        "multvae_over_itemknn": {
            "metric": PRIMARY, "seeds": seeds, "difference": over.difference, "low": over.low, "high": over.high,
        },
        "multvae_over_ease": {
            "metric": PRIMARY, "seeds": seeds, "difference": pair.difference, "low": pair.low, "high": pair.high,
            "p_value": pair.p_value, "may_be": -WITHIN, "reached": pair.difference >= -WITHIN,
        },
    }  # fmt: skip
    print(f"written: {write_result('fold-in-ml-1m', result, 'benchmarks.fold_in').name}")
    return 0


def quick(popular: ModelResult) -> int:
    stored = json.loads((RESULTS / "fold-in-ml-1m.json").read_text(encoding="utf-8"))["fold_in_rows"][0]["metrics"]
    found = row_of(popular)["metrics"]
    outside = [name for name in METRICS if not stored[name]["low"] <= found[name]["mean"] <= stored[name]["high"]]
    print("outside the stored interval: " + ", ".join(outside) if outside else "within the stored intervals")
    return 1 if outside else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as fault:
        print(fault, file=sys.stderr)
        sys.exit(1)
