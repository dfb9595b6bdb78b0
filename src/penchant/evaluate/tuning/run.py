"""Tuning several models with equal budgets, one after the other here or side by side in processes of their own."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.data.cache import save_dataset
from penchant.data.dataset import Dataset
from penchant.errors import PenchantError, UserError
from penchant.evaluate.children import Refused, run_child
from penchant.evaluate.measuring import ModelSpec
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.tasks import make_task
from penchant.evaluate.tuning.journal import Journal
from penchant.evaluate.tuning.outcome import Outcome
from penchant.evaluate.tuning.search import about, search
from penchant.log import Reporter
from penchant.registry import model_class
from penchant.train.run import Run


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What was found for each model, in the order asked; the figures are of the validation part of `protocol`."""

    protocol: Protocol
    data: Mapping[str, Any]
    seed: int
    budget: int
    outcomes: Sequence[Outcome]
    refused: Sequence[Refused]

    def as_json(self) -> dict[str, Any]:
        """The whole report in plain values."""
        return {
            "protocol": self.protocol.described(),
            "data": dict(self.data),
            "seed": self.seed,
            "budget": self.budget,
            "read_as": f"validation, best of {self.budget} trials: expect less of the gain on later events",
            "models": [outcome.as_json() for outcome in self.outcomes],
            "refused": [{"label": one.label, "reason": one.reason} for one in self.refused],
        }


def tune(
    data: Dataset,
    specs: Sequence[ModelSpec],
    protocol: Protocol,
    journal: Path,
    *,
    budget: int,
    seed: int,
    reporter: Reporter,
    jobs: int = 1,
) -> Tuned:
    """Searches the settings of models on the validation part of a protocol; trials that the journal holds are not made again.

    Args:
        specs: models with the settings that are given, not searched; labels differ.
        journal: the file of all trials.
        budget: trials for each model.
        jobs: models searched side by side.

    Raises:
        UnknownName, BadConfig, BadData: a wrong model, setting or protocol, or a journal about something else.
        UserError: optuna is not installed, or the journal is in use.
    """
    asked = protocol.resolved(data)
    for spec in specs:
        model_class(spec.model).config_class().parse(spec.settings, spec.label)
    # a log that the protocol cannot ask anything is refused once, before anything is fitted
    make_task(data, asked, "valid")
    with Journal(journal) as opened:
        work = _Work(data, asked, opened, budget, seed, reporter)
        for spec in specs:
            # a journal about something else is found before anything is fitted
            opened.study(spec.label, about(spec, data, asked, seed))
        before = [len(opened.trials(spec.label)) for spec in specs]
        for spec, n in zip(specs, before, strict=True):
            if n:
                reporter.note(f"{spec.label}: {n} trials are in {journal} already")
        found = work.side_by_side(specs, jobs) if jobs > 1 and len(specs) > 1 else [work.here(spec) for spec in specs]
        outcomes = [
            Outcome(spec=spec, trials=opened.trials(spec.label)[:budget], resumed=min(n, budget), seed=seed)
            for spec, n, refused in zip(specs, before, found, strict=True)
            if refused is None
        ]
    known = {"name": data.name, "digest": data.digest, "n_events": len(data)}
    refused = [one for one in found if one is not None]
    return Tuned(protocol=asked, data=known, seed=seed, budget=budget, outcomes=outcomes, refused=refused)


@dataclass(frozen=True, eq=False)
class _Work:
    data: Dataset
    protocol: Protocol
    journal: Journal
    budget: int
    seed: int
    reporter: Reporter

    def here(self, spec: ModelSpec) -> Refused | None:
        """Searches in this process."""
        try:
            run = Run(seed=self.seed, reporter=self.reporter)
            search(spec, self.data, self.protocol, run, self.journal, budget=self.budget)
        except (UserError, MemoryError) as fault:
            return Refused(label=spec.label, reason=str(fault) or "not enough memory")
        return None

    def side_by_side(self, specs: Sequence[ModelSpec], jobs: int) -> list[Refused | None]:
        """Searches in child processes, which hold the journal's lock too as long as they live."""
        with tempfile.TemporaryDirectory(prefix="penchant-") as temporary:
            folder = Path(temporary)
            save_dataset(self.data, folder / "data")
            threads = max(1, (os.cpu_count() or 1) // jobs)

            def one(number: int) -> Refused | None:
                spec, path = specs[number], folder / f"job{number}.json"
                job = {
                    "label": spec.label,
                    "model": spec.model,
                    "settings": dict(spec.settings),
                    "data": str(folder / "data"),
                    "protocol": self.protocol.model_dump(mode="json"),
                    "seed": self.seed,
                    "budget": self.budget,
                    "journal": str(self.journal.path.resolve()),
                }
                path.write_text(json.dumps(job), encoding="utf-8")
                try:
                    reason = run_child(path, threads, self.reporter, spec.label, (self.journal.handle,))
                except PenchantError as fault:
                    reason = str(fault)
                return None if reason is None else Refused(label=spec.label, reason=reason)

            with ThreadPoolExecutor(max_workers=jobs) as pool:
                return list(pool.map(one, range(len(specs))))
