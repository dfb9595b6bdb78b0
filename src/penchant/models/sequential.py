"""Base of nets that read a past in order and say what comes next.

An author writes a net with ``forward(item_BT, seconds_BT, length_B) -> h_BTD``: the state after each event, which may
depend on that event and earlier ones only; and ``items``, the vectors w_ID that states are multiplied with. Everything else
is here: windows of the log, batches of similar length, the losses, judging and answering.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor

from penchant.data.arrays import Float32
from penchant.data.batch import QueryBatch, SequenceBatch
from penchant.data.dataset import Dataset
from penchant.models.judging import Judge
from penchant.models.neural import NeuralModel
from penchant.models.next_item import NextItemLearner, SequentialConfig
from penchant.nn.sequence import SequenceNet
from penchant.train.loop import Learner
from penchant.train.run import Run


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

    def scores_of(self, net: SequenceNet, past: SequenceBatch) -> Tensor:
        """Scores float32 [B, n_fit] after the newest event of each past."""
        device = self.device
        h_BTD = net(
            torch.from_numpy(past.item).to(device),
            torch.from_numpy(past.at // 1000).to(device),
            torch.from_numpy(past.length).to(device),
        )
        newest = torch.from_numpy(np.maximum(past.length - 1, 0)).to(device)
        h_BD = h_BTD[torch.arange(len(h_BTD), device=device), newest]
        scores: Tensor = h_BD @ net.items.t()
        return scores
