"""The one training loop: AdamW, warm-up and cosine, clipping, averaged weights, early stop, checkpoints.

Nothing hides in the state of a random generator: each step draws from generators made from the seed and the number of the step,
so weights, optimiser and step are all that a checkpoint must hold to go on bit by bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from penchant.errors import UserError
from penchant.rng import generator, stable_hash
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


def train(learner: Learner, settings: TrainingConfig, run: Run, *, name: str, stop_after: int | None = None) -> Outcome:
    """Trains `learner.net` and leaves the best weights in it: those of the best pass, or of the last where nothing judged.

    Args:
        name: of the model, shown in the progress.
        stop_after: passes after which to stop, with the schedule of all `epochs`: how a refit repeats what was chosen.

    Raises:
        UserError: the loss or a gradient is no number; says where, and what to try.
    """
    with torch.random.fork_rng(devices=[]):
        return _Training(learner, settings, run, name, stop_after).run()


class _Training:
    """The state of one training; see `train`."""

    def __init__(self, learner: Learner, settings: TrainingConfig, run: Run, name: str, stop_after: int | None) -> None:
        self.learner, self.settings, self.run_settings, self.name = learner, settings, run, name
        self.last = min(settings.epochs, stop_after or settings.epochs)
        self.optimiser = Optimiser(learner.net, settings)
        self.outcome = Outcome()
        self.kept: Mapping[str, Tensor] = {}
        self.step = 0

    def run(self) -> Outcome:
        """All passes."""
        for epoch in range(len(self.outcome.history), self.last):
            self._pass(epoch)
            if self._judged(epoch):
                break
        if self.kept:
            self.learner.net.load_state_dict(dict(self.kept))
        else:
            self.optimiser.average.swap()
            self.outcome.best_epoch = len(self.outcome.history)
        self.learner.net.eval()
        return self.outcome

    def _pass(self, epoch: int) -> None:
        plan = self.learner.plan(epoch)
        begun, wall, cpu = self.outcome.seconds, time.perf_counter(), time.process_time()
        total = seen = 0.0
        self.learner.net.train()
        for place, part in enumerate(plan):
            rate = self._rate(epoch + place / len(plan))
            loss, n = self._step(epoch, place, part, rate)
            total, seen = total + loss * n, seen + n
            if place % 4 == 0 or place + 1 == len(plan):
                pace = seen / max(time.perf_counter() - wall, 1e-9)
                self._show(epoch, place + 1, len(plan), total / max(seen, 1), pace)
        self.outcome.seconds = begun + time.process_time() - cpu
        self.outcome.history.append({"loss": total / max(seen, 1), "events": seen, "seconds": self.outcome.seconds})

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

    def _judged(self, epoch: int) -> bool:
        """Judges the averaged weights and keeps them when they are the best so far; whether it is time to stop."""
        self.optimiser.average.swap()
        self.learner.net.eval()
        metric = self.learner.judge()
        self.outcome.history[-1]["metric"] = metric
        if metric is not None and (self.outcome.best is None or metric > self.outcome.best):
            self.outcome.best, self.outcome.best_epoch = metric, epoch + 1
            self.kept = {key: value.detach().clone() for key, value in self.learner.net.state_dict().items()}
        self.optimiser.average.swap()
        return metric is not None and epoch + 1 - self.outcome.best_epoch >= self.settings.patience

    def _show(self, epoch: int, done: int, of: int, loss: float, pace: float) -> None:
        words = f"{self.name}: epoch {epoch + 1}/{self.last}, loss {loss:.3f}"
        metrics = [one["metric"] for one in self.outcome.history if one.get("metric") is not None]
        if metrics:
            words += f", ndcg@10 {metrics[-1]:.4f} (best {self.outcome.best:.4f} at {self.outcome.best_epoch})"
        words += f", {pace:,.0f} events/s"
        self.run_settings.reporter.progress(words, epoch * of + done, self.last * of)


def precision(settings: TrainingConfig) -> AbstractContextManager[Any]:
    """The context in which matrix products have the precision that the settings ask for."""
    lower = settings.precision == "bfloat16" or (settings.precision == "auto" and _has_bfloat16())
    return torch.autocast("cpu", dtype=torch.bfloat16) if lower else nullcontext()


def _has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 faster than float32."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
