"""A tower for items and one for people: ids and attributes in, vectors out that are compared by inner product."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.nn.bags import Bags
from penchant.nn.dropout import Dropout

_WIDENING = 2
_MOST = 8.0
"""Greatest logarithm of what an event counts in a pool."""


class TwoTowerNet(nn.Module):
    """Items: id + terms, then a residual network. People: pools of their items + traits, then a residual network.

    Args:
        n_items: I.
        n_terms, n_traits: different attribute terms of items and of people.
        dim: D.
        n_pools: H.
        dropout: share of the values of each tower's inner layer that is dropped in training.
    """

    known: Tensor

    def __init__(self, n_items: int, n_terms: int, n_traits: int, dim: int, n_pools: int, dropout: float) -> None:
        super().__init__()
        self.ids = nn.Parameter(torch.randn(n_items, dim) * 0.02)
        self.terms = nn.Parameter(torch.randn(n_terms, dim) * 0.02)
        self.traits = nn.Parameter(torch.randn(n_traits, dim) * 0.02)
        # only ids that were learned say anything
        self.register_buffer("known", torch.ones(n_items))
        self.item_network = _Residual(dim, dropout)
        self.attention = nn.Linear(dim, n_pools)
        # pools that keep a half after 1, 3, 9, 27 ... events, to begin with
        self.fading = nn.Parameter(torch.log(torch.tensor(0.5).log().neg() / 3.0 ** torch.arange(n_pools)))
        self.mix = nn.Linear(n_pools * dim, dim)
        self.norm_past, self.norm_out = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.person_network = _Residual(dim, dropout)
        self.scale = dim**0.5

    def raw(self, item_K: Tensor, terms: Bags, kept_K: Tensor) -> Tensor:
        """What goes into both towers for items, float32 [K, D].

        Args:
            item_K: int64 [K]; numbers from I on have no id.
            terms: K rows.
            kept_K: float32 [K], 0 where the id is dropped.
        """
        n_items = len(self.ids)
        inside_K = item_K.clamp(max=n_items - 1)
        kept_K = kept_K * self.known[inside_K] * (item_K < n_items)
        return self.ids[inside_K] * kept_K[:, None] + terms.summed(self.terms)

    def items(self, x_KD: Tensor) -> Tensor:
        """The vectors of items, float32 [K, D]."""
        v_KD: Tensor = self.item_network(x_KD)
        return v_KD

    def people(self, x_KD: Tensor, place_BT: Tensor, real_BT: Tensor, traits: Bags) -> Tensor:
        """The vector of a person after each event, float32 [B, T, D].

        Args:
            x_KD: what `raw` gives for the items of the pasts.
            place_BT: int64 [B, T], rows of x_KD, oldest first; anything where padded.
            real_BT: bool [B, T], events that count.
            traits: B rows.
        """
        x_BTD = x_KD[place_BT.clamp(max=len(x_KD) - 1)] * self.scale
        weight_BTH = self.attention(self.norm_past(x_BTD)).float().clamp(-_MOST, _MOST).exp() * real_BT[:, :, None]
        fade_HTT = self._fades(place_BT.shape[1])
        weighted_BHTD = weight_BTH.transpose(1, 2)[:, :, :, None] * x_BTD[:, None]
        sum_BHTD = fade_HTT @ weighted_BHTD
        total_BHT = (fade_HTT @ weight_BTH.transpose(1, 2)[:, :, :, None]).squeeze(3)
        pool_BHTD = sum_BHTD / total_BHT.clamp(min=1e-9)[:, :, :, None]
        h_BTD = self.mix(pool_BHTD.permute(0, 2, 1, 3).flatten(2)) + traits.summed(self.traits)[:, None] * self.scale
        out: Tensor = self.norm_out(self.person_network(h_BTD))
        return out

    def _fades(self, t: int) -> Tensor:
        """What an event counts at each later place in each pool, float32 [H, T, T]; 0 for what comes later."""
        place_T = torch.arange(t, device=self.ids.device)
        age_TT = place_T[:, None] - place_T[None, :]
        fade_HTT = torch.exp(-self.fading.exp()[:, None, None] * age_TT.clamp(min=0))
        return fade_HTT * (age_TT >= 0)


class _Residual(nn.Module):
    """x + network(norm(x)); the network begins as nothing."""

    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.widen, self.narrow = nn.Linear(dim, _WIDENING * dim), nn.Linear(_WIDENING * dim, dim)
        self.dropout = Dropout(dropout)
        nn.init.zeros_(self.narrow.weight)
        nn.init.zeros_(self.narrow.bias)

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] -> [..., D]."""
        out: Tensor = x + self.narrow(self.dropout(functional.gelu(self.widen(self.norm(x)))))
        return out
