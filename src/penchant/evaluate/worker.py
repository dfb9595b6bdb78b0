"""A child process that measures or tunes one model, so that its processor time and memory are its own.

Run as ``python -m penchant.evaluate.worker JOB.json``; speaks JSON lines on standard output (progress and notes) and leaves
its result in the job's folder, or its trials in the job's journal.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from penchant.data.cache import open_dataset
from penchant.errors import UserError
from penchant.evaluate.labelled.measuring import measure_rows
from penchant.evaluate.labelled.results import LabelledResult
from penchant.evaluate.measuring import ModelSpec, measure
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.results import ModelResult
from penchant.log import JsonLines
from penchant.train.run import Run

REFUSED = 3
"""Exit code when the model cannot be measured for a reason the person can change; the last line says why."""


def _write(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


_LINES = JsonLines(_write)


def main(path: str) -> int:
    """Does the job described in the JSON file at `path`; returns the exit code."""
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    try:
        (_tuned if "journal" in job else _measured)(job)
    except (UserError, MemoryError) as fault:
        _LINES.say({"refused": str(fault) or "not enough memory"})
        return REFUSED
    return 0


def _measured(job: dict[str, Any]) -> None:
    spec = ModelSpec(label=job["label"], model=job["model"], settings=job["settings"])
    data, protocol = open_dataset(Path(job["data"])), Protocol.parse(job["protocol"])
    run = Run(seed=job["seed"], reporter=_LINES)
    result: ModelResult | LabelledResult
    if protocol.labelled:
        result = measure_rows(spec, data, protocol, run, budget=job["budget"])
    else:
        result = measure(spec, data, protocol, run, budget=job["budget"], cut=job["cut"])
    result.write(Path(job["out"]))


def _tuned(job: dict[str, Any]) -> None:
    from penchant.evaluate.tuning.journal import Journal
    from penchant.evaluate.tuning.search import search

    # the parent holds the lock
    with Journal(Path(job["journal"]), lock=False) as journal:
        search(
            ModelSpec(label=job["label"], model=job["model"], settings=job["settings"]),
            open_dataset(Path(job["data"])),
            Protocol.parse(job["protocol"]),
            Run(seed=job["seed"], reporter=_LINES),
            journal,
            budget=job["budget"],
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
