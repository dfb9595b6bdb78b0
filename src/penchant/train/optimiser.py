"""AdamW with clipping, rows of large tables updated only where they were looked up, and a running average of the weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

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
        self.average = Average([*dense, *_norms_of_batches(net)], settings.averaging)

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

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What `restore` takes back: tensors (not copied) and plain numbers, by name."""
        tensors = {f"average:{i}": value for i, value in enumerate(self.average.values)}
        numbers: dict[str, Any] = {"average:steps": self.average.steps}
        for i, part in enumerate(self.parts):
            for weight, state in part.state_dict()["state"].items():
                for key, value in state.items():
                    (tensors if isinstance(value, Tensor) else numbers)[f"moment:{i}:{weight}:{key}"] = value
        return tensors, numbers

    def restore(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
        """Takes back what `state` returned, for a net of the same shape."""
        self.average.steps = numbers["average:steps"]
        for i, value in enumerate(self.average.values):
            value.copy_(tensors[f"average:{i}"])
        for i, part in enumerate(self.parts):
            states: dict[int, dict[str, Any]] = {}
            for name, value in {**tensors, **numbers}.items():
                kind, *place = name.split(":", 3)
                if kind == "moment" and int(place[0]) == i:
                    states.setdefault(int(place[1]), {})[place[2]] = value
            part.load_state_dict({"state": states, "param_groups": part.state_dict()["param_groups"]})


def _norms_of_batches(net: nn.Module) -> list[Tensor]:
    """Means and variances that batch norms answer by: averaged weights need those of averaged weights, or nearly so."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm1d)]
    return [part for norm in norms for part in (norm.running_mean, norm.running_var) if part is not None]


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
