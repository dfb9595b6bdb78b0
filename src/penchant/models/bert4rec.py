"""Self-attention in both directions, taught to fill gaps: an event is guessed from what came before and after it.

When to use it: where `sasrec` is used, to compare; it needs several times as many passes, because only the hidden events of a
pass are learned from. Cost: a pass takes O(N (L d + d^2 + m I d)) for N events, windows of L events, d numbers an item, I items
and a share m of hidden events; memory and a query as `sasrec`. Sources: Sun et al. 2019, "BERT4Rec: sequential recommendation
with bidirectional encoder representations from transformer", equations 1-8; Petrov & Macdonald 2022, "A systematic review and
replicability study of BERT4Rec for sequential recommendation", on what published runs lack: enough passes. As there, some
windows hide their last event alone, which is the question that is asked later. Ours: norms before the layers, windows cut
anew each pass, averaged weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.config import Between, setting
from penchant.data.arrays import Bool, Int64, ragged_positions
from penchant.data.batch import SequenceBatch
from penchant.data.dataset import Dataset
from penchant.models.judging import Judge
from penchant.models.next_item import STEP, NextItemLearner, SequentialConfig, touches_few
from penchant.models.sequential import SequentialModel
from penchant.nn.blocks import TransformerBlock
from penchant.nn.dropout import Dropout
from penchant.nn.embedding import ItemEmbedding
from penchant.nn.sequence import ItemVectors
from penchant.train.loop import Learner
from penchant.train.run import Run


class Bert4recConfig(SequentialConfig):
    """Settings of `bert4rec`."""

    epochs: int = setting(200, "most passes over the log; fewer when validation says so", unit="passes", ge=1)
    n_layers: int = setting(2, "blocks one above the other", search=(1, 2, 3, 4), ge=1)
    n_heads: int = setting(2, "attention heads; embedding_dim is a multiple of it", search=(1, 2, 4), ge=1)
    inner_factor: float = setting(4.0, "width of each block's network, as a multiple of embedding_dim", gt=0)
    hidden: float = setting(
        0.3, "share of a window's events that is hidden and guessed", search=Between(0.1, 0.7), gt=0, lt=1
    )
    last_alone: float = setting(
        0.1, "share of the windows in which the last event alone is hidden", search=Between(0, 1), ge=0, le=1
    )


class Bert4recNet(ItemVectors):
    """Item and place vectors, one vector for what is hidden, blocks of attention in both directions, a layer that answers.

    Args:
        config: sizes.
        n_items: I.
    """

    def __init__(self, config: Bert4recConfig, n_items: int) -> None:
        super().__init__()
        dim = config.embedding_dim
        self.embedding = ItemEmbedding(n_items, dim, sparse=touches_few(config, n_items))
        self.hidden = nn.Parameter(torch.randn(dim) * 0.02)
        # one place more than events are read: that of the gap behind the newest
        self.place = nn.Embedding(config.max_len + 1, dim)
        nn.init.normal_(self.place.weight, std=0.1)
        self.dropout = Dropout(config.dropout)
        inner = max(1, round(config.inner_factor * dim))
        self.blocks = nn.ModuleList(
            TransformerBlock(dim, config.n_heads, inner, config.dropout) for _ in range(config.n_layers)
        )
        self.norm = nn.LayerNorm(dim)
        self.answer = nn.Linear(dim, dim)
        self.bias = nn.Parameter(torch.zeros(n_items, 1))
        self.scale = dim**0.5

    def forward(self, item_BT: Tensor, hidden_BT: Tensor, length_B: Tensor) -> Tensor:
        """What is guessed at every place, float32 [B, T, D + 1].

        Args:
            item_BT: int64 [B, T], padded on the right with the number of items.
            hidden_BT: bool [B, T], places whose item is not shown.
            length_B: int64 [B], places of each row that are filled.
        """
        x_BTD, mask_B11T = self._read(item_BT, hidden_BT, length_B)
        for block in self.blocks:
            x_BTD = block(x_BTD, mask_B11T)
        return self._guess(x_BTD)

    def newest(self, item_BT: Tensor, hidden_BT: Tensor, length_B: Tensor) -> Tensor:
        """The same at the last filled place of each row, [B, D + 1]; the last block works on that place alone."""
        x_BTD, mask_B11T = self._read(item_BT, hidden_BT, length_B)
        for block in self.blocks[:-1]:
            x_BTD = block(x_BTD, mask_B11T)
        return self._guess(cast(TransformerBlock, self.blocks[-1]).newest(x_BTD, length_B))

    def _read(self, item_BT: Tensor, hidden_BT: Tensor, length_B: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors of the places, and what attention must not see: -inf [B, 1, 1, T] where a row is padded."""
        # places count from the newest: that of the gap which is asked for is then the same in windows of any length
        age_BT = length_B[:, None] - 1 - torch.arange(item_BT.shape[1], device=item_BT.device)
        shown_BTD = self.embedding(item_BT) * self.scale
        x_BTD = torch.where(hidden_BT[..., None], self.hidden * self.scale, shown_BTD) + self.place(age_BT.clamp(min=0))
        mask_BT = torch.where(age_BT >= 0, 0.0, -torch.inf)
        return self.dropout(x_BTD), mask_BT[:, None, None]

    def _guess(self, x: Tensor) -> Tensor:
        """Equation 7; the last number is 1, which meets the bias of each item."""
        h = functional.gelu(self.answer(self.norm(x)))
        return torch.cat([h, torch.ones_like(h[..., :1])], dim=-1)

    @property
    def items(self) -> Tensor:
        """See `ItemVectors`; the bias is the last number of a vector."""
        return torch.cat([self.embedding.items, self.bias], dim=1)

    def rows(self, item: Tensor) -> Tensor:
        """See `ItemVectors`."""
        return torch.cat([self.embedding(item), self.bias[item]], dim=-1)


class GapLearner(NextItemLearner):
    """Learns hidden events from all others of their window."""

    config: Bert4recConfig

    def loss(self, part: tuple[Int64, Int64], rng: np.random.Generator) -> tuple[Tensor, int]:
        """Mean loss over the hidden places of a batch, and their number; a window ends with its last target."""
        low, high = part
        log, rows = self.train.interactions, self.train.sequences.rows
        length = high - low + 1
        here = rows[ragged_positions(low, length)]
        shape = {"step": STEP, "most": self.config.max_len + 1}
        batch = SequenceBatch.of(length, log.item[here], log.at[here], n_items=self.train.n_items, **shape)
        hidden = self.gaps(batch, rng)
        weight_N = None
        if self.worth is not None:
            worth = np.zeros(batch.real.shape, dtype=np.float32)
            worth[batch.real] = self.worth[log.kind[here]]
            hidden &= worth > 0
            weight_N = self._tensor(worth[hidden])
        h_BTD = self.net(self._tensor(batch.item), self._tensor(hidden), self._tensor(length))
        return self._compared(h_BTD[self._tensor(hidden)], self._tensor(batch.item[hidden]), weight_N, rng)

    def gaps(self, batch: SequenceBatch, rng: np.random.Generator) -> Bool:
        """The places to hide, bool [B, T]: some of each row, or its last alone, one at least."""
        hidden = batch.real & (rng.random(batch.real.shape) < self.config.hidden)
        last = np.arange(batch.real.shape[1]) == batch.length[:, None] - 1
        alone = (rng.random(len(last)) < self.config.last_alone) | ~hidden.any(axis=1)
        return np.where(alone[:, None], last, hidden)


class Bert4rec(SequentialModel):
    """Scores are products of what is guessed behind the newest event with the items' vectors, and a bias for each item."""

    config: Bert4recConfig

    def _build(self) -> Bert4recNet:
        return Bert4recNet(self.config, self.n_fit)

    def _learner(self, train: Dataset, judge: Judge | None, run: Run) -> Learner:
        metric: Callable[[], float] | None = None if judge is None else lambda: judge.metric(self._known_scores)
        return GapLearner(cast(Bert4recNet, self.net), train, self.config, run.seed, metric)

    def scores_of(self, net: nn.Module, past: SequenceBatch) -> Tensor:
        """Scores float32 [B, n_fit] of a gap behind the newest event of each past."""
        reader, device = cast(Bert4recNet, net), self.device
        more = np.full((len(past.item), 1), self.n_fit, dtype=np.int64)
        item_BT = torch.from_numpy(np.concatenate([past.item, more], axis=1)).to(device)
        length_B = torch.from_numpy(past.length).to(device)
        hidden_BT = torch.arange(item_BT.shape[1], device=device) == length_B[:, None]
        scores: Tensor = reader.newest(item_BT, hidden_BT, length_B + 1) @ reader.items.t()
        return scores
