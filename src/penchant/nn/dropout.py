"""Dropout whose draws cost a byte a value instead of a floating-point number."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Sets values to zero at random in training and scales the others, so that the expectation stays.

    Source: Srivastava et al. 2014, "Dropout". torch's own layer draws a uniform number for each value, which was a sixth of a
    training step here; one random byte is enough to decide, so the share is rounded to a multiple of 1/256.

    Args:
        share: part of the values that is dropped, 0 <= share < 1.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.dropped = min(255, round(256 * share))

    def forward(self, x: Tensor) -> Tensor:
        """The same shape; in eval mode `x` itself."""
        if not self.training or not self.dropped:
            return x
        words = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device).random_(-(2**63), None)
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= self.dropped
        return x * (kept.to(x.dtype) * (256 / (256 - self.dropped)))
