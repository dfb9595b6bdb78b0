"""Cross-entropy over the whole catalogue, without ever holding the logits of all places.

The logits of a batch, [N, I], are larger than everything else in training, and writing and reading them is what a plain
softmax spends its time on. Here a block of rows is made that stays in the cache; its loss and both gradients are finished
before the next block is made. Memory is O(block + I D) instead of O(N I).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

BLOCK_BYTES = 4_000_000
"""Logits held at once; on the machines measured, blocks of 1 to 4 MB were fastest."""

LEAST_ROWS = 32
"""Rows of a block in any case: fewer make the matrix products slow."""


def catalogue_cross_entropy(h_ND: Tensor, w_ID: Tensor, target_N: Tensor, weight_N: Tensor | None = None) -> Tensor:
    """Mean of ``log sum_i exp(h w_i) - h w_target`` over the rows; a scalar that gradients flow through.

    Under autocast the products are made in its lower precision; sums are always float32.

    Args:
        h_ND: float32 [N, D].
        w_ID: float32 [I, D].
        target_N: int64 [N], 0..I-1.
        weight_N: float32 [N], what each row counts; None: all the same. The mean is over the sum of weights.
    """
    device = h_ND.device.type
    lower = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else torch.float32
    with torch.autocast(device, enabled=False):
        share_N = torch.full_like(h_ND[:, 0], 1.0) if weight_N is None else weight_N
        share_N = share_N / share_N.sum().clamp(min=1e-12)
        loss: Tensor = _CatalogueCrossEntropy.apply(h_ND.float(), w_ID.float(), target_N, share_N, lower)  # type: ignore[no-untyped-call]
        return loss


def rows_of_block(n_items: int, bytes_each: int) -> int:
    """Rows of logits that are made at once."""
    fitting = BLOCK_BYTES // (n_items * bytes_each)
    return max(LEAST_ROWS, fitting // LEAST_ROWS * LEAST_ROWS)


def _rounded_up(h_ND: Tensor, share_N: Tensor, target_N: Tensor) -> tuple[Tensor, Tensor, Tensor, int]:
    """The rows with others of share 0 behind them, so that there are a multiple of `LEAST_ROWS`; and how many these are."""
    more = -len(h_ND) % LEAST_ROWS
    grown = (
        functional.pad(h_ND, (0, 0, 0, more)),
        functional.pad(share_N, (0, more)),
        functional.pad(target_N, (0, more)),
    )
    return *grown, more


def _row_sums(p: Tensor, ones: Tensor) -> Tensor:
    """Sums of rows as float32 [n, 1], as two matrix products: many times faster than a sum that converts every value first.

    A product in bfloat16 adds up in float32 and rounds at the end; the second one brings back what the first rounded away.
    """
    coarse = torch.mm(p, ones)
    if p.dtype == torch.float32:
        return coarse
    return coarse.float() + torch.addmm(coarse, p, ones, beta=-1).float()


class _CatalogueCrossEntropy(torch.autograd.Function):
    """Gradients are made with the loss, block by block, and only scaled in `backward`."""

    @staticmethod
    def forward(ctx: Any, h_ND: Tensor, w_ID: Tensor, target_N: Tensor, share_N: Tensor, lower: torch.dtype) -> Tensor:
        n_items = len(w_ID)
        # rows that count nothing: libraries prepare themselves for each shape they meet, so few shapes are faster
        h_ND, share_N, target_N, more = _rounded_up(h_ND, share_N, target_N)
        n = len(h_ND)
        h_low, w_low = h_ND.to(lower), w_ID.to(lower)
        rows = rows_of_block(n_items, h_low.element_size())
        logits = torch.empty(min(rows, n), n_items, dtype=lower, device=h_ND.device)
        ones = torch.ones(n_items, 1, dtype=lower, device=h_ND.device)
        dh_ND, dw_ID = torch.empty_like(h_ND), torch.zeros_like(w_ID)
        loss = -(share_N * (h_ND * w_ID[target_N]).sum(1)).sum()
        for start in range(0, n, rows):
            part = slice(start, min(start + rows, n))
            h, share = h_low[part], share_N[part, None]
            p = logits[: len(h)]
            torch.mm(h, w_low.t(), out=p)
            most = p.amax(1, keepdim=True)
            p.sub_(most).exp_()
            total = _row_sums(p, ones)
            loss = loss + (share * (total.log() + most)).sum()
            # the softmax is p / total; dividing the [rows, D] sides instead saves a pass over the [rows, I] block
            scale = share / total
            dh_ND[part] = torch.mm(p, w_low) * scale
            dw_ID += torch.mm(p.t(), (h_ND[part] * scale).to(lower))
        dh_ND -= share_N[:, None] * w_ID[target_N]
        dw_ID.index_add_(0, target_N, share_N[:, None] * h_ND, alpha=-1)
        ctx.save_for_backward(dh_ND[: n - more], dw_ID)
        return loss

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, Tensor, None, None, None]:
        dh_ND, dw_ID = ctx.saved_tensors
        return dh_ND * grads[0], dw_ID * grads[0], None, None, None
