"""Self-attention in which an event sees itself and what came before it.

Sources: Vaswani et al. 2017, "Attention is all you need", equation 1; relative position bias as in Raffel et al. 2020 (T5),
section 2.1; time-interval bias as in Zhai et al. 2024 (HSTU), section 3.2, with intervals in logarithmic buckets.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.errors import BadConfig


class CausalAttention(nn.Module):
    """Multi-head attention over [B, T, D]; rows are padded on the right, so causality alone keeps padding out.

    Args:
        dim: D, a multiple of `n_heads`.
        n_heads: H.
        dropout: share of the attention weights that is dropped in training; 0 lets a kernel be used that never writes the
            [B, H, T, T] weights.
    """

    def __init__(self, dim: int, n_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        if dim % n_heads:
            raise BadConfig(f"n_heads: expected a number that divides the {dim} numbers of a state, got {n_heads}")
        self.n_heads, self.dropout = n_heads, dropout
        self.into = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x_BTD: Tensor, bias_BHTT: Tensor | None = None) -> Tensor:
        """[B, T, D] -> [B, T, D]; `bias_BHTT` is added to the logits of the attention and must hide the future itself."""
        b, t, d = x_BTD.shape
        q, k, v = self.into(x_BTD).view(b, t, 3, self.n_heads, d // self.n_heads).permute(2, 0, 3, 1, 4)
        # on a processor the kernel's backward pass is twice as fast in float32 as in bfloat16
        q, k, v = q.float(), k.float(), v.float()
        with torch.autocast(x_BTD.device.type, enabled=False):
            y_BHTK = functional.scaled_dot_product_attention(
                q,
                k,
                v,
                attn_mask=bias_BHTT,
                dropout_p=self.dropout if self.training else 0.0,
                is_causal=bias_BHTT is None,
            )
        out: Tensor = self.out(y_BHTK.transpose(1, 2).reshape(b, t, d))
        return out

    def newest(self, x_BTD: Tensor, length_B: Tensor, bias_BHTT: Tensor | None = None) -> Tensor:
        """What `forward` gives at the last place of each row, [B, D], for a fraction of its cost."""
        b, t, d = x_BTD.shape
        row_B, last_B = torch.arange(b, device=x_BTD.device), length_B - 1
        weight, offset = self.into.weight, self.into.bias
        q = functional.linear(x_BTD[row_B, last_B], weight[:d], offset[:d]).view(b, 1, self.n_heads, -1).transpose(1, 2)
        kv = functional.linear(x_BTD, weight[d:], offset[d:]).view(b, t, 2, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        real_BT = torch.arange(t, device=x_BTD.device) < length_B[:, None]
        mask = torch.where(real_BT, 0.0, -torch.inf)[:, None, None]
        if bias_BHTT is not None:
            mask = mask + bias_BHTT[row_B, :, last_B][:, :, None]
        y_BH1K = functional.scaled_dot_product_attention(q.contiguous(), kv[0], kv[1], attn_mask=mask)
        out: Tensor = self.out(y_BH1K.transpose(1, 2).reshape(b, d))
        return out


class RelativeBias(nn.Module):
    """What an earlier event gains or loses in attention by how many events, and how much time, lie between.

    Args:
        n_heads: H.
        max_len: distances in events from 0 to ``max_len - 1`` have a value each.
        time: whether intervals of time count too.
    """

    N_BUCKETS = 64
    PER_OCTAVE = 2.0
    """Buckets for each doubling of the interval: 64 buckets reach from a second to 2^31 seconds."""

    def __init__(self, n_heads: int, max_len: int, *, time: bool) -> None:
        super().__init__()
        self.by_distance = nn.Parameter(torch.zeros(n_heads, max_len))
        self.by_interval = nn.Parameter(torch.zeros(n_heads, self.N_BUCKETS)) if time else None

    def forward(self, seconds_BT: Tensor) -> Tensor:
        """Times float64 or int64 [B, T] in seconds, oldest first -> bias float32 [B, H, T, T], -inf for the future."""
        b, t = seconds_BT.shape
        place = torch.arange(t, device=seconds_BT.device)
        distance_TT = place[:, None] - place[None, :]
        bias = self.by_distance[:, distance_TT.clamp(min=0)][None]
        if self.by_interval is not None:
            interval = (seconds_BT[:, :, None] - seconds_BT[:, None, :]).clamp(min=0)
            bias = bias + self.by_interval[:, self.buckets(interval)].transpose(0, 1)
        future = torch.where(distance_TT < 0, -torch.inf, 0.0).to(bias.dtype)
        return (bias + future).expand(b, -1, -1, -1)

    @classmethod
    def buckets(cls, seconds: Tensor) -> Tensor:
        """Bucket numbers int64 of intervals in seconds >= 0: 0 for the same instant, then `PER_OCTAVE` for each doubling."""
        number = (torch.log2(seconds.to(torch.float32) + 1) * cls.PER_OCTAVE).ceil().to(torch.int64)
        return number.clamp(max=cls.N_BUCKETS - 1)
