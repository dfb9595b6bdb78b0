"""`blend` and `gbdt` under `replay` beside every single baseline, each with the settings that its stored result chose.

    python -m benchmarks.composites --set 30music

Reads ``results/replay-SET.json`` for the settings of the single models (chosen there on validation inside the training part),
makes these models the members, measures all of them side by side, and writes ``results/composites-SET.json`` with a paired
comparison of every pair. ``--quick`` asks 200 people and fails when a mean is further from the stored one than four standard
errors.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from benchmarks.recording import RESULTS, write_result
from benchmarks.replay import FIXED, QUICK_PEOPLE, Terminal, compared, table
from benchmarks.sets import SETS, read_set
from penchant.errors import UserError
from penchant.evaluate.children import Effort
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.run import evaluate

FRESH = {"counting": "decayed", "half_life": 1.0, "decay": 0.8}
"""A second member that repeats, quick to forget: what was chosen a moment ago, and what is chosen again and again, differ."""


def specs(stored: dict[str, Any], composites: list[str]) -> list[ModelSpec]:
    chosen = {row["model"]: row["settings"] for row in stored["rows"]}
    singles = [
        ModelSpec(label=label, model=FIXED.get(label, (label, {}))[0], settings=settings)
        for label, settings in chosen.items()
    ]
    # of the two rows of popularity the one with the given half-life is a member: a window that validation chose in a busy month
    # holds next to nothing in a quiet one (ml-1m: the test part is as long as the log, with a tenth of its events)
    members = [
        one.label if one.label == one.model else f"{one.label}={one.model}" for one in singles if one.label != "popular"
    ]
    chosen.pop("popular", None)
    settings = {**chosen, **({"fresh": FRESH} if "repeats" in chosen else {})}
    members += ["fresh=repeats"] if "repeats" in chosen else []
    return singles + [
        ModelSpec(
            label=name, model=name, settings={"members": members, "member_settings": settings, "context_lift": 0.0}
        )
        for name in composites
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=sorted(SETS), default="ml-1m")
    parser.add_argument("--composites", default="blend,gbdt")
    parser.add_argument("--targets")
    parser.add_argument("--sample-people", type=int)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    begun = time.monotonic()
    name = "-".join([arguments.set] + ([arguments.targets] if arguments.targets else []))
    source = json.loads((RESULTS / f"replay-{name}.json").read_text(encoding="utf-8"))
    protocol = Protocol(
        targets=tuple(arguments.targets.split(",")) if arguments.targets else None,
        sample_people=QUICK_PEOPLE if arguments.quick else arguments.sample_people,
    )
    effort = Effort(budget=1, jobs=arguments.jobs, threads=arguments.jobs, seed=arguments.seed)
    asked = specs(source, arguments.composites.split(","))
    report = evaluate(read_set(arguments.set), asked, protocol, effort=effort, reporter=Terminal()).as_json()
    print(table(report))
    for one in report["comparisons"]:
        if one["b"] in arguments.composites:
            interval = f"[{-one['high']:+.4f}, {-one['low']:+.4f}]"
            print(f"{one['b']} against {one['a']}: {-one['difference']:+.4f} {interval} {one['verdict']}")
    for refused in report["refused"]:
        print(f"{refused['model']}: not run: {refused['reason']}")
    if not arguments.quick:
        result = {"wall_seconds": time.monotonic() - begun, "settings_from": f"replay-{name}.json", **report}
        print(f"written: {write_result(f'composites-{name}', result, 'benchmarks.composites').name}")
        return 0
    return compared(report, f"composites-{name}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as fault:
        print(fault, file=sys.stderr)
        sys.exit(1)
