"""A child process that fits the served model anew on the log, judges it at the gate, and leaves a model folder.

Run as ``python -m penchant.service.refit_worker JOB.json``: it lowers its own priority as far as it goes and works on one
thread, so that the requests beside it do not notice. It speaks JSON lines on standard output; the last one is the verdict. It
ends when its standard input does, as happens when the process that started it dies.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from penchant.data.dataset import Dataset
from penchant.errors import BadData, PenchantError
from penchant.log import JsonLines
from penchant.models.base import Model, load_model
from penchant.models.serving import served
from penchant.registry import model_class
from penchant.service import gate
from penchant.service.training_log import dataset_of
from penchant.store.url import open_stores
from penchant.train.run import Run

REFUSED = 3
"""Exit code for a reason that a person can change; the last line says why."""


def _write(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


_LINES = JsonLines(_write)


def main(path: str) -> int:
    """Does the job described in the JSON file at `path`; returns the exit code."""
    os.nice(19)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    try:
        _LINES.say({"verdict": _refit(job)})
    except (PenchantError, MemoryError) as fault:
        _LINES.say({"refused": str(fault) or "not enough memory"})
        return REFUSED
    return 0


def _end_with_parent() -> None:
    """Ends this process when the one that started it is gone: nobody would hear the verdict."""
    while os.read(0, 1):
        pass
    os._exit(REFUSED)


def _refit(job: dict[str, Any]) -> dict[str, Any]:
    run = Run(seed=job["seed"], reporter=_LINES)
    old = load_model(Path(job["current"]), people=False)  # the copy that serves knows nobody
    stores = open_stores(job["store"])
    try:
        data = dataset_of(
            stores.project(job["project"], create=False), old.catalogue, job["upto"], updates_after=job["updates_after"],
            suspicion=job["suspicion"], reporter=run.reporter,
        )  # fmt: skip
    finally:
        stores.close()
    if len(data) == 0:
        raise BadData("the log holds no event to learn from; send events first")
    verdict = _judged(old, data, job, run)
    admitted = job["force"] or (verdict is not None and verdict.admitted)
    if admitted:
        made: Model = model_class(old.name())(old.settled).fit(data, run=run)
        made.card = {**made.card, "seed": run.seed, "gate": None if verdict is None else verdict.as_json()}
        # the folder is the service's own: nobody is to be found in it, wherever it is left behind
        served(made).save(Path(job["out"]))
    return {
        "events": len(data),
        "admitted": admitted,
        "gate": None if verdict is None else verdict.as_json(),
        "reason": _TOO_FEW if verdict is None else verdict.reason,
    }


_TOO_FEW = (
    f"fewer than {gate.LEAST} events are new since the training of the model that serves: there is nothing to compare on "
    "(--force, or force=true, serves it all the same)"
)


def _judged(old: Model, data: Dataset, job: dict[str, Any], run: Run) -> gate.Verdict | None:
    """The verdict on the old model and one fitted without the newest events; None where too few are new to both."""
    known = old.catalogue.popularity.at
    cut, rows = gate.held_out(data, int(known[-1]) if len(known) else 0, job["questions"], run.seed)
    if len(rows) < gate.LEAST or cut == 0:
        return None
    candidate: Model = model_class(old.name())(old.settled).fit(data.take(slice(0, cut)), run=run)
    asked, chosen = gate.questions(data, rows)
    run.reporter.note(f"gate: {len(asked):,} questions")
    return gate.compared(
        gate.judged(old, asked, chosen), gate.judged(candidate, asked, chosen), data.interactions.user[rows],
        most_loss=job["most_loss"], seed=run.seed,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
