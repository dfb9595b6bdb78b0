"""A product of person and item beside a deep net over both: the neural form of a factorisation, over ids alone.

When to use it: as a plain deep baseline; where circumstances and attributes count `dcnv2` is stronger, where order counts
`sasrec`. A person's vector is their own plus the mean of those of their newest choices, so fresh events count at once and a
stranger is answered by what they chose. Cost, for d numbers an id: a pass takes ``2 (1 + n_negatives) M`` multiply-adds an
event, thrice for learning, with M those of the deep net; a query M for every item; memory is 2 d numbers a person and 4 d an
item. Source: He, Liao, Zhang, Nie, Hu and Chua, "Neural Collaborative Filtering", WWW 2017, equations 8-12 (NeuMF, trained
from scratch), with the loss of equation 7. Ours: the newest choices, ids hidden in training, averaged weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from penchant.config import setting
from penchant.data.catalogue import Catalogue, People
from penchant.models.meeting import MeetingModel
from penchant.models.meeting_fields import Moments
from penchant.models.meeting_net import MeetingConfig, MeetingNet
from penchant.nn.fields import CategoryField
from penchant.nn.mlp import Mlp

_SCALE = 0.1
"""Standard deviation of the first vectors."""


class NeumfConfig(MeetingConfig):
    """Settings of `neumf`."""

    embedding_dim: int = setting(
        32, "numbers that stand for an id: half for the product, half for the deep net", search=(16, 32, 64, 128),
        ge=2, multiple_of=2,
    )  # fmt: skip
    hidden: tuple[int, ...] = setting((32, 16), "widths of the deep net's layers")
    dropout: float = setting(
        0.0, "share of the deep net's values that is dropped in training", search=(0.0, 0.2, 0.4), ge=0, lt=1
    )


class NeumfNet(MeetingNet):
    """One table of ids for both halves: the first numbers of a row are multiplied, the others go through the deep net."""

    def __init__(self, catalogue: Catalogue, people: People, n_people: int, config: NeumfConfig, last_n: int) -> None:
        super().__init__(catalogue, people, n_people, config, last_n, ids_only=True)
        for table in self.modules():
            if isinstance(table, CategoryField):
                # a product of two small numbers moves neither of them
                nn.init.normal_(table.weight, std=_SCALE)
        half = config.embedding_dim // 2
        self.deep = Mlp(2 * half, config.hidden, config.dropout, batch_norm=False)
        self.out = nn.Linear(half + self.deep.width, 1)

    def moment(self, moments: Moments) -> Tensor:
        """See `MeetingNet`; [B, 1, D], the person and what they chose."""
        fields = super().moment(moments)
        # fields are person, newest choice and mean of the choices: order is not this model's affair
        return fields[:, :1] + fields[:, 2:] if self.moments.last_n else fields

    def join(self, moment_BFD: Tensor, item_BGD: Tensor) -> Tensor:
        """See `MeetingNet`."""
        person_product, person_deep = moment_BFD[:, 0].chunk(2, dim=1)
        item_product, item_deep = item_BGD[:, 0].chunk(2, dim=1)
        deep = self.deep(torch.cat([person_deep, item_deep], dim=1))
        out: Tensor = self.out(torch.cat([person_product * item_product, deep], dim=1)).squeeze(1)
        return out


class Neumf(MeetingModel):
    """Scores float32 [B, n_fit]: log odds, see `MeetingModel`."""

    config: NeumfConfig

    def _build(self) -> NeumfNet:
        return NeumfNet(self.catalogue, self.people, len(self.seen_people), self.config, self.last_n)
