"""Labelled rows of Frappe (x1, train negatives regenerated): dcnv2 and finalmlp held against FuxiCTR's on the same file.

    python -m benchmarks.ctr --seeds 7,8,9
    python -m benchmarks.ctr --models finalmlp --seeds 7
    python -m benchmarks.ctr --quick

A run measures each model once for each seed by the protocol `ctr` and writes ``results/ctr-frappe.json``; what the file holds
already stays. Settings were chosen on the valid rows, which also end the training. ``--quick`` measures `bias`, which must lie
in the stored interval, and trains `finalmlp` for three passes, which must bring it half of the way from `bias` to the stored
area under the curve.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np

from benchmarks.recording import RESULTS, write_result
from benchmarks.replay import Terminal
from benchmarks.sets import read_set
from penchant.errors import UserError
from penchant.evaluate.children import Effort
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.run import evaluate

NAME = "ctr-frappe"
SET = "frappe-ctr"
QUICK_PASSES = 3

_SHARED = {
    "embedding_dim": 10,
    "batch_size": 4096,
    "learning_rate": 0.002,
    "epochs": 12,
    "patience": 12,
    "embedding_reg": 0.1,
    "averaging": 0.98,
    "dropout": 0.4,
    "id_dropout": 0.0,
}
"""Sizes, batches and dropout as BARS publishes them for Frappe; rate, schedule, penalty and averaging chosen on valid rows."""

SETTINGS: dict[str, dict[str, Any]] = {
    "bias": {},
    "finalmlp": {**_SHARED, "first": [400], "second": [100], "gate": [400], "n_heads": 5},
    "neumf": {
        **_SHARED,
        "embedding_dim": 64,
        "embedding_reg": 0.003,
        "learning_rate": 0.005,
        "epochs": 20,
        "hidden": [256, 64],
    },
    "dcnv2": {**_SHARED, "n_crosses": 4, "hidden": [400, 400, 400]},
}

REFERENCE = {
    "finalmlp": {"auc": 0.9853, "logloss": 0.1476, "fit_cpu_seconds": 147},
    "dcnv2": {"auc": 0.9836, "logloss": 0.1533, "fit_cpu_seconds": 194},
}
"""FuxiCTR at its published settings on this very file, test rows."""

WITHIN = {"auc": 0.002, "logloss": 0.005}
"""How much worse than the reference a mean over seeds may be."""


def measured(models: list[str], seed: int, **more: Any) -> dict[str, Any]:
    """The report of one seed, settings as they are."""
    specs = [ModelSpec(label=name, model=name, settings={**SETTINGS[name], **more}) for name in models]
    report = evaluate(
        read_set(SET), specs, Protocol(name="ctr"), effort=Effort(budget=1, seed=seed, threads=1), reporter=Terminal()
    ).as_json()
    for refused in report["refused"]:
        raise UserError(f"{refused['model']}: {refused['reason']}")
    return report


def line(model: str, row: dict[str, Any], seed: int | str) -> str:
    """One model and seed as text."""
    figures = " ".join(
        f"{name} {found['mean']:.4f} [{found['low']:.4f}, {found['high']:.4f}]"
        for name, found in row["metrics"].items()
    )
    return f"{model:<10} seed {seed}: {figures}, fit {row['fit_cpu_seconds']:.0f} CPU s"


def held_against(runs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Means over the seeds, and whether they are within `WITHIN` of the reference."""
    found = {}
    for model, by_seed in runs.items():
        means = {
            name: float(np.mean([row["metrics"][name]["mean"] for row in by_seed.values()]))
            for name in ("auc", "logloss", "calibration error")
        }
        entry: dict[str, Any] = {
            "seeds": sorted(map(int, by_seed)),
            **means,
            "fit_cpu_seconds": float(np.mean([row["fit_cpu_seconds"] for row in by_seed.values()])),
        }
        if model in REFERENCE:
            wanted = REFERENCE[model]
            entry["reference"] = wanted
            entry["reached"] = bool(
                means["auc"] >= wanted["auc"] - WITHIN["auc"]
                and means["logloss"] <= wanted["logloss"] + WITHIN["logloss"]
            )
        found[model] = entry
    return found


def quick(stored: dict[str, Any]) -> int:
    """Whether a short run agrees with the stored one; the exit code."""
    seed = stored["means"]["bias"]["seeds"][0]
    known = stored["runs"]["bias"][str(seed)]["metrics"]["auc"]
    bias = measured(["bias"], seed)["rows"][-1]["metrics"]["auc"]["mean"]
    net = measured(["finalmlp"], seed, epochs=QUICK_PASSES)["rows"][-1]["metrics"]["auc"]["mean"]
    halfway = (bias + stored["means"]["finalmlp"]["auc"]) / 2
    print(
        f"bias {bias:.4f} (stored {known['mean']:.4f}), finalmlp after {QUICK_PASSES} passes {net:.4f} (halfway {halfway:.4f})"
    )
    agrees = known["low"] <= bias <= known["high"] and net >= halfway
    print("as stored" if agrees else "not as stored")
    return 0 if agrees else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(SETTINGS))
    parser.add_argument("--seeds", default="7,8,9")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    path = RESULTS / f"{NAME}.json"
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if arguments.quick:
        return quick(stored)
    runs: dict[str, dict[str, Any]] = stored.get("runs", {})
    for seed in arguments.seeds.split(","):
        for model in arguments.models.split(","):
            known = runs.setdefault(model, {}).get(seed)
            if known is not None and all(known["settings"].get(k) == v for k, v in SETTINGS[model].items()):
                continue
            report = measured([model], int(seed))
            runs[model][seed] = report["rows"][-1]
            runs.setdefault("mean label", {})["0"] = {**report["rows"][0], "fit_cpu_seconds": 0.0}
            print(line(model, runs[model][seed], seed))
            result = {"note": "train negatives regenerated", "data": report["data"], "protocol": report["protocol"]}
            write_result(NAME, {**result, "means": held_against(runs), "runs": runs}, "benchmarks.ctr")
    for model, entry in held_against(runs).items():
        print(model, json.dumps(entry))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as fault:
        print(fault, file=sys.stderr)
        sys.exit(1)
