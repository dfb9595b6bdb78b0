"""The live service measured from outside: `penchant serve` as a child process, load from another process on loopback.

    python -m benchmarks.serve                                  # every row; an hour or more on two cores
    python -m benchmarks.serve --row ingest --row throughput-1m
    python -m benchmarks.serve --row overload --quick           # short; fails far from the stored figures

Worlds are those of `benchmarks.serve_world`: everyone who is served has a past of 50 events in the store. Capacity comes from a
closed load of two connections, latencies from an open one, from the instant at which a request was due
(`benchmarks.serve_load`). The server has the settings that it starts with. Figures are medians of several runs, which stand
beside them. Each row writes ``results/serve-ROW.json`` when it is done. ``--quick`` makes a row short and writes nothing: it
fails when a share that must be whole is not, or another figure is worse than twice the stored one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.recording import RESULTS, write_result
from benchmarks.serve_again import why
from benchmarks.serve_speed import latency, throughput
from benchmarks.serve_strain import memory, overload, stalled
from benchmarks.serve_world import WORLDS, model_folder
from benchmarks.serve_writes import ingest, own_writes
from penchant.errors import UserError

_PACKAGES = ("granian", "msgspec", "torch", "apsw", "faiss-cpu")
QUICK_SLACK = 2.0


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What is wanted of a figure: at most, or at least; a `whole` one is a share that must be 1 in every run."""

    name: str
    most: float | None = None
    least: float | None = None
    whole: bool = False

    def reached(self, found: float, slack: float = 1.0) -> bool:
        """Whether the figure is as good as wanted; `slack` >= 1 lets it be worse by that factor."""
        if self.most is not None:
            return found <= self.most * slack
        return self.least is None or found >= self.least / slack


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How long a row may take."""

    runs: int
    seconds: float
    quick: bool


Make = Callable[[list[Path], str, Effort], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: the world, the models that are served in it, how it is measured, and what is wanted."""

    size: str
    models: tuple[str, ...] = ("sasrec",)
    make: Make
    figures: tuple[Figure, ...]


def _own_writes(workers: int) -> Make:
    return lambda models, size, effort: own_writes(models[0], size, workers, 300 if effort.quick else 10_000)


def _latency(models: list[Path], size: str, effort: Effort) -> Mapping[str, Any]:
    return latency(models[0], size, effort.runs, effort.seconds)


def _throughput(models: list[Path], size: str, effort: Effort) -> Mapping[str, Any]:
    return throughput(models[0], size, effort.runs, effort.seconds)


def _ratios(least: float) -> tuple[Figure, ...]:
    return tuple(Figure(name=name, least=least) for name in ("ratio", "ratio_to_partition"))


_OWN = (Figure(name="share_changed", least=1.0, whole=True), Figure(name="event_to_changed_list_p95_ms", most=50.0))
_LATENCY = tuple(
    Figure(name=f"{name}_ms{when}", most=most)
    for name, most in (("p50", 8.0), ("p99", 30.0))
    for when in ("", "_while_a_refit_runs")
)
_SERVED = Figure(name="served_share", least=0.999)
"""At half load nobody is to be turned away: a latency of those who were served says little otherwise."""

ROWS = {
    "own-writes": Row(size="100k", make=_own_writes(1), figures=_OWN),
    "own-writes-two-workers": Row(size="100k", make=_own_writes(2), figures=_OWN),
    "ingest": Row(
        size="100k",
        make=lambda models, size, effort: ingest(models[0], size, effort.runs, 10_000 if effort.quick else 100_000),
        figures=(Figure(name="events_per_second", least=20_000.0),),
    ),
    "latency-100k-sasrec": Row(size="100k", make=_latency, figures=(*_LATENCY, _SERVED)),
    "latency-100k-itemknn": Row(size="100k", models=("itemknn",), make=_latency, figures=(*_LATENCY, _SERVED)),
    "latency-1m": Row(size="1m", make=_latency, figures=(Figure(name="p50_ms", most=20.0), _SERVED)),
    "throughput-100k": Row(size="100k", make=_throughput, figures=_ratios(2.0)),
    "throughput-1m": Row(size="1m", make=_throughput, figures=_ratios(10.0)),
    "memory": Row(
        size="100k",
        make=lambda models, size, effort: memory(models[0], size, 30.0 if effort.quick else 600.0),
        figures=(Figure(name="last_over_third_tenth", most=1.02),),
    ),
    "overload": Row(
        size="100k",
        make=lambda models, size, effort: overload(models[0], size, effort.runs, effort.seconds),
        figures=(
            Figure(name="p99_over_unloaded", most=3.0),
            Figure(name="recovery_seconds", most=2.0),
            Figure(name="share_served_or_429", least=1.0, whole=True),
        ),
    ),
    "stalled": Row(
        size="100k",
        make=lambda models, size, effort: stalled(models[0], size, effort.runs, effort.seconds),
        figures=(Figure(name="p99_during_over_before", most=1.2), Figure(name="share_served", least=1.0, whole=True)),
    ),
    "why": Row(
        size="100k",
        models=("sasrec", "itemknn"),
        make=lambda models, size, effort: why(models, size, 20, 40 if effort.quick else 1_000),
        figures=(Figure(name="share_same", least=1.0, whole=True),),
    ),
}


def measured(name: str, effort: Effort, worlds: Path) -> dict[str, Any]:
    """A row with its world, and each wanted figure with what was found."""
    row = ROWS[name]
    made = [model_folder(row.size, model, worlds) for model in row.models]
    begun = time.monotonic()
    found = row.make([folder for folder, _ in made], row.size, effort)
    figures = {
        figure.name: {
            "found": found[figure.name],
            "wanted": f"at most {figure.most:g}" if figure.most is not None else f"at least {figure.least:g}",
            "reached": figure.reached(found[figure.name]),
        }
        for figure in row.figures
    }
    return {
        "row": name, "figures": figures, "machine": machine(), "worlds": [told for _, told in made],
        "runs": effort.runs, "seconds_a_run": effort.seconds, "wall_seconds": time.monotonic() - begun, **found,
    }  # fmt: skip


def machine() -> dict[str, Any]:
    """What it ran on, how busy that was before, and the libraries of the server."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return {
        "processor": model, "cores": os.cpu_count(), "system": platform.system(), "load_before": os.getloadavg()[0],
        "versions": {name: version(name) for name in _PACKAGES},
    }  # fmt: skip


def differs(name: str, found: dict[str, Any]) -> list[str]:
    """The figures of a quick run that are far worse than the stored ones."""
    path = RESULTS / f"serve-{name}.json"
    if not path.exists():
        raise UserError(f"no stored result {path.name} to compare with; run this row without --quick first")
    stored, worse = json.loads(path.read_text(encoding="utf-8")), []
    for figure in ROWS[name].figures:
        value, before = found[figure.name], stored[figure.name]
        kept = Figure(name=figure.name, **{"most" if figure.most is not None else "least": before})
        if not kept.reached(value, 1.0 if figure.whole else QUICK_SLACK):
            worse.append(f"{name}: {figure.name} {value:g}, stored {before:g}")
    return worse


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--row", action="append", choices=list(ROWS), help="only this one; may be given again")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of one run of a load")
    parser.add_argument("--worlds", type=Path, default=WORLDS, help="folder that keeps the models")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    effort = Effort(
        runs=1 if chosen.quick else chosen.runs, seconds=5.0 if chosen.quick else chosen.seconds, quick=chosen.quick
    )
    worse, missed = [], []
    for name in chosen.row or ROWS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        found = measured(name, effort, chosen.worlds)
        for figure, told in found["figures"].items():
            verdict = "reached" if told["reached"] else "MISSED"
            print(f"{name:<24}{figure:<34}{told['found']:>12.4g}  {told['wanted']:<18}{verdict}", flush=True)
        missed += [name for told in found["figures"].values() if not told["reached"]]
        if chosen.quick:
            worse += differs(name, found)
        else:
            write_result(f"serve-{name}", found, "benchmarks.serve")
    if chosen.quick:
        print("\n".join(["outside of what is stored:", *worse]) if worse else "within what is stored")
    return 1 if worse or (missed and not chosen.quick) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as fault:
        print(fault, file=sys.stderr)
        sys.exit(1)
