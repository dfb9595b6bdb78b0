"""What all nets share: validation inside the log, early stop, refit on everything, and weights as named arrays.

An author writes `_build` (the net, from the catalogue and the settings) and `_learner` (its batches and its loss); see
`sequential` for models of what comes next, and `penchant.train.loop` for the training itself.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from penchant.data.arrays import AnyArray
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.errors import BadModelFolder
from penchant.models.base import Model, ModelConfig
from penchant.models.judging import Judge
from penchant.models.rehearsal import prepared
from penchant.rng import stable_hash
from penchant.train.loop import Learner, Outcome, train
from penchant.train.memory import needs, readable, training_bytes
from penchant.train.run import Run
from penchant.train.settings import TrainingConfig

_ENOUGH_QUESTIONS = 20
"""With fewer, the number of passes cannot be chosen on validation; then all `epochs` are taken."""

_OTHER_BYTES = 200_000_000
"""Kernels that torch makes at their first use, and the questions of the judge: as measured."""


_QUICKLY_BUILT = 200_000
"""Items of a catalogue whose net is built in no time."""


class NeuralConfig(ModelConfig, TrainingConfig):
    """Settings of every net."""


class NeuralModel(Model):
    """Base of nets.

    Attributes:
        reads_context: whether the net knows the circumstances of an event or a moment; where not, a fit says so.
        net: the net, in eval mode once fitted.
    """

    config: NeuralConfig
    rehearses = True
    reads_context: ClassVar[bool] = True
    stops_early = True
    net: nn.Module

    @abstractmethod
    def _build(self) -> nn.Module:
        """A net with fresh weights, from `config`, `n_fit` and `catalogue`; torch's seed is set."""

    @abstractmethod
    def _learner(self, train: Dataset, judge: Judge | None, run: Run) -> Learner:
        """What `self.net` is trained by on the events of `train`."""

    def _batch_numbers(self, train: Dataset) -> int:
        """Numbers of float32 that a batch keeps until its gradients are known, an estimate for the memory that a fit takes."""
        return 0

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        self._check_memory(train, run)
        unread = () if self.reads_context or self.config.context_lift > 0 else tuple(train.schema.context)
        if unread:
            run.reporter.note(
                f"{self.name()}: reads no circumstances; {', '.join(unread)} not used (context_lift uses them)"
            )
        passes = self.config.passes
        if self.config.early_stop and passes is None:
            task = self._questions(valid, train, run)
            judge = self._judge(task, run)
            if judge.n_questions >= _ENOUGH_QUESTIONS and len(task.train):
                chosen = self._trained(task.train, judge, run)
                self.card = {**self.card, "training": _described(chosen)}
                if task.train.digest == train.digest:
                    return
                passes = chosen.best_epoch
        outcome = self._trained(train, None, run, passes)
        self.card = {**self.card, "refit": _described(outcome)}

    def _questions(self, valid: Task | None, train: Dataset, run: Run) -> Task:
        """What the number of passes is chosen by: the given questions, else some from inside the log."""
        return prepared(valid, train, False, 0.0, run.seed)

    def _judge(self, task: Task, run: Run) -> Judge:
        """The judge of these questions."""
        return Judge.of(task, run.seed)

    def _check_memory(self, train: Dataset, run: Run) -> None:
        """Says what the training will take, and refuses where that is more than there is; GPUs tell by themselves."""
        # sizes without values, where values would take long: that way of building imports a compiler (two seconds)
        place = "cpu" if self.n_fit <= _QUICKLY_BUILT else "meta"
        with torch.random.fork_rng(devices=[]), torch.device(place):
            net = self._build()
        every = sum(weight.numel() for weight in net.parameters())
        lazy = sum(w.numel() for m in net.modules() if getattr(m, "sparse", False) for w in m.parameters(recurse=False))
        wanted = training_bytes(
            parameters=every - lazy,
            averaged=self.config.averaging > 0,
            best=self.config.early_stop,
            more=_OTHER_BYTES + 4 * self._batch_numbers(train),
        ) + training_bytes(parameters=lazy, gradients=0, best=self.config.early_stop)
        run.reporter.note(f"{self.name()}: {every:,} weights, about {readable(wanted)} of memory while it learns")
        if self.device.type == "cpu":
            needs(self.name(), wanted, "lower batch_size or the sizes of the net")

    def _trained(self, data: Dataset, judge: Judge | None, run: Run, passes: int | None = None) -> Outcome:
        """A fresh net, trained on `data`."""
        self._start(run)
        learner = self._learner(data, judge, run)
        learns_from = {"log": data.digest, "judge": None if judge is None else judge.digest}
        return train(learner, self.config, run, name=self.name(), stop_after=passes, learns_from=learns_from)

    def _start(self, run: Run) -> None:
        """A fresh net whose first weights depend on the seed alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(stable_hash("weights", str(run.seed)) % 2**63)
            self.net = self._build().to(self.device)

    @property
    def device(self) -> torch.device:
        """Where the net lives."""
        named = self.config.device
        return torch.device("cuda" if torch.cuda.is_available() else "cpu") if named == "auto" else torch.device(named)

    @property
    def settled(self) -> ModelConfig:
        """The settings with the number of passes that validation chose."""
        chosen = self.card.get("training", {}).get("epochs")
        return self.config if chosen is None else self.config.changed(passes=chosen)

    def _state(self) -> dict[str, AnyArray]:
        return {f"net:{key}": value.detach().cpu().numpy() for key, value in self.net.state_dict().items()}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.net = self._build().to(self.device)
        weights = {key[4:]: torch.from_numpy(np.array(part)) for key, part in arrays.items() if key.startswith("net:")}
        try:
            self.net.load_state_dict(weights)
        except RuntimeError:
            raise BadModelFolder(f"{self.name()}: the weights do not fit the settings; train again") from None
        self.net.eval()


def _described(outcome: Outcome) -> dict[str, object]:
    return {"epochs": outcome.best_epoch, "metric": outcome.best, "cpu_seconds": round(outcome.seconds, 1)}
