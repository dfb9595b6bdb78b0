"""Base of nets that read a past in order and say what comes next.

An author writes a net with ``forward(item_BT, seconds_BT, length_B) -> h_BTD``: the state after each event, which may depend on that event and
earlier ones only; and ``items``, the vectors w_ID that states are multiplied with. Everything else is here: windows of the log,
batches of similar length, the losses, judging and answering.
"""

from __future__ import annotations

from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from penchant.config import Between, setting
from penchant.data.arrays import Float32
from penchant.data.batch import QueryBatch, SequenceBatch
from penchant.data.dataset import Dataset
from penchant.models.judging import Judge
from penchant.models.neural import NeuralConfig, NeuralModel
from penchant.models.next_item import NextItemLearner
from penchant.nn.sequence import SequenceNet
from penchant.train.loop import Learner
from penchant.train.run import Run

Loss = Literal["auto", "softmax", "sampled", "gbce", "bce"]


class SequentialConfig(NeuralConfig):
    """Settings of every net that reads a past in order."""

    embedding_dim: int = setting(64, "numbers that stand for an item", search=(32, 64, 128, 256), ge=1)
    max_len: int = setting(50, "newest events that are read", unit="events", search=(20, 50, 100, 200), ge=1)
    dropout: float = setting(0.2, "share of the values that is dropped in training", search=Between(0, 0.6), ge=0, lt=1)
    loss: Loss = setting(
        "auto",
        "softmax over the whole catalogue, or over sampled negatives (sampled), or a yes or no for each of them (gbce, bce); "
        "auto: softmax up to 60,000 items, sampled beyond",
    )
    n_negatives: int = setting(1024, "negatives that all places of a batch share", search=(256, 1024, 4096), ge=1)
    negative_power: float = setting(0.5, "negatives are drawn in proportion to counts to this power", ge=0, le=1)
    calibration: float = setting(
        0.75, "gbce: 0 is plain binary cross-entropy, 1 undoes the sampling in full", ge=0, le=1
    )


class SequentialModel(NeuralModel):
    """Scores are products of the newest state with the items' vectors."""

    config: SequentialConfig

    def _learner(self, train: Dataset, judge: Judge | None, run: Run) -> Learner:
        metric = None if judge is None else lambda: judge.metric(self._known_scores)
        return NextItemLearner(cast(SequenceNet, self.net), train, self.config, run.seed, metric)

    def _known_scores(self, batch: QueryBatch) -> Float32:
        """Scores without what the base class adds to them."""
        return self._score(batch)

    def _score(self, batch: QueryBatch) -> Float32:
        past = SequenceBatch.of_histories(batch.history, n_items=self.n_fit, max_len=self.config.max_len)
        with torch.inference_mode():
            scores = self.scores_of(cast(SequenceNet, self.net), past).cpu().numpy()
        scores[past.length == 0] = np.nan
        return cast(Float32, scores)

    def scores_of(self, net: nn.Module, past: SequenceBatch) -> Tensor:
        """Scores float32 [B, n_fit] after the newest event of each past."""
        device = self.device
        h_BTD = net(
            torch.from_numpy(past.item).to(device),
            torch.from_numpy(past.at // 1000).to(device),
            torch.from_numpy(past.length).to(device),
        )
        newest = torch.from_numpy(np.maximum(past.length - 1, 0)).to(device)
        h_BD = h_BTD[torch.arange(len(h_BTD), device=device), newest]
        return h_BD @ cast(Tensor, net.items).t()
