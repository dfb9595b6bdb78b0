"""AdamW with clipping, rows of large tables updated only where they were looked up, and a running average of the weights."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from penchant.train.settings import TrainingConfig

BETAS = (0.9, 0.98)
"""Kang & McAuley 2018, section 4.4: the second moment follows faster than Adam's usual .999."""


class Optimiser:
    """One step of learning for a net.

    Attributes:
        average: the weights that answer.
    """

    def __init__(self, net: nn.Module, settings: TrainingConfig) -> None:
        sparse = [
            p for module in net.modules() if getattr(module, "sparse", False) for p in module.parameters(recurse=False)
        ]
        lazy = {id(p) for p in sparse}
        dense = [p for p in net.parameters() if id(p) not in lazy]
        decayed, free = [p for p in dense if p.ndim > 1], [p for p in dense if p.ndim < 2]
        rate = settings.learning_rate
        groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": free, "weight_decay": 0.0}]
        self.dense, self.clip = dense, settings.clip
        self.parts: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=rate, betas=BETAS, fused=True)]
        if sparse:
            self.parts.append(torch.optim.SparseAdam(sparse, lr=rate, betas=BETAS))
        self.average = Average(dense, settings.averaging)

    def step(self, rate: float) -> float:
        """Moves the weights by their gradients and forgets these; the norm of the gradient before it was clipped."""
        norm = float(torch.nn.utils.clip_grad_norm_(self.dense, self.clip))
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate
            part.step()
            part.zero_grad(set_to_none=True)
        self.average.update()
        return norm


class Average:
    """Running average of weights: ``a <- d a + (1 - d) w`` after each step, with a smaller d in the first steps.

    Source: Izmailov et al. 2018, "Averaging weights leads to wider optima", in the exponential form of Polyak averaging.
    """

    def __init__(self, weights: Iterable[Tensor], decay: float) -> None:
        self.weights, self.decay = list(weights), decay
        self.values = [w.detach().clone() for w in self.weights] if decay else []
        self.steps = 0

    def update(self) -> None:
        """Takes the weights as they are now in."""
        self.steps += 1
        if self.values:
            decay = min(self.decay, self.steps / (self.steps + 9))
            with torch.no_grad():
                torch._foreach_lerp_(self.values, [w.detach() for w in self.weights], 1 - decay)

    def swap(self) -> None:
        """Exchanges weights and averages: once to answer with the averages, once more to go on learning."""
        with torch.no_grad():
            for weight, value in zip(self.weights, self.values, strict=False):
                weight.data, value.data = value.data, weight.data
