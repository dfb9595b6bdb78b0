"""Measuring several models, each in a child process of its own, some of them side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.data.cache import save_dataset
from penchant.data.dataset import Dataset
from penchant.errors import PenchantError
from penchant.evaluate.labelled.results import LabelledResult
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.results import ModelResult
from penchant.evaluate.worker import REFUSED
from penchant.log import Reporter
from penchant.train.run import THREAD_VARIABLES


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much an evaluation may spend.

    Attributes:
        budget: trials of settings for each model; 1 takes the settings as they are.
        jobs: models measured side by side.
        threads: threads of all jobs together.
        seed: seed of the fits.
    """

    budget: int = 20
    jobs: int = 1
    threads: int = 2
    seed: int = 7


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A model that could not be measured, and why."""

    label: str
    reason: str


def measure_in_children(
    specs: Sequence[ModelSpec], data: Dataset, protocol: Protocol, effort: Effort, reporter: Reporter, *, cut: int
) -> list[ModelResult | LabelledResult | Refused]:
    """Measures each model in its own process; the data travel as memory-mapped files in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="penchant-") as temporary:
        folder = Path(temporary)
        save_dataset(data, folder / "data")

        def one(number: int) -> ModelResult | LabelledResult | Refused:
            spec, out = specs[number], folder / f"out{number}"
            job = {
                "label": spec.label,
                "model": spec.model,
                "settings": dict(spec.settings),
                "data": str(folder / "data"),
                "protocol": protocol.model_dump(mode="json"),
                "seed": effort.seed,
                "budget": effort.budget,
                "cut": cut,
                "out": str(out),
            }
            path = folder / f"job{number}.json"
            path.write_text(json.dumps(job), encoding="utf-8")
            try:
                reason = run_child(path, max(1, effort.threads // effort.jobs), reporter, spec.label)
            except PenchantError as fault:
                # one model's death must not cost the others their results
                reason = str(fault)
            if reason is not None:
                return Refused(label=spec.label, reason=reason)
            return LabelledResult.read(out) if protocol.labelled else ModelResult.read(out)

        with ThreadPoolExecutor(max_workers=effort.jobs) as pool:
            return list(pool.map(one, range(len(specs))))


def run_child(job: Path, threads: int, reporter: Reporter, label: str, inherited: tuple[int, ...] = ()) -> str | None:
    """Runs one worker to its end; returns why it refused, or None when it left a result.

    Args:
        job: the JSON file that the worker reads.
        inherited: open files that the worker holds too, such as one that is locked.
    """
    environment = os.environ | {name: str(threads) for name in THREAD_VARIABLES}
    command = [sys.executable, "-m", "penchant.evaluate.worker", str(job)]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, pass_fds=inherited
        ) as child,
    ):
        try:
            reason = _listen(child, reporter)
        except BaseException:
            child.kill()
            raise
        code = child.wait()
        errors.seek(0)
        tail = errors.read().strip().splitlines()[-12:]
    if code == 0:
        return None
    if code == REFUSED and reason is not None:
        return reason
    if code < 0:
        # the other models go on: an evening's table is not lost because one model was too large
        return f"its process was killed by signal {-code}; out of memory? Try a smaller model or log"
    raise PenchantError(f"{label}: its process failed with exit code {code}:\n" + "\n".join(tail))


def _listen(child: subprocess.Popen[str], reporter: Reporter) -> str | None:
    reason: str | None = None
    assert child.stdout is not None
    for line in child.stdout:
        said = _understood(line)
        if "refused" in said:
            reason = said["refused"]
        elif "task" in said:
            reporter.progress(said["task"], said["done"], said["total"])
        else:
            reporter.note(said["note"])
    return reason


def _understood(line: str) -> dict[str, Any]:
    """One line of a worker; what a model itself prints is a note."""
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    return said if isinstance(said, dict) and said.keys() & {"refused", "task", "note"} else {"note": line.rstrip()}
