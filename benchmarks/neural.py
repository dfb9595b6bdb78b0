"""Nets at published strength: each row is a set, a protocol, a model with its settings, and the figure to reach.

    python -m benchmarks.neural --row sasrec-ml-1m --seeds 7,8,9
    python -m benchmarks.neural --row sasrec-ml-1m --quick

A run measures the model once for each seed, and `itemknn` once, and writes ``results/neural-ROW.json``; seeds that the
file holds already stay. ``--quick`` trains a tenth of the passes, which must bring the
model at least half of the way to the stored figure.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from typing import Any

from benchmarks.recording import RESULTS, provenance, write_result
from benchmarks.replay import Terminal
from benchmarks.sets import read_set
from penchant.data.dataset import Dataset
from penchant.evaluate.children import Effort, Refused, measure_in_children
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.results import ModelResult
from penchant.metrics.intervals import mean_interval, paired_bootstrap


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is measured, and what it is held against.

    Attributes:
        bars: metric -> the least figure wanted.
        published: what papers report, in words.
    """

    set: str
    protocol: Protocol
    model: str
    settings: dict[str, Any]
    bars: dict[str, float] = field(default_factory=dict)
    published: str = ""


LOO = Protocol(name="column", repeats="exclude", request_time="none")
ALL = Protocol(name="column", repeats="allow", request_time="none", per="event")
LAST = Protocol(name="last", repeats="exclude", request_time="none")

ROWS: dict[str, Row] = {
    "sasrec-ml-1m": Row(
        set="ml-1m-loo", protocol=LOO, model="sasrec",
        settings={"embedding_dim": 128, "max_len": 200, "batch_size": 32, "epochs": 10},
        bars={"ndcg@10": 0.182, "hit@10": 0.315}, published="ndcg@10 .1821-.1858, hit@10 .315-.318",
    ),
    "gru4rec-ml-1m": Row(
        set="ml-1m-loo", protocol=LOO, model="gru4rec",
        settings={"hidden_dim": 256, "max_len": 200, "batch_size": 32, "epochs": 10, "embedding_dropout": 0.2},
        bars={"ndcg@10": 0.165, "hit@10": 0.285}, published="ndcg@10 .168-.169, hit@10 .289-.296",
    ),
    "caser-ml-1m": Row(
        set="ml-1m-loo", protocol=LOO, model="caser",
        settings={"max_len": 200, "batch_size": 32, "epochs": 10},
    ),
    "gru4rec-diginetica": Row(
        set="diginetica", protocol=ALL, model="gru4rec",
        settings={
            "embedding_dim": 128, "hidden_dim": 128, "max_len": 20, "batch_size": 256, "learning_rate": 0.003, "epochs": 12,
            "loss": "sampled", "n_negatives": 2048, "dropout": 0.3, "embedding_dropout": 0.3, "patience": 3,
        },
        bars={"recall@20": 0.48}, published="recall@20 .4995",
    ),
    "sasrec-beauty": Row(
        set="beauty-5core", protocol=LAST, model="sasrec",
        settings={"dropout": 0.5, "batch_size": 128, "epochs": 24},
        bars={"ndcg@10": 0.058, "hit@10": 0.095}, published="ndcg@10 .0588, hit@10 .0974",
    ),
}  # fmt: skip
METRICS = ("ndcg@10", "hit@10", "recall@20", "ndcg@20", "mrr@20")


def measured(row: Row, data: Dataset, spec: ModelSpec, seed: int, threads: int, budget: int = 1) -> ModelResult:
    """One model once, in a process of its own."""
    effort = Effort(budget=budget, threads=threads, seed=seed)
    result = measure_in_children([spec], data, row.protocol.resolved(data), effort, Terminal(), cut=0)[0]
    if isinstance(result, Refused):
        raise SystemExit(f"{spec.label}: not run: {result.reason}")
    print(line(result), flush=True)
    return result


def line(result: ModelResult) -> str:
    """One result in words."""
    values = figures(result)["metrics"]
    said = ", ".join(
        f"{name} {value['mean']:.4f} [{value['low']:.4f}, {value['high']:.4f}]" for name, value in values.items()
    )
    return f"{result.label}: {said}; fit {result.about['fit_cpu_seconds']:.0f} CPU s"


def figures(result: ModelResult) -> dict[str, Any]:
    """Means and 95 % intervals over people, with what the run cost."""
    history = next(iter(result.metrics))
    values = result.metrics[history]
    intervals = {name: mean_interval(values[name]) for name in METRICS if name in values}
    about = ("fit_seconds", "fit_cpu_seconds", "peak_rss_mb", "recommend_per_cpu_second", "n_questions")
    return {
        "metrics": {name: {"mean": i.mean, "low": i.low, "high": i.high, "n": i.n} for name, i in intervals.items()},
        **{key: result.about[key] for key in about},
    }


def combined(row: Row, runs: dict[str, Any]) -> dict[str, Any]:
    """The mean over the seeds beside the figure wanted."""
    means = {
        name: sum(run["metrics"][name]["mean"] for run in runs.values()) / len(runs)
        for name in next(iter(runs.values()))["metrics"]
    }
    return {
        "mean_over_seeds": means,
        "wanted": row.bars,
        "reached": {name: means[name] >= bar for name, bar in row.bars.items()},
        "published": row.published,
    }


def paired(result: ModelResult, other: ModelResult) -> dict[str, Any]:
    """How much better than itemknn, person by person."""
    history = next(iter(result.metrics))
    found = paired_bootstrap(result.metrics[history]["ndcg@10"], other.metrics[history]["ndcg@10"], seed=7)
    return {"metric": "ndcg@10", "difference": found.difference, "low": found.low, "high": found.high}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--row", choices=sorted(ROWS), required=True)
    parser.add_argument("--seeds", default="7,8,9")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    row, name = ROWS[arguments.row], f"neural-{arguments.row}"
    path = RESULTS / f"{name}.json"
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if arguments.quick:
        return quick(row, stored, arguments.threads)
    data = read_set(row.set)
    stored = stored if stored.get("settings") == row.settings else {"runs": {}}
    for seed in arguments.seeds.split(","):
        if seed in stored["runs"]:
            continue
        spec = ModelSpec(label=seed, model=row.model, settings=row.settings)
        result = measured(row, data, spec, int(seed), arguments.threads)
        if "over_itemknn" not in stored:
            knn = ModelSpec(label="itemknn", model="itemknn", settings={})
            other = measured(row, data, knn, 7, arguments.threads, budget=20)
            stored |= {"itemknn": figures(other), "over_itemknn": paired(result, other)}
        commit = provenance(["benchmarks.neural", *sys.argv[1:]])["commit"]
        stored["runs"][seed] = {"commit": commit, **figures(result)}
        write(name, row, stored, arguments.threads)
    print(json.dumps(combined(row, stored["runs"]), indent=1))
    return 0


def write(name: str, row: Row, stored: dict[str, Any], threads: int) -> None:
    """What is known so far, after every seed."""
    about = {
        "set": row.set, "protocol": row.protocol.model_dump(mode="json"), "model": row.model, "settings": row.settings,
        "threads": threads, "runs": stored["runs"], **combined(row, stored["runs"]),
        "itemknn": stored["itemknn"], "over_itemknn": stored["over_itemknn"],
    }  # fmt: skip
    write_result(name, about, "benchmarks.neural")


def quick(row: Row, stored: dict[str, Any], threads: int) -> int:
    """A tenth of the passes; whether that goes half of the way."""
    few = {**row.settings, "epochs": max(2, row.settings["epochs"] // 10), "early_stop": False}
    short = Row(set=row.set, protocol=row.protocol, model=row.model, settings=few)
    spec = ModelSpec(label="quick", model=row.model, settings=few)
    got = figures(measured(short, read_set(row.set), spec, 7, threads))["metrics"]["ndcg@10"]["mean"]
    whole = stored["mean_over_seeds"]["ndcg@10"]
    print(f"ndcg@10 {got:.4f} after {few['epochs']} passes, stored {whole:.4f} after all")
    return 0 if got > whole / 2 else 1


if __name__ == "__main__":
    sys.exit(main())
