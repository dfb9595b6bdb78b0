"""Fields of a meeting as vectors: category, number, cycle, tags, vector; what is missing has a vector of its own.

Every field has ``forward(values) -> x_BD`` and ``nothing``, the vector of what is missing; it takes sizes, not schemas. Shapes:
B rows, D numbers a field.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

SCALE = 1e-2
"""Standard deviation of first vectors: small, so that what is rare says little until it has learned."""

FARTHEST = 5.0
"""Numbers further than so many standard deviations from the mean count as so far."""


class CategoryField(nn.Module):
    """One vector for each of `n` categories and one for what is missing or was never seen, the last.

    Args:
        n: categories.
        dim: D.
    """

    def __init__(self, n: int, dim: int) -> None:
        super().__init__()
        self.n = n
        self.weight = nn.Parameter(torch.randn(n + 1, dim) * SCALE)

    def forward(self, code: Tensor) -> Tensor:
        """Vectors float32 [..., D] of codes int64 [...]; a code outside 0 .. n - 1 is missing."""
        known = torch.where((code >= 0) & (code < self.n), code, self.n)
        return functional.embedding(known, self.weight)

    @property
    def nothing(self) -> Tensor:
        """The vector of what is missing, float32 [D]."""
        return self.weight[self.n]


class NumberField(nn.Module):
    """A number, measured in standard deviations from the mean, as a point on a line in D dimensions.

    Args:
        dim: D.

    Attributes:
        mean, scale: of the numbers seen in training; see `measure`.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))
        self.line = nn.Linear(1, dim)
        self.missing = nn.Parameter(torch.randn(dim) * SCALE)

    def measure(self, values: Tensor) -> None:
        """Takes mean and standard deviation from the finite ones of the training values, float [N]."""
        known = values[torch.isfinite(values)].double()
        if len(known):
            spread = float(known.std(correction=0))
            self.mean.fill_(float(known.mean()))
            self.scale.fill_(spread if spread > 0 else 1.0)

    def forward(self, value: Tensor) -> Tensor:
        """Vectors float32 [B, D] of numbers float32 [B]; one that is not finite is missing."""
        known = torch.isfinite(value)
        place = torch.where(known, (value - self.mean) / self.scale, 0.0).clamp(-FARTHEST, FARTHEST)
        return torch.where(known[:, None], self.line(place[:, None]), self.missing)

    @property
    def nothing(self) -> Tensor:
        """The vector of what is missing, float32 [D]."""
        return self.missing


class CycleField(nn.Module):
    """A place on a circle, such as the hour of the day: sines and cosines of it and of its multiples.

    Source: the encoding of positions of Vaswani et al. 2017, section 3.5, with whole multiples so that the end meets the start.

    Args:
        period: once around, in the units of the values.
        dim: D.
        harmonics: 1 .. so many turns; more can tell narrower times apart.
    """

    turns: Tensor

    def __init__(self, period: float, dim: int, harmonics: int = 3) -> None:
        super().__init__()
        self.register_buffer("turns", torch.arange(1, harmonics + 1) * (2 * math.pi / period), persistent=False)
        self.circle = nn.Linear(2 * harmonics, dim)
        self.missing = nn.Parameter(torch.randn(dim) * SCALE)

    def forward(self, value: Tensor) -> Tensor:
        """Vectors float32 [B, D] of places float32 [B]; one that is not finite is missing."""
        known = torch.isfinite(value)
        angle_BH = torch.where(known, value, 0.0)[:, None] * self.turns
        waves = torch.cat([angle_BH.sin(), angle_BH.cos()], dim=1)
        return torch.where(known[:, None], self.circle(waves), self.missing)

    @property
    def nothing(self) -> Tensor:
        """The vector of what is missing, float32 [D]."""
        return self.missing


class TagsField(nn.Module):
    """The mean of the vectors of a row's tags; a row without one has a vector of its own, the last.

    Args:
        n: tags.
        dim: D.
    """

    def __init__(self, n: int, dim: int) -> None:
        super().__init__()
        self.n = n
        self.weight = nn.Parameter(torch.randn(n + 1, dim) * SCALE)

    def forward(self, code: Tensor, offsets: Tensor) -> Tensor:
        """Vectors float32 [B, D]; row b has the tags ``code[offsets[b]:offsets[b + 1]]``, int64, those beyond n - 1 unknown."""
        known = code < self.n
        owner = torch.repeat_interleave(offsets.diff())[known]
        total = torch.zeros(len(offsets) - 1, self.weight.shape[1], dtype=self.weight.dtype, device=code.device)
        total = total.index_add(0, owner, functional.embedding(code[known], self.weight))
        count = torch.bincount(owner, minlength=len(offsets) - 1)[:, None]
        return torch.where(count > 0, total / count.clamp(min=1), self.weight[self.n])

    @property
    def nothing(self) -> Tensor:
        """The vector of what is missing, float32 [D]."""
        return self.weight[self.n]


class VectorField(nn.Module):
    """A given vector, scaled to length 1, mapped to D dimensions.

    Args:
        width: length of the given vectors.
        dim: D.
    """

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        self.map = nn.Linear(width, dim)
        self.missing = nn.Parameter(torch.randn(dim) * SCALE)

    def forward(self, value_BW: Tensor) -> Tensor:
        """Vectors float32 [B, D] of given ones float32 [B, W]; a row with a number that is not finite is missing."""
        known = torch.isfinite(value_BW).all(1, keepdim=True)
        unit = functional.normalize(torch.where(known, value_BW, 0.0), dim=1)
        return torch.where(known, self.map(unit), self.missing)

    @property
    def nothing(self) -> Tensor:
        """The vector of what is missing, float32 [D]."""
        return self.missing
