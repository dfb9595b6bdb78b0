"""Layers in which every input is multiplied with every other: the crosses of DCN-V2, and a fusion of two streams.

Sources: Wang et al. 2021, "DCN V2", equations 1 and 2; Mao et al. 2023, "FinalMLP", equations 9-11.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CrossLayers(nn.Module):
    """``x_{l+1} = x_0 * (W x_l + b) + x_l``, several times: polynomials of the inputs, one degree higher with each layer.

    Args:
        width: W, length of the input.
        n_layers: L.
        rank: each matrix is the product of two thin ones, ``U (V^T x)`` with U, V of W x rank; None: whole matrices. Cost of a
            row: L W^2 multiply-adds, or 2 L W rank.
    """

    def __init__(self, width: int, n_layers: int, rank: int | None = None) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_linear(width, rank) for _ in range(n_layers))

    def forward(self, x_BW: Tensor) -> Tensor:
        """[B, W] -> [B, W]."""
        crossed = x_BW
        for layer in self.layers:
            crossed = torch.addcmul(crossed, x_BW, layer(crossed))
        return crossed


def _linear(width: int, rank: int | None) -> nn.Module:
    if rank is None:
        return _started(nn.Linear(width, width))
    return nn.Sequential(_started(nn.Linear(width, rank, bias=False)), _started(nn.Linear(rank, width)))


def _started(layer: nn.Linear) -> nn.Linear:
    nn.init.xavier_normal_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class BilinearFusion(nn.Module):
    """One number from two streams: a line in each, and their products within each of H heads.

    ``b + w_x . x + w_y . y + sum_h x_h^T W_h y_h``, where head h owns one slice of each stream.

    Args:
        width_x, width_y: lengths of the streams; multiples of `n_heads`.
        n_heads: H; more heads are fewer products.

    Raises:
        ValueError: a length that is no multiple.
    """

    def __init__(self, width_x: int, width_y: int, n_heads: int) -> None:
        super().__init__()
        if width_x % n_heads or width_y % n_heads:
            raise ValueError(f"fusion: expected widths that are multiples of {n_heads}, got {width_x} and {width_y}")
        self.n_heads = n_heads
        self.line_x, self.line_y = _started(nn.Linear(width_x, 1)), _started(nn.Linear(width_y, 1, bias=False))
        self.products = nn.Parameter(torch.empty(n_heads, width_x // n_heads, width_y // n_heads))
        for head in self.products:
            nn.init.xavier_normal_(head)

    def forward(self, x_BX: Tensor, y_BY: Tensor) -> Tensor:
        """[B, X], [B, Y] -> [B]."""
        x_BHX = x_BX.view(len(x_BX), self.n_heads, -1)
        y_BHY = y_BY.view(len(y_BY), self.n_heads, -1)
        crossed = torch.einsum("bhx,hxy->bhy", x_BHX, self.products)
        lines = self.line_x(x_BX) + self.line_y(y_BY)
        out: Tensor = lines.squeeze(1) + (crossed * y_BHY).sum((1, 2))
        return out
