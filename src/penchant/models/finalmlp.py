"""Two streams over the same fields, each seeing them through a gate of its own, fused by products.

When to use it: as `dcnv2`; as strong with smaller nets where person and item decide which circumstances matter. Cost: the two
streams' multiply-adds and the gates' for each row, thrice that in training; a query takes that for every item of the catalogue;
memory is 2 d numbers a person and item, d a category. Source: Mao, Zhu, Su, Cai, Li and Dong, "FinalMLP: An Enhanced Two-Stream
MLP Model for CTR Prediction", AAAI 2023, equations 6-11; the gates see the person (first stream) and the item (second), with
tables of their own, as the authors set it for Frappe. Ours: the newest choices as fields, ids hidden in training, averaged
weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from penchant.config import setting
from penchant.data.arrays import Int64
from penchant.data.catalogue import Catalogue, People
from penchant.data.features import FeatureTable
from penchant.errors import BadConfig
from penchant.models.meeting import MeetingModel
from penchant.models.meeting_fields import Moments
from penchant.models.meeting_net import MeetingConfig, MeetingNet
from penchant.nn.cross import BilinearFusion
from penchant.nn.fields import CategoryField
from penchant.nn.mlp import Mlp


class FinalmlpConfig(MeetingConfig):
    """Settings of `finalmlp`."""

    first: tuple[int, ...] = setting((64,), "widths of the first stream's layers; the person gates its fields")
    second: tuple[int, ...] = setting((32,), "widths of the second stream's layers; the item gates its fields")
    gate: tuple[int, ...] = setting((32,), "widths of the layers of each gate; empty: a linear map")
    n_heads: int = setting(4, "slices of both streams that are multiplied with each other", search=(1, 2, 4, 8), ge=1)
    dropout: float = setting(
        0.4, "share of the streams' values that is dropped in training", search=(0.0, 0.2, 0.4), ge=0, lt=1
    )


class FinalmlpNet(MeetingNet):
    """Both streams; what a gate reads travels as the first field of its side."""

    def __init__(
        self, catalogue: Catalogue, people: People, n_people: int, config: FinalmlpConfig, last_n: int
    ) -> None:
        super().__init__(catalogue, people, n_people, config, last_n)
        dim = config.embedding_dim
        width = (self.moments.n + self.items.n) * dim
        self.person = CategoryField(n_people, dim)
        self.thing = CategoryField(len(catalogue.items), dim)
        self.gates = nn.ModuleList(Mlp(dim, config.gate, batch_norm=False, out=width) for _ in range(2))
        self.first = Mlp(width, config.first, config.dropout)
        self.second = Mlp(width, config.second, config.dropout)
        self.fusion = BilinearFusion(self.first.width, self.second.width, config.n_heads)

    def moment(self, moments: Moments) -> Tensor:
        """See `MeetingNet`; [B, 1 + F, D]."""
        person = torch.from_numpy(moments.person).to(self.person.weight.device)
        return torch.cat([self.person(person)[:, None], super().moment(moments)], dim=1)

    def item(self, item: Int64, attributes: FeatureTable) -> Tensor:
        """See `MeetingNet`; [I, 1 + G, D]."""
        thing = self.thing(torch.from_numpy(item).to(self.thing.weight.device))
        return torch.cat([thing[:, None], super().item(item, attributes)], dim=1)

    def join(self, moment_BFD: Tensor, item_BGD: Tensor) -> Tensor:
        """See `MeetingNet`."""
        x_BW = torch.cat([moment_BFD[:, 1:], item_BGD[:, 1:]], dim=1).flatten(1)
        first = self.first(2 * x_BW * self.gates[0](moment_BFD[:, 0]).sigmoid())
        second = self.second(2 * x_BW * self.gates[1](item_BGD[:, 0]).sigmoid())
        out: Tensor = self.fusion(first, second)
        return out


class Finalmlp(MeetingModel):
    """Scores float32 [B, n_fit]: log odds, see `MeetingModel`."""

    config: FinalmlpConfig

    def _build(self) -> FinalmlpNet:
        try:
            return FinalmlpNet(self.catalogue, self.people, len(self.seen_people), self.config, self.last_n)
        except ValueError as fault:
            raise BadConfig(f"finalmlp: n_heads: {fault}") from None
