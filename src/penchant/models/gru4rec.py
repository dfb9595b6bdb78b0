"""A recurrent net over what a person did, in order: the session model of this field.

When to use it: streams and sessions, where the last few choices say what comes next and histories grow long: a query's cost
does not depend on the square of its length. Cost: a pass takes O(N (d h + h^2 + I h)) for N events, d numbers an item, h
numbers of state and I items, and as many steps one after the other as the longest window has events; memory O(B L h + I d).
Sources: Hidasi et al. 2016, "Session-based recommendations with recurrent neural networks"; Hidasi & Karatzoglou 2018,
"Recurrent neural networks with top-k gains" (BPR-max, equation 11; negatives shared by the batch and drawn by count to a
power); the settings that reproductions miss are named in Hidasi & Czapp 2023, "The effect of third party implementations on
reproducibility": one table for both sides (`tied`), dropout on the looked-up vectors and on the state, a bias for each
item. Ours: full cross-entropy where the catalogue allows it, and windows instead of state that is carried over from one
batch to the next.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from penchant.config import Between, setting
from penchant.models.next_item import SequentialConfig, touches_few
from penchant.models.sequential import SequentialModel
from penchant.nn.dropout import Dropout
from penchant.nn.embedding import ItemEmbedding
from penchant.nn.sequence import SequenceNet


class Gru4recConfig(SequentialConfig):
    """Settings of `gru4rec`."""

    hidden_dim: int = setting(128, "numbers of the state", search=(64, 128, 256), ge=1)
    n_layers: int = setting(1, "recurrent layers one above the other", search=(1, 2), ge=1)
    embedding_dropout: float = setting(
        0.1, "share of the looked-up vectors' values that is dropped in training", search=Between(0, 0.6), ge=0, lt=1
    )
    tied: bool = setting(True, "one table of item vectors for reading and for answering (constrained embedding)")


class Gru4recNet(SequenceNet):
    """Item vectors, a gated recurrent unit, a linear map to the size of the item vectors when these are tied.

    Args:
        config: sizes and choices.
        n_items: I.
    """

    def __init__(self, config: Gru4recConfig, n_items: int) -> None:
        super().__init__()
        sparse = touches_few(config, n_items)
        self.embedding = ItemEmbedding(n_items, config.embedding_dim, sparse=sparse)
        self.embedding_dropout, self.dropout = Dropout(config.embedding_dropout), Dropout(config.dropout)
        self.scale = config.embedding_dim**0.5
        self.recurrent = nn.GRU(config.embedding_dim, config.hidden_dim, config.n_layers, batch_first=True)
        out_dim = config.embedding_dim if config.tied else config.hidden_dim
        self.out = nn.Linear(config.hidden_dim, out_dim) if config.tied else nn.Identity()
        self.answers = self.embedding if config.tied else ItemEmbedding(n_items, out_dim, sparse=sparse)
        self.norm = nn.LayerNorm(out_dim)
        self.bias = nn.Parameter(torch.zeros(n_items, 1))

    def forward(self, item_BT: Tensor, seconds_BT: Tensor, length_B: Tensor) -> Tensor:
        """See `SequenceNet`; the last number of a state is 1, which meets the bias of each item."""
        x_BTD = self.embedding_dropout(self.embedding(item_BT) * self.scale)
        if x_BTD.is_cuda:
            # averaged weights are tensors of their own; the GPU's kernel wants all of a layer in one piece
            self.recurrent.flatten_parameters()
        with torch.autocast(x_BTD.device.type, enabled=False):
            h_BTH, _ = self.recurrent(x_BTD.float())
        y_BTD = self.norm(self.out(self.dropout(h_BTH)))
        return torch.cat([y_BTD, torch.ones_like(y_BTD[..., :1])], dim=-1)

    @property
    def items(self) -> Tensor:
        """See `SequenceNet`; the bias is the last number of a vector."""
        return torch.cat([self.answers.items, self.bias], dim=1)

    def scores(self, h_BD: Tensor) -> Tensor:
        """See `SequenceNet`."""
        return torch.addmm(self.bias.t(), h_BD[:, :-1], self.answers.items.t())

    @property
    def width(self) -> int:
        """See `SequenceNet`."""
        return self.answers.weight.shape[1] + 1

    def rows(self, item: Tensor) -> Tensor:
        """See `SequenceNet`."""
        return torch.cat([self.answers(item), self.bias[item]], dim=-1)


class Gru4rec(SequentialModel):
    """Scores are products of the newest state with the items' vectors, and a bias for each item."""

    config: Gru4recConfig

    def _build(self) -> Gru4recNet:
        return Gru4recNet(self.config, self.n_fit)
