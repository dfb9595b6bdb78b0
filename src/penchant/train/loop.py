"""The one training loop: AdamW, warm-up and cosine, clipping, averaged weights, early stop, checkpoints.

Nothing hides in the state of a random generator: each step draws from generators made from the seed and the number of the step,
so weights, optimiser and step are all that a checkpoint must hold to go on bit by bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from penchant.errors import UserError
from penchant.rng import generator, stable_hash
from penchant.train.checkpoint import Checkpoints, training_key
from penchant.train.memory import keep_memory
from penchant.train.optimiser import Optimiser
from penchant.train.run import Run
from penchant.train.settings import TrainingConfig

LEAST_RATE = 0.01
"""The learning rate at the end of the cosine, as a part of the greatest."""


class Learner(Protocol):
    """What is trained: a net, and where its batches and its judge come from."""

    net: nn.Module

    def plan(self, epoch: int) -> Sequence[Any]:
        """The batches of a pass as cheap descriptions, the same for the same seed and pass."""

    def loss(self, part: Any, rng: np.random.Generator) -> tuple[Tensor, int]:
        """Mean loss of a batch of the plan, and the events in it; `rng` is the only source of draws beside torch's own."""

    def judge(self) -> float | None:
        """The validation metric of the net as it is, greater is better; None where there is nothing to judge by."""


@dataclass(kw_only=True)
class Outcome:
    """What came of a training.

    Attributes:
        best_epoch: passes after which the validation metric was best; all of them where nothing judged.
        best: that metric.
        history: of each pass its mean loss, metric, events and processor seconds so far.
        seconds: processor seconds of the training, judging left out.
    """

    best_epoch: int = 0
    best: float | None = None
    history: list[dict[str, float | None]] = field(default_factory=list)
    seconds: float = 0.0


def train(
    learner: Learner,
    settings: TrainingConfig,
    run: Run,
    *,
    name: str,
    stop_after: int | None = None,
    learns_from: Mapping[str, Any] | None = None,
) -> Outcome:
    """Trains `learner.net` and leaves the best weights in it: those of the best pass, or of the last where nothing judged.

    Args:
        run: where it says so, checkpoints are kept, and a training of the same key goes on from its newest one.
        name: of the model, shown in the progress.
        stop_after: passes after which to stop, with the schedule of all `epochs`: how a refit repeats what was chosen.
        learns_from: what tells this training from others beside its settings and its seed, as plain JSON values: digests of the
            log and of the questions that judge. Without it no checkpoints are kept.

    Raises:
        UserError: the loss or a gradient is no number; says where, and what to try.
    """
    keep_memory()
    training = _Training(learner, settings, run, name, stop_after)
    if run.checkpoints is not None and learns_from is not None:
        about = {"settings": settings.model_dump(mode="json"), "seed": run.seed, "last": training.last}
        key = training_key({"name": name, **about, **learns_from})
        training.keep(Checkpoints(run.checkpoints / key[:16], key, run.reporter))
    with torch.random.fork_rng(devices=[]):
        return training.run()


class _Training:
    """The state of one training; see `train`."""

    def __init__(self, learner: Learner, settings: TrainingConfig, run: Run, name: str, stop_after: int | None) -> None:
        self.learner, self.settings, self.run_settings, self.name = learner, settings, run, name
        self.last = min(settings.epochs, stop_after or settings.epochs)
        self.optimiser = Optimiser(learner.net, settings)
        self.outcome = Outcome()
        self.kept: Mapping[str, Tensor] = {}
        self.step = self.place = 0  # steps in all, and batches of the pass that are done
        self.total = self.seen = 0.0  # loss and events of these
        self.checkpoints: Checkpoints | None = None
        self.saved = time.perf_counter()

    def run(self) -> Outcome:
        """All passes that are left."""
        while not self._over():
            epoch = len(self.outcome.history)
            self._pass(epoch)
            self._judged(epoch)
            self._save(0.0 if self._over() else self.run_settings.checkpoint_every / 10)
        if self.kept:
            self.learner.net.load_state_dict(dict(self.kept))
        else:
            self.optimiser.average.swap()
            self.outcome.best_epoch = len(self.outcome.history)
        self.learner.net.eval()
        return self.outcome

    def _over(self) -> bool:
        done = len(self.outcome.history)
        waited = 0 if self.outcome.best is None else done - self.outcome.best_epoch
        return done >= self.last or waited >= self.settings.patience

    def _pass(self, epoch: int) -> None:
        plan = self.learner.plan(epoch)
        before, begun, wall, cpu = self.seen, self.outcome.seconds, time.perf_counter(), time.process_time()
        self.learner.net.train()
        while self.place < len(plan):
            place = self.place
            loss, n = self._step(epoch, place, plan[place], self._rate(epoch + place / len(plan)))
            self.total, self.seen, self.place = self.total + loss * n, self.seen + n, place + 1
            self.outcome.seconds = begun + time.process_time() - cpu
            if place % 4 == 0 or self.place == len(plan):
                pace = (self.seen - before) / max(time.perf_counter() - wall, 1e-9)
                self._show(epoch, self.place, len(plan), self.total / max(self.seen, 1), pace)
            self._save(self.run_settings.checkpoint_every)
        loss = self.total / max(self.seen, 1)
        self.outcome.history.append({"loss": loss, "events": self.seen, "seconds": self.outcome.seconds})
        self.place, self.total, self.seen = 0, 0.0, 0.0

    def _step(self, epoch: int, place: int, part: Any, rate: float) -> tuple[float, int]:
        seed = self.run_settings.seed
        torch.manual_seed(stable_hash("train", str(seed), str(self.step)) % 2**63)
        with precision(self.settings):
            loss, n = self.learner.loss(part, generator(seed, "train", str(self.step)))
        value = float(loss.detach())
        if not math.isfinite(value):
            raise self._diverged(f"the loss is {value}", epoch, place, rate)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = self.optimiser.step(rate)
        if not math.isfinite(norm):
            raise self._diverged(f"the norm of the gradient is {norm}", epoch, place, rate)
        self.step += 1
        return value, n

    def _diverged(self, what: str, epoch: int, place: int, rate: float) -> UserError:
        return UserError(
            f"{self.name}: {what} in batch {place + 1} of epoch {epoch + 1} at learning rate {rate:.2g}; expected a number: "
            f"try learning_rate={self.settings.learning_rate / 3:.2g}, a smaller clip, or precision=float32"
        )

    def _rate(self, epoch: float) -> float:
        """The learning rate after so many passes, a broken number."""
        done = epoch / self.settings.epochs
        rise = min(1.0, (done + 1e-3) / self.settings.warmup) if self.settings.warmup else 1.0
        fall = 1.0
        if self.settings.schedule == "cosine":
            fall = LEAST_RATE + (1 - LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * done))
        return self.settings.learning_rate * rise * fall

    def _judged(self, epoch: int) -> None:
        """Judges the averaged weights and keeps them when they are the best so far."""
        self.optimiser.average.swap()
        self.learner.net.eval()
        metric = self.learner.judge()
        self.outcome.history[-1]["metric"] = metric
        if metric is not None and (self.outcome.best is None or metric > self.outcome.best):
            self.outcome.best, self.outcome.best_epoch = metric, epoch + 1
            self.kept = {key: value.detach().clone() for key, value in self.learner.net.state_dict().items()}
        self.optimiser.average.swap()

    def keep(self, checkpoints: Checkpoints) -> None:
        """Goes on from the newest checkpoint, where there is one, and writes more of them."""
        self.checkpoints, found = checkpoints, checkpoints.newest()
        if found is None:
            return
        parts = {kind: parts_named(kind, found.tensors) for kind in ("net", "kept", "optimiser")}
        meta = found.meta
        self.learner.net.load_state_dict(parts["net"])
        self.kept = parts["kept"]
        self.optimiser.restore(parts["optimiser"], meta["optimiser"])
        self.step, self.place, self.total, self.seen = found.step, meta["place"], meta["total"], meta["seen"]
        self.outcome = Outcome(**meta["outcome"])
        words = (
            f"{self.name}: goes on from its checkpoint after step {self.step} (epoch {len(self.outcome.history) + 1})"
        )
        threads = torch.get_num_threads()
        if meta["threads"] != threads:
            words += f"; with {threads} threads instead of {meta['threads']} the last bits of the weights may differ"
        self.run_settings.reporter.note(words)

    def _save(self, seconds: float) -> None:
        """Writes a checkpoint, unless the last one is younger than `seconds`."""
        if self.checkpoints is None or time.perf_counter() - self.saved < seconds:
            return
        tensors, numbers = self.optimiser.state()
        named = {"net": self.learner.net.state_dict(), "kept": self.kept, "optimiser": tensors}
        self.checkpoints.save(
            self.step,
            {f"{kind}/{name}": tensor for kind, part in named.items() for name, tensor in part.items()},
            {
                "optimiser": numbers,
                **{"place": self.place, "total": self.total, "seen": self.seen, "threads": torch.get_num_threads()},
                "outcome": asdict(self.outcome),
            },
        )
        self.saved = time.perf_counter()

    def _show(self, epoch: int, done: int, of: int, loss: float, pace: float) -> None:
        words = f"{self.name}: epoch {epoch + 1}/{self.last}, loss {loss:.3f}"
        metrics = [one["metric"] for one in self.outcome.history if one.get("metric") is not None]
        if metrics:
            judged_by = getattr(self.learner, "judged_by", "ndcg@10")
            words += f", {judged_by} {metrics[-1]:.4f} (best {self.outcome.best:.4f} at {self.outcome.best_epoch})"
        words += f", {pace:,.0f} events/s"
        self.run_settings.reporter.progress(words, epoch * of + done, self.last * of)


def parts_named(kind: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a checkpoint whose names begin with ``kind/``, by the rest of their names."""
    return {name.partition("/")[2]: tensor for name, tensor in tensors.items() if name.startswith(f"{kind}/")}


def precision(settings: TrainingConfig) -> AbstractContextManager[Any]:
    """The context in which matrix products have the precision that the settings ask for."""
    lower = settings.precision == "bfloat16" or (settings.precision == "auto" and _has_bfloat16())
    return torch.autocast("cpu", dtype=torch.bfloat16) if lower else nullcontext()


def _has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 faster than float32."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
