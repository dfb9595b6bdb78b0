"""Plain layers one after the other: linear, norm over the batch, ReLU, dropout."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from penchant.nn.dropout import Dropout


class Mlp(nn.Module):
    """So many hidden layers; the last is one of them, without a map behind it.

    Args:
        width: length of the input.
        hidden: widths of the layers.
        dropout: share of the values of each layer that is dropped in training.
        batch_norm: whether each layer is normed over the rows of a batch before its ReLU (Ioffe & Szegedy 2015).
        out: width of a linear map behind the last layer; None leaves it out.
    """

    def __init__(
        self,
        width: int,
        hidden: Sequence[int],
        dropout: float = 0.0,
        *,
        batch_norm: bool = True,
        out: int | None = None,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for size in hidden:
            layers.append(_started(nn.Linear(width, size)))
            layers += [nn.BatchNorm1d(size)] if batch_norm else []
            layers += [nn.ReLU(), Dropout(dropout)]
            width = size
        if out is not None:
            layers.append(_started(nn.Linear(width, out)))
            width = out
        self.width = width
        self.layers = nn.Sequential(*layers)

    def forward(self, x_BW: Tensor) -> Tensor:
        """[B, width] -> [B, self.width]; in training with a norm over the batch, B must be 2 or more."""
        out: Tensor = self.layers(x_BW)
        return out


def _started(layer: nn.Linear) -> nn.Linear:
    nn.init.xavier_normal_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
