"""The signal ledger on research sets, and on simulated worlds whose truth is known.

    python -m benchmarks.doctor --set 30music
    python -m benchmarks.doctor --worlds null --runs 60
    python -m benchmarks.doctor --worlds additive,interacting,boredom,hidden,collinear --runs 10
    python -m benchmarks.doctor --worlds null --runs 5 --quick

``--set`` writes ``results/doctor-SET.json``: the whole ledger. ``--worlds`` writes ``results/doctor-WORLD.json`` for each: how
often each circumstance was reported as a lift, and for the null worlds, whose circumstances do nothing, the share of runs that
reported any lift whose interval excludes 0. The claim: at most 5 %. ``--quick`` fails when more of a few null runs report a
lift than a true rate of 5 % would produce once in a hundred times. Worlds are examined with five quick models, and for
their circumstances alone.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from typing import Any

from benchmarks.recording import write_result
from benchmarks.replay import Terminal
from benchmarks.sets import SETS, read_set
from penchant.data.dataset import Dataset
from penchant.data.sources.known import read_source
from penchant.evaluate.ledger.ledger import Ledger
from penchant.evaluate.ledger.run import examine
from penchant.evaluate.ledger.stages import Examination

WORLDS: dict[str, dict[str, Any]] = {
    "null": {"context": "null"},
    "additive": {},
    "interacting": {"context": "interacting"},
    "boredom": {"boredom": 2.0},
    "hidden": {"hidden_mood": 0.95},
    "collinear": {"collinear": True},
    "null-collinear": {"context": "null", "collinear": True},
    "null-hidden": {"context": "null", "hidden_mood": 0.95},
}
SIZE = {"n_people": 400, "n_songs": 300, "n_plays": 80, "n_artists": 60}
"""About 32,000 plays; 260 people have test questions."""

MODELS = ("popular", "repeats", "itemknn", "markov", "ease")

FIRST_SEED = 101


def world(name: str, seed: int) -> Dataset:
    return read_source("music", seed=seed, **SIZE, **WORLDS[name])


def lines(ledger: Ledger) -> list[dict[str, Any]]:
    """The lines about circumstances, without words."""
    kept = (
        "key",
        "difference",
        "low",
        "high",
        "level",
        "found",
        "validated",
        "n_people",
        "n_questions",
        "on_top",
        "gain",
    )
    return [
        {k: v for k, v in line.items() if k in kept}
        for line in ledger.as_json()["worths"]
        if line["group"] == "context"
    ]


def excludes_zero(line: dict[str, Any]) -> bool:
    """Whether a reported interval excludes 0, on either side; that of a line with too few people is not reported as a lift."""
    on_top = line["on_top"]
    return line["found"] in ("lift", "harm") or (on_top is not None and (on_top["low"] > 0 or on_top["high"] < 0))


def simulate(name: str, runs: int, quiet: bool = False) -> dict[str, Any]:
    found: Counter[str] = Counter()
    told = []
    for seed in range(FIRST_SEED, FIRST_SEED + runs):
        ledger = examine(world(name, seed), Examination(seed=seed, models=MODELS, parts=("context",)))
        circumstances = lines(ledger)
        for line in circumstances:
            found[line["key"]] += line["found"] == "lift"
        told.append({"seed": seed, "reference": ledger.reference, "base": ledger.base.mean, "lines": circumstances})
        lifts = [line["key"] for line in circumstances if excludes_zero(line)]
        if not quiet:
            print(
                f"{name} {seed}: {ledger.reference} {ledger.base.mean:.4f}, excludes 0: {', '.join(lifts) or '-'}",
                flush=True,
            )
    false = sum(any(excludes_zero(line) for line in run["lines"]) for run in told)
    return {
        "world": name,
        "settings": {**SIZE, **WORLDS[name]},
        "runs": runs,
        "runs_with_any_interval_excluding_0": false,
        "share": false / runs,
        "lifts": {key: found[key] for key in sorted(found)},
        "told": told,
    }


def of_set(name: str, seed: int) -> dict[str, Any]:
    data = read_set(name)
    ledger = examine(data, Examination(seed=seed), Terminal())
    for sentence in (*ledger.sampled, *ledger.summary):
        print(sentence)
    for line in ledger.worths:
        print(f"{line.name:<34}{line.difference:+.4f} [{line.low:+.4f}, {line.high:+.4f}] {line.verdict}")
    return {"set": name, **ledger.as_json()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=sorted(SETS))
    parser.add_argument("--worlds", default="null")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if arguments.set is not None:
        path = write_result(f"doctor-{arguments.set}", of_set(arguments.set, arguments.seed), "benchmarks.doctor")
        print(f"written: {path.name}")
        return 0
    names = arguments.worlds.split(",")
    if unknown := [name for name in names if name not in WORLDS]:
        parser.error(f"unknown worlds: {', '.join(unknown)}; known: {', '.join(WORLDS)}")
    for name in names:
        begun, cpu = time.monotonic(), time.process_time()
        found = simulate(name, arguments.runs)
        spent = {"wall_seconds": time.monotonic() - begun, "cpu_seconds": time.process_time() - cpu}
        print(f"{name}: {found['runs_with_any_interval_excluding_0']} of {found['runs']} runs; lifts {found['lifts']}")
        if arguments.quick:
            # of n runs with a true rate of .05, more than n / 20 + 2.3 standard deviations come once in a hundred times
            n = arguments.runs
            return int(name.startswith("null") and found["share"] * n > n / 20 + 2.3 * (n * 0.05 * 0.95) ** 0.5)
        print(f"written: {write_result(f'doctor-{name}', {**spent, **found}, 'benchmarks.doctor').name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
