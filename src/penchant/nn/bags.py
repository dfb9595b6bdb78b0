"""Ragged rows of weighted numbers, such as the words of an item or the items of a person, as one vector each."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor
from torch.nn import functional


class Bags(NamedTuple):
    """B rows, one after the other.

    Attributes:
        number_N: int64 [N], what each row holds.
        weight_N: float32 [N].
        offset_B: int64 [B], the beginning of each row.
    """

    number_N: Tensor
    weight_N: Tensor
    offset_B: Tensor

    @classmethod
    def of(cls, rows: sp.csr_matrix, device: torch.device) -> Self:
        """The rows of a sparse matrix."""
        parts = (rows.indices.astype(np.int64), rows.data.astype(np.float32), rows.indptr[:-1].astype(np.int64))
        return cls(*(torch.from_numpy(part).to(device) for part in parts))

    def summed(self, table: Tensor) -> Tensor:
        """The weighted sum of the rows of `table` that each row names, float32 [B, D]; zeros for an empty row."""
        if not len(self.number_N):
            return table.new_zeros(len(self.offset_B), table.shape[1])
        return functional.embedding_bag(
            self.number_N, table, self.offset_B, per_sample_weights=self.weight_N, mode="sum"
        )
