"""The two searches of settings side by side: `penchant tune` and the coordinate search of `evaluate`, with equal budgets.

    python -m benchmarks.tune --set ml-1m
    python -m benchmarks.tune --set 30music --models itemknn,markov --trials 30

Both choose on the same validation part, inside the training part. Only then are the defaults and the two choices asked
the test part, once. Writes ``results/tune-SET.json``: the report of `evaluate`, and what each search cost and found under
``searches``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.recording import write_result
from benchmarks.replay import Terminal, table
from benchmarks.sets import SETS, read_set
from penchant.data.dataset import Dataset
from penchant.errors import UserError
from penchant.evaluate.children import Effort
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.run import evaluate
from penchant.evaluate.selection import select
from penchant.evaluate.tuning.run import tune
from penchant.registry import model_class
from penchant.train.run import Run


def by_coordinates(model: str, data: Dataset, protocol: Protocol, budget: int, seed: int) -> dict[str, Any]:
    """What the search of `evaluate` chooses, and what it costs."""
    started = time.process_time()
    found = select(model_class(model), {}, data, protocol, Run(seed=seed, reporter=Terminal()), budget=budget)
    spent = time.process_time() - started
    settings = found.config.model_dump(mode="json")
    values = [trial.value for trial in found.trials]
    return {
        "model": model,
        "search": "coordinate",
        "n_trials": len(values),
        "default_value": values[0],
        "value": next(trial.value for trial in found.trials if trial.settings == settings),
        "greatest_value": max(values),
        "cpu_seconds": spent,
        "settings": settings,
    }


def by_tune(models: list[str], data: Dataset, protocol: Protocol, budget: int, seed: int) -> list[dict[str, Any]]:
    """What `tune` chooses, and what it costs."""
    specs = [ModelSpec(label=name, model=name, settings={}) for name in models]
    with tempfile.TemporaryDirectory(prefix="penchant-") as folder:
        journal = Path(folder) / "study.jsonl"
        found = tune(data, specs, protocol, journal, budget=budget, seed=seed, reporter=Terminal())
    kept = (
        "model", "n_trials", "pruned", "refused", "default_value", "value", "gain", "greatest_value", "cpu_seconds",
        "settings",
    )  # fmt: skip
    return [{"search": "tune", **{name: one.as_json()[name] for name in kept}} for one in found.outcomes]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=sorted(SETS), default="ml-1m")
    parser.add_argument("--models", default="itemknn,markov")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    begun = time.monotonic()
    data = read_set(arguments.set)
    protocol = Protocol(name="replay", seed=arguments.seed).resolved(data)
    models = arguments.models.split(",")
    searches = [by_coordinates(model, data, protocol, arguments.trials, arguments.seed) for model in models]
    searches += by_tune(models, data, protocol, arguments.trials, arguments.seed)
    for one in searches:
        print(
            f"{one['model']:<10}{one['search']:<12}validation {one['default_value']:.4f} -> {one['value']:.4f}, "
            f"{one['n_trials']} trials, {one['cpu_seconds']:.0f} CPU s"
        )
    specs = [ModelSpec(label=model, model=model, settings=plain(model)) for model in models]
    specs += [
        ModelSpec(label=f"{one['model']}-{one['search']}", model=one["model"], settings=one["settings"])
        for one in searches
    ]
    effort = Effort(budget=1, seed=arguments.seed)
    report = evaluate(data, specs, protocol, effort=effort, reporter=Terminal()).as_json()
    print(table(report))
    path = write_result(
        f"tune-{arguments.set}",
        {"wall_seconds": time.monotonic() - begun, "searches": searches, **report},
        "benchmarks.tune",
    )
    print(f"written: {path.name}")
    return 0


def plain(model: str) -> dict[str, Any]:
    """All settings of a model, as they are."""
    settings: dict[str, Any] = model_class(model).config_class()().model_dump(mode="json")
    return settings


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as fault:
        print(fault, file=sys.stderr)
        sys.exit(1)
