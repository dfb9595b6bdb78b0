"""AdamW with clipping, rows of large tables updated only where they were looked up, and a running average of the weights.

The arithmetic is torch's own; its optimiser classes are not taken, because their first step imports a compiler (two seconds and
200 MB). What is kept here is the state, as tensors with names that a checkpoint can hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim._functional import sparse_adam
from torch.optim.adamw import adamw

from penchant.train.settings import TrainingConfig

BETA1, BETA2, EPSILON = 0.9, 0.98, 1e-8
"""Kang & McAuley 2018, section 4.4: the second moment follows faster than Adam's usual .999."""


@dataclass
class _Group:
    """Weights that are moved in the same way, with their moments."""

    decay: float
    names: list[str] = field(default_factory=list)
    weights: list[Tensor] = field(default_factory=list)
    first: list[Tensor] = field(default_factory=list)
    second: list[Tensor] = field(default_factory=list)
    steps: list[Tensor] = field(default_factory=list)

    def add(self, name: str, weight: Tensor) -> None:
        self.names.append(name)
        self.weights.append(weight)
        self.first.append(torch.zeros_like(weight, requires_grad=False))
        self.second.append(torch.zeros_like(weight, requires_grad=False))
        self.steps.append(torch.zeros((), dtype=torch.float32, device=weight.device))


class Optimiser:
    """One step of learning after the other for a net.

    Source: Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2; rows of sparse tables as in lazy
    Adam.

    Attributes:
        average: the weights that answer.
    """

    def __init__(self, net: nn.Module, settings: TrainingConfig) -> None:
        sparse = [module for module in net.modules() if getattr(module, "sparse", False)]
        lazy = {id(weight) for module in sparse for weight in module.parameters(recurse=False)}
        self.clip = settings.clip
        self.decayed, self.free, self.lazy = _Group(settings.weight_decay), _Group(0.0), _Group(0.0)
        for name, weight in net.named_parameters():
            group = self.lazy if id(weight) in lazy else self.decayed if weight.ndim > 1 else self.free
            group.add(name, weight)
        self.dense = [*self.decayed.weights, *self.free.weights]
        named = dict(zip([*self.decayed.names, *self.free.names], self.dense, strict=True))
        self.average = Average({**named, **_norms_of_batches(net)}, settings.averaging)

    def step(self, rate: float) -> float:
        """Moves the weights by their gradients and forgets these; the norm of the dense gradients before they were clipped."""
        norm = torch.nn.utils.clip_grad_norm_(self.dense, self.clip)
        with torch.no_grad():
            for group in (self.decayed, self.free):
                _move(group, rate)
            _move_rows(self.lazy, rate)
        self.average.update()
        return float(norm)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What `restore` takes back: tensors (not copied) and plain numbers, by name."""
        found: dict[str, Tensor] = {}
        for group in (self.decayed, self.free, self.lazy):
            for name, first, second, steps in zip(group.names, group.first, group.second, group.steps, strict=True):
                found |= {f"first:{name}": first, f"second:{name}": second, f"steps:{name}": steps}
        found |= {f"average:{name}": value for name, value in self.average.values.items()}
        return found, {"averaged": self.average.steps}

    def restore(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
        """Takes back what `state` returned, for a net of the same shape."""
        with torch.no_grad():
            for name, mine in self.state()[0].items():
                mine.copy_(tensors[name])
        self.average.steps = numbers["averaged"]


def _norms_of_batches(net: nn.Module) -> dict[str, Tensor]:
    """Means and variances that batch norms answer by: averaged weights need those of averaged weights, or nearly so."""
    norms = {name: module for name, module in net.named_modules() if isinstance(module, nn.BatchNorm1d)}
    parts = {
        f"{name}.{part}": getattr(norm, part)
        for name, norm in norms.items()
        for part in ("running_mean", "running_var")
    }
    return {name: part for name, part in parts.items() if part is not None}


def _move(group: _Group, rate: float) -> None:
    found = {i: weight.grad for i, weight in enumerate(group.weights) if weight.grad is not None}
    if not found:
        return
    used = list(found)
    first, second, steps = ([part[i] for i in used] for part in (group.first, group.second, group.steps))
    adamw(
        [group.weights[i] for i in used], list(found.values()), first, second, [], steps, fused=True, amsgrad=False,
        beta1=BETA1, beta2=BETA2, lr=rate, weight_decay=group.decay, eps=EPSILON, maximize=False,
    )  # fmt: skip
    for weight in group.weights:
        weight.grad = None


def _move_rows(group: _Group, rate: float) -> None:
    for weight, first, second, steps in zip(group.weights, group.first, group.second, group.steps, strict=True):
        if weight.grad is None:
            continue
        steps += 1
        sparse_adam(
            [weight], [weight.grad.coalesce()], [first], [second], [int(steps)], eps=EPSILON, beta1=BETA1, beta2=BETA2,
            lr=rate, maximize=False,
        )  # fmt: skip
        weight.grad = None


class Average:
    """Running average of weights: ``a <- d a + (1 - d) w`` after each step, with a smaller d in the first steps.

    Source: Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging", in its exponential form.

    Attributes:
        values: the averages by name; none when the decay is 0.
        steps: how many steps they have seen.
    """

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.weights = dict(weights) if decay else {}
        self.values = {name: weight.detach().clone() for name, weight in self.weights.items()}

    def update(self) -> None:
        """Takes the weights as they are now in."""
        self.steps += 1
        if self.values:
            decay = min(self.decay, self.steps / (self.steps + 9))
            with torch.no_grad():
                now = [weight.detach() for weight in self.weights.values()]
                torch._foreach_lerp_(list(self.values.values()), now, 1 - decay)

    def swap(self) -> None:
        """Exchanges weights and averages: once to answer with the averages, once more to go on learning."""
        for name, value in self.values.items():
            weight = self.weights[name]
            weight.data, value.data = value.data, weight.data
