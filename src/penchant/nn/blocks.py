"""Layers of a sequence encoder: attention and a network for each place, with residual paths around both."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.nn.attention import CausalAttention
from penchant.nn.dropout import Dropout


class TransformerBlock(nn.Module):
    """Pre-norm block: x + attention(norm(x)), then x + network(norm(x)).

    Source: Kang & McAuley 2018, "Self-attentive sequential recommendation", section 3.2, with the norms before the layers
    (Xiong et al. 2020), which trains at higher learning rates.

    Args:
        dim: D.
        n_heads: H.
        inner_dim: width of the network between its two linear maps.
        dropout: share of the values of each layer's output that is dropped in training.
        attention_dropout: the same for attention weights.
    """

    def __init__(self, dim: int, n_heads: int, inner_dim: int, dropout: float, attention_dropout: float = 0.0) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(dim)
        self.attention = CausalAttention(dim, n_heads, attention_dropout)
        self.norm_network = nn.LayerNorm(dim)
        self.widen, self.narrow = nn.Linear(dim, inner_dim), nn.Linear(inner_dim, dim)
        self.dropout = Dropout(dropout)

    def forward(self, x_BTD: Tensor, bias_BHTT: Tensor | None = None) -> Tensor:
        """[B, T, D] -> [B, T, D]."""
        x_BTD = x_BTD + self.dropout(self.attention(self.norm_attention(x_BTD), bias_BHTT))
        return self._network(x_BTD)

    def newest(self, x_BTD: Tensor, length_B: Tensor, bias_BHTT: Tensor | None = None) -> Tensor:
        """What `forward` gives at the last place of each row, [B, D]."""
        x_BD = x_BTD[torch.arange(len(x_BTD), device=x_BTD.device), length_B - 1]
        attended = self.attention.newest(self.norm_attention(x_BTD), length_B, bias_BHTT)
        return self._network(x_BD + self.dropout(attended))

    def _network(self, x: Tensor) -> Tensor:
        inner = functional.gelu(self.widen(self.norm_network(x)))
        out: Tensor = x + self.dropout(self.narrow(inner))
        return out


class GatedBlock(nn.Module):
    """Pre-norm block whose attention and network are gated by the place itself.

    Sources: Zhai et al. 2024, "Actions speak louder than words" (HSTU), equations 1-3 for the gate on the attention's output;
    Shazeer 2020, "GLU variants improve transformer", for the gated network.

    Args: as in `TransformerBlock`.
    """

    def __init__(self, dim: int, n_heads: int, inner_dim: int, dropout: float, attention_dropout: float = 0.0) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(dim)
        self.attention = CausalAttention(dim, n_heads, attention_dropout)
        self.gate = nn.Linear(dim, dim)
        self.norm_network = nn.LayerNorm(dim)
        self.widen, self.narrow = nn.Linear(dim, 2 * inner_dim), nn.Linear(inner_dim, dim)
        self.dropout = Dropout(dropout)

    def forward(self, x_BTD: Tensor, bias_BHTT: Tensor | None = None) -> Tensor:
        """[B, T, D] -> [B, T, D]."""
        u_BTD = self.norm_attention(x_BTD)
        x_BTD = x_BTD + self.dropout(functional.silu(self.gate(u_BTD)) * self.attention(u_BTD, bias_BHTT))
        return self._network(x_BTD)

    def newest(self, x_BTD: Tensor, length_B: Tensor, bias_BHTT: Tensor | None = None) -> Tensor:
        """What `forward` gives at the last place of each row, [B, D]."""
        row_B = torch.arange(len(x_BTD), device=x_BTD.device)
        u_BTD = self.norm_attention(x_BTD)
        gate_BD = functional.silu(self.gate(u_BTD[row_B, length_B - 1]))
        attended = self.attention.newest(u_BTD, length_B, bias_BHTT)
        return self._network(x_BTD[row_B, length_B - 1] + self.dropout(gate_BD * attended))

    def _network(self, x: Tensor) -> Tensor:
        gate, value = self.widen(self.norm_network(x)).chunk(2, dim=-1)
        out: Tensor = x + self.dropout(self.narrow(functional.silu(gate) * value))
        return out
