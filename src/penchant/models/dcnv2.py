"""Crosses of fields, learned layer by layer, beside or below a deep net.

When to use it: where circumstances and attributes decide together with person and item, as a ranker of candidates or of rows
with labels (`ctr`). Cost, for F fields of d numbers (W = F d), L cross layers and M multiply-adds of the deep net: a row takes
``L W^2 + M`` multiply-adds, thrice that in training (``2 L W rank`` for low-rank layers); a query takes that for every item of
the catalogue; memory is d numbers a person, item and category. Source: Wang, Shivanna, Cheng et al., "DCN V2: Improved Deep &
Cross Network", WWW 2021, equations 1-3 and figure 1 (stacked and parallel). Ours: the newest choices as fields, ids hidden in
training, averaged weights.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from penchant.config import setting
from penchant.data.catalogue import Catalogue, People
from penchant.models.meeting import MeetingModel
from penchant.models.meeting_net import MeetingConfig, MeetingNet
from penchant.nn.cross import CrossLayers
from penchant.nn.mlp import Mlp


class Dcnv2Config(MeetingConfig):
    """Settings of `dcnv2`."""

    structure: Literal["parallel", "stacked"] = setting(
        "parallel", "the deep net beside the crosses, or on top of them", search=("parallel", "stacked")
    )
    n_crosses: int = setting(3, "cross layers; the degree of the products is one higher", search=(1, 2, 3, 4), ge=1)
    rank: int | None = setting(None, "rank of the crosses' matrices; none: full", search=(None, 8, 32), ge=1)
    hidden: tuple[int, ...] = setting((64,), "widths of the deep net's layers")
    dropout: float = setting(
        0.2, "share of the deep net's values that is dropped in training", search=(0.0, 0.2, 0.4), ge=0, lt=1
    )


class Dcnv2Net(MeetingNet):
    """Crosses and deep net over all fields in one row."""

    def __init__(self, catalogue: Catalogue, people: People, n_people: int, config: Dcnv2Config, last_n: int) -> None:
        super().__init__(catalogue, people, n_people, config, last_n)
        width = (self.moments.n + self.items.n) * config.embedding_dim
        self.stacked = config.structure == "stacked"
        self.crosses = CrossLayers(width, config.n_crosses, config.rank)
        self.deep = Mlp(width, config.hidden, config.dropout)
        self.out = nn.Linear(self.deep.width if self.stacked else width + self.deep.width, 1)

    def join(self, moment_BFD: Tensor, item_BGD: Tensor) -> Tensor:
        """See `MeetingNet`."""
        x_BW = torch.cat([moment_BFD, item_BGD], dim=1).flatten(1)
        crossed = self.crosses(x_BW)
        last = self.deep(crossed) if self.stacked else torch.cat([crossed, self.deep(x_BW)], dim=1)
        out: Tensor = self.out(last).squeeze(1)
        return out


class Dcnv2(MeetingModel):
    """Scores float32 [B, n_fit]: log odds, see `MeetingModel`."""

    config: Dcnv2Config

    def _build(self) -> Dcnv2Net:
        return Dcnv2Net(self.catalogue, self.people, len(self.seen_people), self.config, self.last_n)
