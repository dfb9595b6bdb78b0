"""Items as vectors, with the one row that stands for padding."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class ItemEmbedding(nn.Module):
    """A vector for each item, and a last row of zeros for padding: number `n_items` is no item.

    Args:
        n_items: I.
        dim: D.
        scale: standard deviation of the first values; small ones let frequent items find their place first.
        sparse: whether gradients hold only the rows that were looked up, for catalogues too large for dense ones.
    """

    def __init__(self, n_items: int, dim: int, *, scale: float = 0.02, sparse: bool = False) -> None:
        super().__init__()
        self.n_items, self.sparse = n_items, sparse
        first = torch.randn(n_items + 1, dim) * scale
        first[n_items] = 0
        self.weight = nn.Parameter(first)

    def forward(self, item: Tensor) -> Tensor:
        """Vectors float32 [..., D] of item numbers int64 [...]; padding is all zeros and learns nothing."""
        return functional.embedding(item, self.weight, padding_idx=self.n_items, sparse=self.sparse)

    @property
    def items(self) -> Tensor:
        """The vectors of the items alone, float32 [I, D]."""
        return self.weight[: self.n_items]
