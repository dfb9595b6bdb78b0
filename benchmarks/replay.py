"""Models on the research sets under `replay` (`time`, `last`, `column`), settings chosen on validation in the training part.

    python -m benchmarks.replay --set ml-1m
    python -m benchmarks.replay --set ml-1m --protocol time
    python -m benchmarks.replay --set retailrocket --targets buy
    python -m benchmarks.replay --set gowalla --protocol column --models popular,itemknn,spectral-gf-cf,spectral --trials 8
    python -m benchmarks.replay --set 30music --models markov,sasrec --chosen-in replay-30music --suffix nets --passes 10
    python -m benchmarks.replay --set ml-1m --quick

A full run writes ``results/PROTOCOL-SET.json``, with ``-TARGETS`` behind the set where they are given. ``--quick`` asks 200
people with the settings that the stored result chose, and fails when a model's ndcg@20 is further from the stored mean than
four standard errors of the smaller sample.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from benchmarks.recording import RESULTS, write_result
from benchmarks.sets import SETS, read_set
from penchant.errors import UserError
from penchant.evaluate.children import Effort
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.report import Report
from penchant.evaluate.run import evaluate
from penchant.registry import model_class

MODELS = ("popular", "popular-7-days", "repeats", "itemknn", "markov", "ease", "userknn", "ials")
QUICK_PEOPLE = 200

FIXED: dict[str, tuple[str, dict[str, Any]]] = {
    "popular-7-days": ("popular", {"half_life": 7.0, "window": None, "window_share": None, "context_lift": 0.0}),
    "popular-last-tenth": ("popular", {"half_life": None, "window": None, "window_share": 0.1, "context_lift": 0.0}),
    "spectral-gf-cf": (
        "spectral",
        {
            "row_exponent": 1.0,
            "item_exponent": 0.5,
            "edge_power": 1.0,
            "sharpen": 0.0,
            "low_pass": 0.3,
            "embedding_dim": 256,
            "neighbours": 100_000,
            "row_events": None,
            "last_n": 1000,
            "decay": 1.0,
            "again": 0.0,
            "history_half_life": None,
            "context_match": 0.0,
            "context_lift": 0.0,
            "popularity_weight": 0.0,
            "popularity_half_life": 7.0,
            "popularity_behind": False,
        },  # fmt: skip
    ),
}
"""Rows with settings that are given, by label: what validation chooses for popularity can be poor later, so both are shown; the
graph filter as it was published stands beside ours."""

CORES = {"gowalla": 10}
"""What a published split without valid rows was thinned to before it was cut (the 10-core of Wang et al. 2019)."""


class Terminal:
    """Notes and, every ten seconds, the progress on standard error."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def note(self, text: str) -> None:
        print(text, file=sys.stderr)

    def progress(self, task: str, done: int, total: int) -> None:
        if time.monotonic() - self.last > 10:
            self.last = time.monotonic()
            print(f"  {task} {done}/{total}", file=sys.stderr)


def table(report: dict[str, Any]) -> str:
    """The rows as text."""
    primary = report["protocol"]["primary"]
    recall = "recall@20"
    head = (
        f"{'model':<12}{'history':<9}{primary:>9}{'95 % interval':>18}{'new only':>10}{recall:>11}{'fit CPU s':>11}"
        f"{'answers/CPU s':>15}"
    )
    lines = [head]
    for row in report["rows"]:
        found = row["metrics"][primary]
        new = row.get("new_only", {}).get(primary, {}).get("mean")
        interval = f"{found['low']:.4f}-{found['high']:.4f}"
        lines.append(
            f"{row['model']:<12}{row['history']:<9}{found['mean']:>9.4f}{interval:>18}"
            f"{'' if new is None else f'{new:.4f}':>10}{row['metrics'][recall]['mean']:>11.4f}{row['fit_cpu_seconds']:>11.1f}"
            f"{row['recommend_per_cpu_second']:>15.0f}"
        )
    return "\n".join(lines)


def result_name(arguments: argparse.Namespace) -> str:
    parts = [arguments.protocol, arguments.set] + ([arguments.targets] if arguments.targets else [])
    parts += [f"kept-{arguments.keep_share:g}"] if arguments.keep_share < 1 else []
    parts += [arguments.suffix] if arguments.suffix else []
    return "-".join(parts)


def run(arguments: argparse.Namespace) -> Report:
    data = read_set(arguments.set)
    chosen: dict[str, Any] = {}
    if arguments.quick:
        stored = json.loads((RESULTS / f"{result_name(arguments)}.json").read_text(encoding="utf-8"))
        chosen = {row["model"]: row["settings"] for row in stored["rows"]}
    names = list(chosen) if arguments.quick else arguments.models.split(",")
    protocol = Protocol(
        name=arguments.protocol,
        targets=tuple(arguments.targets.split(",")) if arguments.targets else None,
        sample_people=QUICK_PEOPLE if arguments.quick else arguments.sample_people,
        keep_share=arguments.keep_share,
        core=CORES.get(arguments.set, 1) if arguments.protocol == "column" else 1,
    )
    effort = Effort(
        budget=1 if arguments.quick else arguments.trials,
        jobs=arguments.jobs,
        threads=arguments.threads,
        seed=arguments.seed,
    )
    specs = []
    if arguments.chosen_in:
        stored = json.loads((RESULTS / f"{arguments.chosen_in}.json").read_text(encoding="utf-8"))
        chosen = {row["model"]: row["settings"] for row in stored["rows"] if row["model"] in names}
    for name in names:
        model, given = FIXED.get(name, (name, {}))
        specs.append(
            ModelSpec(label=name, model=model, settings={**chosen.get(name, given), **limited(model, arguments)})
        )
    return evaluate(data, specs, protocol, effort=effort, reporter=Terminal())


def limited(model: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """The limit on passes, where the model is a net and there is a limit."""
    trained = arguments.passes is not None and "epochs" in model_class(model).config_class().model_fields
    return {"epochs": arguments.passes} if trained and not arguments.quick else {}


def differs(report: dict[str, Any], stored: dict[str, Any]) -> list[str]:
    """The rows of a quick run that lie outside what the stored result leads one to expect."""
    primary = report["protocol"]["primary"]
    expected = {(row["model"], row["history"]): row["metrics"][primary]["mean"] for row in stored["rows"]}
    found = []
    for row in report["rows"]:
        got = row["metrics"][primary]
        error = (got["high"] - got["low"]) / (2 * 1.96)
        stored_mean = expected[row["model"], row["history"]]
        if abs(got["mean"] - stored_mean) > 4 * error:
            found.append(f"{row['model']} {row['history']}: {got['mean']:.4f}, stored {stored_mean:.4f}")
    return found


def compared(report: dict[str, Any], name: str) -> int:
    """Says whether a quick run agrees with ``results/NAME.json``; the exit code."""
    stored = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    found = differs(report, stored)
    print("\n".join(["outside the stored interval:", *found]) if found else "within the stored intervals")
    return 1 if found else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=sorted(SETS), default="ml-1m")
    parser.add_argument("--protocol", choices=("replay", "time", "last", "column"), default="replay")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--targets")
    parser.add_argument("--keep-share", type=float, default=1.0)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--sample-people", type=int, help="ask only so many people, for models that are slow to answer")
    parser.add_argument("--passes", type=int, help="most passes over the log that nets take")
    parser.add_argument("--suffix", help="behind the name of the result, for other models on the same questions")
    parser.add_argument("--chosen-in", metavar="RESULT", help="a result whose models keep the settings chosen there")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    begun = time.monotonic()
    report = run(arguments).as_json()
    print(table(report))
    for refused in report["refused"]:
        print(f"{refused['model']}: not run: {refused['reason']}")
    if not arguments.quick:
        path = write_result(
            result_name(arguments), {"wall_seconds": time.monotonic() - begun, **report}, "benchmarks.replay"
        )
        print(f"written: {path.name}")
        return 0
    return compared(report, result_name(arguments))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as fault:
        print(fault, file=sys.stderr)
        sys.exit(1)
