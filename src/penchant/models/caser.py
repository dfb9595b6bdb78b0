"""Convolutions over the last few choices, seen as a picture of events by numbers.

When to use it: short memory with patterns that skip an event, such as one song, any other, then the same album again. Cost:
a pass takes O(N (L d (h + v) + I d)) for N events, windows of L events, h filters of each height and v vertical ones, d
numbers an item and I items; a query O(L d (h + v) + I d). Source: Tang & Wang 2018, "Personalized top-n sequential
recommendation via convolutional sequence embedding", equations 3-9. Ours: every place of a window of the log is learned
from in one pass (the paper makes a sample of each), full cross-entropy instead of sampled negatives, and instead of a
vector for each known person the mean of all the person's items up to that place, so that live histories and strangers are
answered.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.config import setting
from penchant.models.next_item import SequentialConfig, touches_few
from penchant.models.sequential import SequentialModel
from penchant.nn.dropout import Dropout
from penchant.nn.embedding import ItemEmbedding
from penchant.nn.sequence import SequenceNet


class CaserConfig(SequentialConfig):
    """Settings of `caser`."""

    reach: int = setting(5, "newest events that the filters see", unit="events", search=(3, 5, 8), ge=1)
    n_filters: int = setting(16, "horizontal filters of each height", search=(4, 16, 32), ge=1)
    n_vertical: int = setting(4, "vertical filters", search=(2, 4, 8), ge=1)


class CaserNet(SequenceNet):
    """Filters over the last `reach` events of every place, a layer that joins them, and the mean of the past beside it.

    Args:
        config: sizes.
        n_items: I.
    """

    def __init__(self, config: CaserConfig, n_items: int) -> None:
        super().__init__()
        dim, self.reach = config.embedding_dim, config.reach
        self.embedding = ItemEmbedding(n_items, dim, sparse=touches_few(config, n_items))
        self.scale = dim**0.5
        # a filter of height r over all D numbers is a causal convolution along time with D channels
        self.horizontal = nn.ModuleList(
            nn.Conv1d(dim, config.n_filters, height) for height in range(1, config.reach + 1)
        )
        self.vertical = nn.Linear(config.reach, config.n_vertical, bias=False)
        self.join = nn.Linear(config.n_filters * config.reach + config.n_vertical * dim, dim)
        self.past = nn.Linear(dim, dim, bias=False)
        self.dropout = Dropout(config.dropout)
        self.norm = nn.LayerNorm(dim)
        self.bias = nn.Parameter(torch.zeros(n_items, 1))

    def forward(self, item_BT: Tensor, seconds_BT: Tensor, length_B: Tensor) -> Tensor:
        """See `SequenceNet`; the last number of a state is 1, which meets the bias of each item."""
        x_BTD = self.embedding(item_BT) * self.scale
        count_T1 = torch.arange(1, item_BT.shape[1] + 1, device=item_BT.device)[:, None]
        mean_BTD = x_BTD.cumsum(1) / count_T1
        padded = functional.pad(x_BTD, (0, 0, self.reach - 1, 0))
        windows_BTDL = padded.unfold(1, self.reach, 1)
        parts = [self._strongest(padded.transpose(1, 2)), self.vertical(windows_BTDL).flatten(2)]
        z_BTD = functional.relu(self.join(self.dropout(torch.cat(parts, dim=-1))))
        y_BTD = self.norm(z_BTD + self.past(mean_BTD))
        return torch.cat([y_BTD, torch.ones_like(y_BTD[..., :1])], dim=-1)

    def _strongest(self, padded_BDT: Tensor) -> Tensor:
        """For every place, what each horizontal filter finds at best inside its window: [B, T, filters]."""
        found = []
        for height, convolution in enumerate(self.horizontal, start=1):
            response_BFT = functional.relu(convolution(padded_BDT))
            found.append(functional.max_pool1d(response_BFT, self.reach - height + 1, stride=1))
        return torch.cat(found, dim=1).transpose(1, 2)

    @property
    def items(self) -> Tensor:
        """See `SequenceNet`; the bias is the last number of a vector."""
        return torch.cat([self.embedding.items, self.bias], dim=1)

    def scores(self, h_BD: Tensor) -> Tensor:
        """See `SequenceNet`."""
        return torch.addmm(self.bias.t(), h_BD[:, :-1], self.embedding.items.t())

    @property
    def width(self) -> int:
        """See `SequenceNet`."""
        return self.embedding.weight.shape[1] + 1

    def rows(self, item: Tensor) -> Tensor:
        """See `SequenceNet`."""
        return torch.cat([self.embedding(item), self.bias[item]], dim=-1)


class Caser(SequentialModel):
    """Scores are products of the newest state with the items' vectors, and a bias for each item."""

    config: CaserConfig

    def _build(self) -> CaserNet:
        return CaserNet(self.config, self.n_fit)
