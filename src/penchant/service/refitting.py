"""Fitting anew on the log, in a process of its own: the server never trains in a request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.errors import PenchantError, UserError
from penchant.log import SILENT, Reporter
from penchant.service.refit_worker import REFUSED
from penchant.service.settings import ServiceConfig
from penchant.service.shelf import ForgottenMeanwhile, Shelf, admit
from penchant.store.protocol import Store, Version
from penchant.train.run import THREAD_VARIABLES

Child = subprocess.Popen[str]


@dataclass(frozen=True, kw_only=True)
class Refit:
    """What became of a refit.

    Attributes:
        version: the new version, registered but not served yet; None where the gate did not let it in.
        found: what the gate found, in plain values.
    """

    version: Version | None
    found: Mapping[str, Any]


def refit(
    store: Store,
    shelf: Shelf,
    current: Version,
    *,
    url: str,
    project: str,
    config: ServiceConfig,
    now: float,
    force: bool = False,
    reporter: Reporter = SILENT,
    children: set[Child] | None = None,
) -> Refit:
    """Fits the model of `current` anew on everything in the log, at the lowest priority and on one thread.

    What was learned while somebody was forgotten is thrown away, and learned again without the person.

    Args:
        children: holds the process while it runs, so that somebody else may end it.

    Raises:
        UserError: the log cannot be learned from, or people were forgotten each time; says why.
        PenchantError: the process died.
    """

    def once() -> Refit:
        forgotten, upto = store.forgotten(), store.offset()
        with tempfile.TemporaryDirectory(prefix="penchant-refit-") as temporary:
            folder = Path(temporary)
            job = {
                "store": url,
                "project": project,
                "current": str(shelf.folder / current.version),
                "updates_after": current.trained_to,
                "upto": upto,
                "force": force,
                "seed": config.seed,
                "suspicion": config.suspicion,
                "questions": config.gate_questions,
                "most_loss": config.gate_loss,
                "out": str(folder / "model"),
            }
            path = folder / "job.json"
            path.write_text(json.dumps(job), encoding="utf-8")
            found = _run(path, reporter, set() if children is None else children)
            if not found["admitted"]:
                return Refit(version=None, found=found)
            card = {"gate": found["gate"], "events": found["events"]}
            version = admit(store, shelf, folder / "model", now, trained_to=upto, card=card, forgotten=forgotten)
            return Refit(version=version, found=found)

    for _ in range(_TRIES):
        try:
            return once()
        except ForgottenMeanwhile:
            reporter.note("somebody was forgotten meanwhile: what was learned is thrown away, and learned again")
    raise UserError(f"refit: people were forgotten during each of {_TRIES} trainings; try again at a quieter time")


_TRIES = 3
"""Trainings of one refit, where people are forgotten while it learns."""


def _run(job: Path, reporter: Reporter, children: set[Child]) -> dict[str, Any]:
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, "1")
    command = [sys.executable, "-m", "penchant.service.refit_worker", str(job)]
    last: dict[str, Any] = {}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, text=True, env=environment) as child:
            assert child.stdout is not None
            children.add(child)
            try:
                for line in child.stdout:
                    last = _heard(line, reporter) or last
            except BaseException:
                child.kill()
                raise
            finally:
                children.discard(child)
        code = child.returncode
        errors.seek(0)
        tail = errors.read().strip().splitlines()[-3:]
    if code == 0 and "verdict" in last:
        verdict: dict[str, Any] = last["verdict"]
        return verdict
    if code == REFUSED and "refused" in last:
        raise UserError(f"refit: {last['refused']}")
    raise PenchantError(f"refit: its process ended with exit code {code}: {' '.join(tail)}")


def _heard(line: str, reporter: Reporter) -> dict[str, Any] | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    if "task" in said:
        reporter.progress(said["task"], said["done"], said["total"])
    elif "note" in said:
        reporter.note(said["note"])
    return said if said.keys() & {"verdict", "refused"} else None
