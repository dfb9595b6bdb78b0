"""How a net learns what comes next: windows of every past, batches of similar length, and the loss of real places only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from penchant.config import Between, setting
from penchant.data.arrays import AnyArray, Float32, Int64, ragged_positions
from penchant.data.batch import SequenceBatch
from penchant.data.dataset import Dataset
from penchant.models.neural import NeuralConfig
from penchant.nn.catalogue_loss import catalogue_cross_entropy
from penchant.nn.losses import binary_cross_entropy, bpr_max, gbce, sampled_softmax
from penchant.nn.sampling import Sampler
from penchant.nn.sequence import SequenceNet
from penchant.rng import generator

FULL_SOFTMAX_ITEMS = 60_000
"""Catalogues up to this size are compared in full: what sampling loses in ndcg outweighs the time it saves."""

_BATCHES_SORTED = 16
"""Batches whose windows are sorted by length together: enough for little padding, few enough to stay random."""


Loss = Literal["auto", "softmax", "sampled", "bpr_max", "gbce", "bce"]


_STEP = 16
"""Windows of a batch are padded to a multiple of so many places."""


class SequentialConfig(NeuralConfig):
    """Settings of every net that reads a past in order."""

    batch_size: int = setting(64, "windows of one step", search=Between(16, 512, log=True), ge=1)
    learning_rate: float = setting(0.002, "greatest step of AdamW", search=Between(2e-4, 1e-2, log=True), gt=0)
    embedding_dim: int = setting(64, "numbers that stand for an item", search=(32, 64, 128, 256), ge=1)
    max_len: int = setting(50, "newest events that are read", unit="events", search=(20, 50, 100, 200), ge=1)
    dropout: float = setting(0.2, "share of the values that is dropped in training", search=Between(0, 0.6), ge=0, lt=1)
    loss: Loss = setting(
        "auto",
        "softmax over the whole catalogue, or over sampled negatives (sampled), or a comparison with the best of them "
        "(bpr_max), or a yes or no for each (gbce, bce); auto: softmax up to 60,000 items, sampled beyond",
    )
    n_negatives: int = setting(1024, "negatives that all places of a batch share", search=(256, 1024, 4096), ge=1)
    negative_power: float = setting(0.5, "negatives are drawn in proportion to counts to this power", ge=0, le=1)
    calibration: float = setting(
        0.75, "gbce: 0 is plain binary cross-entropy, 1 undoes the sampling in full", ge=0, le=1
    )


def loss_of(config: SequentialConfig, n_items: int) -> str:
    """The loss that the settings mean for a catalogue of this size."""
    if config.loss != "auto":
        return config.loss
    return "softmax" if n_items <= FULL_SOFTMAX_ITEMS else "sampled"


def touches_few(config: SequentialConfig, n_items: int) -> bool:
    """Whether a step touches so few items of so large a catalogue that gradients of the looked-up rows alone pay."""
    return n_items > FULL_SOFTMAX_ITEMS and loss_of(config, n_items) != "softmax"


class NextItemLearner:
    """Learns every event from those before it; see `penchant.train.loop.Learner`."""

    def __init__(
        self,
        net: SequenceNet,
        train: Dataset,
        config: SequentialConfig,
        seed: int,
        metric: Callable[[], float] | None,
    ) -> None:
        self.net: nn.Module = net
        self.reader, self.train, self.config, self.seed, self.metric = net, train, config, seed, metric
        self.device = next(net.parameters()).device
        self.worth = _worth(train)
        counts = np.bincount(train.interactions.item, minlength=train.n_items)
        self.sampler = Sampler.of(counts, power=config.negative_power)
        self.kind = loss_of(config, train.n_items)

    def plan(self, epoch: int) -> Sequence[tuple[Int64, Int64]]:
        """Batches as places ``low:high`` of the sequences: a window's inputs and, one further, its targets.

        Long pasts are cut where the pass says so: each event is a target once a pass, with another beginning each time.
        """
        rng = generator(self.seed, "windows", str(epoch))
        low, high = self._windows(rng)
        order = rng.permutation(len(low))
        size = self.config.batch_size
        chunk = size * _BATCHES_SORTED
        for start in range(0, len(order), chunk):
            part = order[start : start + chunk]
            order[start : start + chunk] = part[np.argsort((high - low)[part], kind="stable")]
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        return [(low[batches[i]], high[batches[i]]) for i in rng.permutation(len(batches))]

    def _windows(self, rng: np.random.Generator) -> tuple[Int64, Int64]:
        """Places low:high of all windows; high is the last target, and ``high - low <= max_len``."""
        offsets, size = self.train.sequences.offsets, self.config.max_len
        first, last = offsets[:-1], offsets[1:] - 1
        n = last - first
        # the newest window is whole but for a random shift, which is 0 where all fits in one window
        shift = np.where(n > size, rng.integers(0, size, len(n)), 0)
        pieces = np.where(n > 0, -(-(n + shift) // size), 0)
        owner = np.repeat(np.arange(len(n)), pieces)
        place = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        high = last[owner] + shift[owner] - place * size
        low = np.maximum(first[owner], high - size)
        high = np.minimum(high, last[owner])
        kept = high > low
        return low[kept], high[kept]

    def loss(self, part: tuple[Int64, Int64], rng: np.random.Generator) -> tuple[Tensor, int]:
        """Mean loss over the real places of a batch whose target counts, and their number."""
        low, high = part
        log, rows = self.train.interactions, self.train.sequences.rows
        length = high - low
        places = ragged_positions(low, length)
        here, there = rows[places], rows[places + 1]
        shape = {"step": _STEP, "most": self.config.max_len}
        batch = SequenceBatch.of(length, log.item[here], log.at[here], n_items=self.train.n_items, **shape)
        h_BTD = self.net(self._tensor(batch.item), self._tensor(batch.at // 1000), self._tensor(length))
        h_ND = h_BTD[self._tensor(batch.real)]
        target_N = self._tensor(log.item[there].astype(np.int64))
        weight_N = None if self.worth is None else self._tensor(self.worth[log.kind[there]])
        if weight_N is not None:
            counted = weight_N > 0
            h_ND, target_N, weight_N = h_ND[counted], target_N[counted], weight_N[counted]
        if self.kind == "softmax":
            return catalogue_cross_entropy(h_ND, self.reader.items, target_N, weight_N), len(target_N)
        return self._sampled(h_ND, target_N, weight_N, rng), len(target_N)

    def _sampled(self, h_ND: Tensor, target_N: Tensor, weight_N: Tensor | None, rng: np.random.Generator) -> Tensor:
        """The loss against negatives that all places share; where a negative is the right answer it does not count."""
        negative = self.sampler.draw(self.config.n_negatives, rng)
        negative_K = self._tensor(negative)
        own_N = (h_ND * self.reader.rows(target_N)).sum(1).float()
        other_NK = (h_ND @ self.reader.rows(negative_K).t()).float()
        other_NK = other_NK.masked_fill(target_N[:, None] == negative_K[None], -torch.inf)
        if self.kind == "sampled":
            log_q = torch.from_numpy(self.sampler.log_q)
            # a negative is drawn n times; the right answer is there for certain, its own correction keeps both comparable
            own_q, other_q = log_q[target_N.cpu()].to(self.device), log_q[negative_K.cpu()].to(self.device)
            return sampled_softmax(own_N, other_NK, own_q, other_q[None], weight_N=weight_N)
        if self.kind == "gbce":
            n_items, calibration = self.train.n_items, self.config.calibration
            return gbce(own_N, other_NK, n_items=n_items, calibration=calibration, weight_N=weight_N)
        if self.kind == "bpr_max":
            return bpr_max(own_N, other_NK, weight_N=weight_N)
        return binary_cross_entropy(own_N, other_NK, weight_N=weight_N)

    def judge(self) -> float | None:
        """The validation metric of the net as it is."""
        return None if self.metric is None else self.metric()

    def _tensor(self, array: AnyArray) -> Tensor:
        return torch.from_numpy(array).to(self.device)


def _worth(train: Dataset) -> Float32 | None:
    """What an event of each kind counts as a target, float32 [kinds]; None where all count alike."""
    worth = np.asarray([kind.weight if kind.target else 0.0 for kind in train.schema.kinds.values()], dtype=np.float32)
    return None if bool((worth == worth[0]).all()) else worth
