"""Settings and nets of context-aware rankers: the fields of both sides, and what a subclass makes of them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn

from penchant.config import Between, setting
from penchant.data.arrays import Int64
from penchant.data.catalogue import Catalogue, People
from penchant.data.features import FeatureTable
from penchant.models.meeting_fields import ItemFields, MomentFields, Moments
from penchant.models.neural import NeuralConfig


class MeetingConfig(NeuralConfig):
    """Settings of every context-aware ranker."""

    epochs: int = setting(10, "most passes over the log; fewer when validation says so", unit="passes", ge=1)
    batch_size: int = setting(256, "rows of one step", search=Between(128, 8192, log=True), ge=2)
    learning_rate: float = setting(0.008, "greatest step of AdamW", search=Between(3e-4, 3e-2, log=True), gt=0)
    clip: float = setting(10.0, "greatest norm of the gradient; larger ones are scaled down", gt=0)
    averaging: float = setting(
        0.98, "decay of the running average of the weights that answers, per step; 0: the last weights answer", ge=0, lt=1
    )  # fmt: skip
    patience: int = setting(
        3, "passes without a better validation metric after which training ends", unit="passes", ge=1
    )
    learns: Literal["auto", "choices", "labels", "values"] = setting(
        "auto", "what is foretold: a choice against drawn items, a label 0 or 1, or a value; auto: as the log says"
    )
    embedding_dim: int = setting(10, "numbers that stand for a field", search=(8, 10, 16, 32), ge=1)
    embedding_reg: float = setting(
        0.001, "penalty on all squared numbers of the tables of ids and categories, halved", search=Between(1e-4, 1, log=True),
        ge=0,
    )  # fmt: skip
    id_dropout: float = setting(
        0.1, "share of the ids of people and items that is hidden in training, so that strangers and new items have a vector",
        ge=0, lt=1,
    )  # fmt: skip
    last_n: int = setting(
        20, "newest choices that are read: the last one and the mean of all; not in labelled rows without times", unit="events",
        search=(0, 5, 20, 50), ge=0,
    )  # fmt: skip
    n_negatives: int = setting(4, "drawn items that each choice is told apart from", search=(2, 4, 8, 16), ge=1)
    negative_power: float = setting(
        0.5, "negatives are drawn in proportion to counts to this power", search=Between(0, 1), ge=0, le=1
    )
    spare_choices: bool = setting(
        False, "no drawn item is one that the person chose in the log, earlier or later; for logs without repeats"
    )


class MeetingNet(nn.Module):
    """Fields of both sides; a subclass joins them.

    Args:
        catalogue, people: of the training log; a served model knows nobody of them.
        n_people: how many had a number then.
        config: sizes and choices.
        last_n: newest choices that are read.
        ids_only: whether nothing but ids is read.

    Attributes:
        origin, unit: mean and standard deviation of the values that are learned; 0 and 1 for labels and choices.
    """

    origin: Tensor
    unit: Tensor

    def __init__(
        self,
        catalogue: Catalogue,
        people: People,
        n_people: int,
        config: MeetingConfig,
        last_n: int,
        *,
        ids_only: bool = False,
    ) -> None:
        super().__init__()
        self.moments = MomentFields(catalogue, people, n_people, last_n, config.embedding_dim, ids_only=ids_only)
        self.items = ItemFields(catalogue, config.embedding_dim, ids_only=ids_only)
        self.register_buffer("origin", torch.zeros(()))
        self.register_buffer("unit", torch.ones(()))

    def moment(self, moments: Moments) -> Tensor:
        """What the net reads of each moment, [B, F, D]."""
        read: Tensor = self.moments(moments)
        return read

    def item(self, item: Int64, attributes: FeatureTable) -> Tensor:
        """What the net reads of each item, [I, G, D]."""
        read: Tensor = self.items(item, attributes)
        return read

    @abstractmethod
    def join(self, moment_BFD: Tensor, item_BGD: Tensor) -> Tensor:
        """What comes of each meeting, [B]: a log odds, or a value in units from the origin."""
