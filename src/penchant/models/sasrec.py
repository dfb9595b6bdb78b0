"""Self-attention over what a person did, in order: the transformer of this field.

When to use it: logs in which order tells (films, music, sessions) with some ten thousand events or more. Cost: a pass takes
O(N (L d + d^2 + I d)) for N events, windows of L events, d numbers an item and I items; memory O(B L d + I d), B sequences
a batch. A query takes O(L^2 d + I d). Sources: Kang & McAuley 2018, "Self-attentive sequential recommendation", equations
1-5; full cross-entropy instead of one negative after Klenitskiy & Vasilev 2023, "Turning dross into gold loss"; gbce:
Petrov & Macdonald 2023. Ours: norms before the layers, windows cut anew each pass, averaged weights.
"""

from __future__ import annotations

from typing import Literal, cast

import torch
from torch import Tensor, nn

from penchant.config import setting
from penchant.data.arrays import Float32, Int64
from penchant.data.dataset import Dataset
from penchant.models.next_item import SequentialConfig, touches_few
from penchant.models.sequential import SequentialModel
from penchant.nn.attention import RelativeBias
from penchant.nn.blocks import GatedBlock, TransformerBlock
from penchant.nn.dropout import Dropout
from penchant.nn.embedding import ItemEmbedding
from penchant.nn.one_past import MOST, OnePast
from penchant.nn.sequence import SequenceNet

Block = Literal["plain", "gated"]
Bias = Literal["none", "position", "time"]


class SasrecConfig(SequentialConfig):
    """Settings of `sasrec`."""

    n_layers: int = setting(2, "blocks one above the other", search=(1, 2, 3, 4), ge=1)
    n_heads: int = setting(2, "attention heads; embedding_dim is a multiple of it", search=(1, 2, 4), ge=1)
    inner_factor: float = setting(4.0, "width of each block's network, as a multiple of embedding_dim", gt=0)
    block: Block = setting("plain", "the paper's block, or gated attention and network", search=("plain", "gated"))
    bias: Bias = setting(
        "none",
        "what attention knows of two events beside their items: distance in events (position), and in time (time)",
    )
    attention_dropout: float = setting(0.0, "share of the attention weights that is dropped in training", ge=0, lt=1)


class SasrecNet(SequenceNet):
    """Item and place vectors, blocks of causal attention, a norm.

    Args:
        config: sizes and choices.
        n_items: I.
    """

    def __init__(self, config: SasrecConfig, n_items: int) -> None:
        super().__init__()
        dim = config.embedding_dim
        self.embedding = ItemEmbedding(n_items, dim, sparse=touches_few(config, n_items))
        self.place = nn.Embedding(config.max_len, dim)
        nn.init.normal_(self.place.weight, std=0.1)
        self.dropout = Dropout(config.dropout)
        block = TransformerBlock if config.block == "plain" else GatedBlock
        inner = max(1, round(config.inner_factor * dim))
        self.blocks = nn.ModuleList(
            block(dim, config.n_heads, inner, config.dropout, config.attention_dropout) for _ in range(config.n_layers)
        )
        self.bias = (
            None if config.bias == "none" else RelativeBias(config.n_heads, config.max_len, time=config.bias == "time")
        )
        self.norm = nn.LayerNorm(dim)
        self.scale = dim**0.5
        self._plain = config.block == "plain" and config.bias == "none"
        self._twin: OnePast | None = None

    def forward(self, item_BT: Tensor, seconds_BT: Tensor, length_B: Tensor) -> Tensor:
        """See `SequenceNet`."""
        x_BTD, bias_BHTT = self._read(item_BT), None if self.bias is None else self.bias(seconds_BT)
        for block in self.blocks:
            x_BTD = block(x_BTD, bias_BHTT)
        h_BTD: Tensor = self.norm(x_BTD)
        return h_BTD

    def newest(self, item_BT: Tensor, seconds_BT: Tensor, length_B: Tensor) -> Tensor:
        """See `SequenceNet`; the last block works on the newest place alone."""
        x_BTD, bias_BHTT = self._read(item_BT), None if self.bias is None else self.bias(seconds_BT)
        for block in self.blocks[:-1]:
            x_BTD = block(x_BTD, bias_BHTT)
        last = cast(TransformerBlock | GatedBlock, self.blocks[-1])
        h_BD: Tensor = self.norm(last.newest(x_BTD, length_B, bias_BHTT))
        return h_BD

    def one_past(self, n_events: int) -> OnePast | None:
        """See `SequenceNet`; it is made when first asked for, and again after a change of the weights."""
        if n_events > MOST or not self._has_twin:
            return None
        twin = self._twin
        if twin is None or not twin.is_current():
            blocks = cast(list[TransformerBlock], list(self.blocks))
            twin = self._twin = OnePast(self.embedding.weight, self.place.weight, blocks, self.norm, self.scale)
        return twin

    @property
    def _has_twin(self) -> bool:
        weight = self.embedding.weight
        here = weight.device.type == "cpu" and weight.dtype == torch.float32
        # made under inference mode, a weight does not count its changes
        return self._plain and not self.training and here and not weight.is_inference()

    def _read(self, item_BT: Tensor) -> Tensor:
        place_T = torch.arange(item_BT.shape[1], device=item_BT.device)
        x_BTD: Tensor = self.dropout(self.embedding(item_BT) * self.scale + self.place(place_T))
        return x_BTD

    @property
    def items(self) -> Tensor:
        """The vectors that events are read by are also those that answers are compared with."""
        return self.embedding.items

    def rows(self, item: Tensor) -> Tensor:
        """See `SequenceNet`."""
        rows: Tensor = self.embedding(item)
        return rows

    def rows_of(self, item: Int64) -> Float32:
        """See `SequenceNet`; on a processor the table is read where it is."""
        weight = self.embedding.weight
        if weight.device.type != "cpu":
            return super().rows_of(item)
        rows: Float32 = weight.detach().numpy().take(item, axis=0)
        return rows


class Sasrec(SequentialModel):
    """Scores are products of the newest state with the items' vectors."""

    config: SasrecConfig

    def _build(self) -> SasrecNet:
        return SasrecNet(self.config, self.n_fit)

    def _batch_numbers(self, train: Dataset) -> int:
        """A bias by time differs from window to window: some twelve numbers for each head and pair of places, as measured."""
        pairs = self.config.batch_size * self.config.max_len**2 if self.config.bias == "time" else 0
        return super()._batch_numbers(train) + 12 * self.config.n_heads * pairs
