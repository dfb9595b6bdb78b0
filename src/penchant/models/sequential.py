"""Base of nets that read a past in order and say what comes next.

An author writes a net with ``forward(item_BT, seconds_BT, length_B) -> h_BTD``: the state after each event, which may
depend on that event and earlier ones only; and ``items``, the vectors w_ID that states are multiplied with. Everything else
is here: windows of the log, batches of similar length, the losses, judging and answering.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import numpy as np
import torch
from torch import Tensor

from penchant.data.arrays import AnyArray, Float32, Int64, Nums
from penchant.data.batch import QueryBatch, SequenceBatch
from penchant.data.dataset import Dataset
from penchant.data.sequences import Histories
from penchant.models.judging import Judge
from penchant.models.neural import NeuralModel
from penchant.models.next_item import NextItemLearner, SequentialConfig, loss_of
from penchant.models.vectors import of_known, once_a_batch, products, understood
from penchant.nn.sequence import SequenceNet
from penchant.train.loop import Learner
from penchant.train.run import Run

_MOST_PLACES = 4096
"""Places, padding included, that are read at once when answering."""


class SequentialModel(NeuralModel):
    """Scores are products of the newest state with the items' vectors.

    Attributes:
        reach: newest events that are read when answering: `max_len`, but no more than any window of the training had, because
            what stands for later places was never learned.
    """

    config: SequentialConfig
    reads_context = False
    reach: int

    def _batch_numbers(self, train: Dataset) -> int:
        """A layer keeps some twenty numbers for each one of a place's state, and half as many more for a moment: measured."""
        config, longest = self.config, int(np.diff(train.sequences.offsets).max(initial=0))
        places = config.batch_size * min(config.max_len, longest)
        width = max(config.embedding_dim, getattr(config, "hidden_dim", 0))
        sampled = loss_of(config, train.n_items) != "softmax"
        logits = 4 * places * config.n_negatives if sampled else train.n_items * config.embedding_dim
        return 36 * places * width * getattr(config, "n_layers", 1) + logits

    def _learner(self, train: Dataset, judge: Judge | None, run: Run) -> Learner:
        longest = int(np.diff(train.sequences.offsets).max(initial=0)) - 1
        self.reach = max(1, min(self.config.max_len, longest))
        metric = None if judge is None else lambda: judge.metric(self._score)
        return NextItemLearner(cast(SequenceNet, self.net), train, self.config, run.seed, metric)

    def _score(self, batch: QueryBatch) -> Float32:
        scores = np.full((len(batch), self.n_fit), np.nan, dtype=np.float32)
        net = cast(SequenceNet, self.net)
        with torch.inference_mode():
            for rows, h_BD in self._states(batch):
                scores[rows] = net.scores(h_BD).cpu().numpy()
        return scores

    def _score_some(self, batch: QueryBatch, items: Nums) -> Float32:
        inside = np.minimum(items, self.n_fit - 1).astype(np.int64)
        return products(self.query_vectors(batch), cast(SequenceNet, self.net).rows_of(inside))

    def _states(self, batch: QueryBatch) -> Iterator[tuple[Int64, Tensor]]:
        """Rows with a past, group by group, and the state [B, D] after the newest event of each."""
        newest, net, device = batch.history.last(self.reach), cast(SequenceNet, self.net), self.device
        for rows in _alike(newest.lengths):
            past = SequenceBatch.of_histories(newest.take(rows), n_items=self.n_fit, max_len=self.reach)
            parts = (past.item, past.at // 1000, past.length)
            yield rows, net.newest(*(torch.from_numpy(part).to(device) for part in parts))

    def query_vectors(self, batch: QueryBatch) -> Float32:
        """States after the newest event, see `penchant.models.vectors.HasVectors`; NaN without a past."""
        return once_a_batch(self, batch, self._vectors)

    def _vectors(self, batch: QueryBatch) -> Float32:
        if len(batch) == 1:
            return self._vector(batch.history)
        net = cast(SequenceNet, self.net)
        vectors = np.full((len(batch), net.width), np.nan, dtype=np.float32)
        with torch.inference_mode():
            for rows, h_BD in self._states(understood(self, batch)):
                vectors[rows] = h_BD.cpu().numpy()
        return vectors

    def _vector(self, history: Histories) -> Float32:
        """The same of one past, float32 [1, D], without what only several pasts need."""
        net = cast(SequenceNet, self.net)
        places = np.flatnonzero(self._is_known(history.item))[-self.reach :]
        if len(places) == 0:
            return np.full((1, net.width), np.nan, dtype=np.float32)
        item = history.item[places].astype(np.int64)
        if (reader := net.one_past(len(item))) is not None:
            return reader.newest(item)
        seconds = np.maximum.accumulate(history.at[places]) // 1000
        parts = (item[None], seconds[None], np.asarray([len(places)]))
        with torch.inference_mode():
            state: Float32 = net.newest(*(torch.from_numpy(part).to(self.device) for part in parts)).cpu().numpy()
        return state

    def item_vectors(self) -> Float32:
        """What states are multiplied with, see `penchant.models.vectors.HasVectors`."""
        return of_known(self, cast(SequenceNet, self.net).items.detach().cpu().numpy())

    def _state(self) -> dict[str, AnyArray]:
        return {**super()._state(), "reach": np.asarray([self.reach])}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        super()._restore(arrays)
        self.reach = int(arrays["reach"][0])


def _alike(lengths: Int64) -> Iterator[Int64]:
    """Rows with a past, in groups of like length that fit into the cache together when padded."""
    order = np.argsort(lengths, kind="stable").astype(np.int64)
    order = order[lengths[order] > 0]
    start = 0
    while start < len(order):
        # the longest of a group comes last: it may be as long as the places allow for so many rows
        ends = np.arange(1, len(order) - start + 1) * lengths[order[start:]]
        size = max(1, int(np.searchsorted(ends, _MOST_PLACES, side="right")))
        yield order[start : start + size]
        start += size
