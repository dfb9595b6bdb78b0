"""The net of two towers beside `itemknn` on a set with new items (protocol `cold`): what its attributes are worth.

    python -m benchmarks.cold_tower --set citeulike-a

Settings are given; the number of passes is chosen on the published validation rows. Writes ``results/cold-SET-tower.json``:
recall_capped@20 and ndcg@20 over warm targets, cold targets and all, and the paired comparison of both models.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from benchmarks.cold import WHOLE_PAST, figures
from benchmarks.cold_sets import COLD_SETS
from benchmarks.recording import write_result
from benchmarks.replay import Terminal
from penchant.evaluate.children import Effort
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.run import evaluate

TOWER: dict[str, Any] = {
    "epochs": 10, "patience": 3, "max_len": 200, "learning_rate": 0.003, "averaging": 0.99, "n_pools": 1,
    "past_dropout": 0.0, "popularity_behind": False, "context_lift": 0.0,
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=sorted(COLD_SETS), default="citeulike-a")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    begun = time.monotonic()
    specs = [
        ModelSpec(label="itemknn", model="itemknn", settings={**WHOLE_PAST, "again": 0.0, "visit_gap": None}),
        ModelSpec(label="twotower", model="twotower", settings=TOWER),
    ]
    effort = Effort(budget=1, seed=arguments.seed, threads=1)
    protocol = Protocol(name="cold", k=(20,))
    report = evaluate(COLD_SETS[arguments.set](), specs, protocol, effort=effort, reporter=Terminal()).as_json()
    for refused in report["refused"]:
        raise SystemExit(f"{refused['model']}: not run: {refused['reason']}")
    rows = [
        {
            "model": row["model"],
            "figures": figures(row),
            **{
                key: row[key]
                for key in ("settings", "selection", "fit_cpu_seconds", "select_cpu_seconds", "peak_rss_mb")
            },
        }
        for row in report["rows"]
    ]
    for row in rows:
        print(row["model"], {key: round(value["mean"], 4) for key, value in row["figures"].items()})
    print(report["comparisons"])
    about = {"wall_seconds": time.monotonic() - begun, "cold_data": report["data"], "n_people": report["n_people"]}
    result = {**about, "cold_rows": rows, "curve": [], "comparisons": report["comparisons"]}
    print(f"written: {write_result(f'cold-{arguments.set}-tower', result, 'benchmarks.cold_tower').name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
