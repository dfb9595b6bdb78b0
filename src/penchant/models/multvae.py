"""Variational autoencoder of bags of items: what a person chose, squeezed through a few numbers and unfolded again.

When to use it: people with many events, where taste counts more than order; strangers with a past are served at once. Cost, for
U people with N distinct (person, item) pairs, n items, h hidden and d latent numbers: a pass takes O(N h + U (2 h d + h n))
multiply-adds, three times; 16 (2 n h + 4 h d) bytes for weights, gradients and moments, and 8 B n for the B people of a step; a
query takes L h + 2 h d + h n. Source: Liang, Krishnan, Hoffman and Jebara, "Variational Autoencoders for Collaborative
Filtering", WWW 2018, equations 1-7 and section 2.2.2 (annealing). Ours: people of a step are at most a tenth of all, so that
small logs have steps enough; events of a past may fade.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from penchant.config import Between, setting
from penchant.data.arrays import Float32, Int64, Nums
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.terms import unit_rows
from penchant.models.history import HistoryConfig, history_weights, log_matrix
from penchant.models.judging import Judge
from penchant.models.neighbours import kind_weights
from penchant.models.neural import NeuralConfig, NeuralModel
from penchant.models.vectors import of_known, once_a_batch, products, understood
from penchant.nn.bags import Bags
from penchant.nn.losses import gaussian_divergence, multinomial
from penchant.rng import generator
from penchant.train.loop import Learner
from penchant.train.run import Run

_LEAST_BATCHES = 10
"""Steps of a pass, if there are so many people."""


class MultvaeConfig(HistoryConfig, NeuralConfig):
    """Settings of `multvae`."""

    last_n: int = setting(1000, "newest events that count", unit="events", grid=(50, 200), refit=False, ge=1)
    decay: float = setting(
        1.0, "weight of an event relative to the next newer one", grid=(0.9, 0.97), refit=False, gt=0, le=1
    )
    history_half_life: float | None = setting(
        None, "age at which a past event counts half; none switches it off", unit="days", refit=False, gt=0
    )
    context_match: float = setting(
        0.0, "how much more a past event counts in like circumstances: times exp(context_match x likeness in 0..1)",
        refit=False, ge=0, le=20,
    )  # fmt: skip
    row_events: int | None = setting(
        None, "a person's log is cut into bags of so many events; none: one bag a person", unit="events",
        search=Between(10, 300, log=True, also=(None,)), ge=1,
    )  # fmt: skip
    embedding_dim: int = setting(200, "latent numbers of a bag, d", search=(50, 100, 200), ge=1)
    hidden_dim: int = setting(
        600, "numbers of the layers around them, h; at most a quarter of the catalogue and 64 in any case", ge=1,
        search=(200, 400, 600),
    )  # fmt: skip
    input_dropout: float = setting(
        0.5, "share of a bag's items that is hidden in training", search=Between(0.2, 0.8), ge=0, lt=1
    )
    beta: float = setting(
        0.2, "what the divergence of the latent numbers from a normal counts once annealed",
        search=Between(0.01, 1, also=(0.0,)), ge=0,
    )  # fmt: skip
    anneal: float = setting(0.2, "part of all steps in which beta rises from 0", ge=0, le=1)
    epochs: int = setting(30, "most passes over the log; fewer when validation says so", unit="passes", ge=1)
    batch_size: int = setting(
        100, "people of one step, at most a tenth of all", search=Between(50, 2000, log=True), ge=1
    )
    learning_rate: float = setting(0.003, "greatest step of AdamW", search=Between(1e-4, 1e-2, log=True), gt=0)
    averaging: float = setting(
        0.99,
        "decay of the running average of the weights that answers, per step; 0: the last weights answer",
        ge=0,
        lt=1,
    )


class MultvaeNet(nn.Module):
    """Bag -> hidden -> mean and variance -> hidden -> a logit for each item.

    Args:
        n_items: I.
        hidden, dim: H and D.
    """

    def __init__(self, n_items: int, hidden: int, dim: int) -> None:
        super().__init__()
        self.into = nn.Parameter(torch.empty(n_items, hidden))
        self.into_bias = nn.Parameter(torch.zeros(hidden))
        self.squeeze = nn.Linear(hidden, 2 * dim)
        self.unfold = nn.Linear(dim, hidden)
        self.out = nn.Linear(hidden, n_items)
        for weight in (self.into, self.squeeze.weight, self.unfold.weight, self.out.weight):
            nn.init.xavier_uniform_(weight)
        for layer in (self.squeeze, self.unfold, self.out):
            nn.init.zeros_(layer.bias)

    def encode(self, bags: Bags) -> tuple[Tensor, Tensor]:
        """Mean and log variance, float32 [B, D] each, of bags of weighted items."""
        h_BH = torch.tanh(bags.summed(self.into) + self.into_bias)
        mean_BD, log_variance_BD = self.squeeze(h_BH).float().chunk(2, dim=1)
        return mean_BD, log_variance_BD

    def decode(self, z_BD: Tensor) -> Tensor:
        """The last hidden layer, float32 [B, H]; `out` makes logits of it."""
        return torch.tanh(self.unfold(z_BD))


class _BagLearner:
    """Learns to give back whole bags of which a part was hidden; see `penchant.train.loop.Learner`."""

    def __init__(
        self,
        net: MultvaeNet,
        bags: sp.csr_matrix,
        config: MultvaeConfig,
        seed: int,
        model: Multvae,
        judge: Judge | None,
    ) -> None:
        self.vae, self.bags, self.config, self.seed, self.model, self.asked = net, bags, config, seed, model, judge
        self.net: nn.Module = net
        self.unit = unit_rows(bags)
        self.device = net.into.device
        self.size = max(1, min(config.batch_size, -(-bags.shape[0] // _LEAST_BATCHES)))

    def plan(self, epoch: int) -> Sequence[tuple[float, Int64]]:
        """Batches of people, each with the part of the whole training that lies before it."""
        order = generator(self.seed, "bags", str(epoch)).permutation(self.bags.shape[0])
        parts = [order[start : start + self.size] for start in range(0, len(order), self.size)]
        return [((epoch + place / len(parts)) / self.config.epochs, part) for place, part in enumerate(parts)]

    def loss(self, part: tuple[float, Int64], rng: np.random.Generator) -> tuple[Tensor, int]:
        """The negative of the evidence bound, equation 6, a mean over people; and their number."""
        done, rows = part
        bag, keep = self.unit[rows], 1 - self.config.input_dropout
        bag.data *= (rng.random(bag.nnz) < keep).astype(np.float32) / np.float32(keep)
        mean_BD, log_variance_BD = self.vae.encode(Bags.of(bag, self.device))
        z_BD = mean_BD + torch.randn_like(mean_BD) * (0.5 * log_variance_BD).exp()
        logits_BI = self.vae.out(self.vae.decode(z_BD))
        count_BI = torch.from_numpy(self.bags[rows].toarray()).to(self.device)
        beta = self.config.beta * min(1.0, done / self.config.anneal if self.config.anneal else 1.0)
        loss = multinomial(logits_BI.float(), count_BI) + beta * gaussian_divergence(mean_BD, log_variance_BD)
        return loss, len(rows)

    def judge(self) -> float | None:
        """The validation metric of the net as it is."""
        return None if self.asked is None else self.asked.metric(self.model._score)


class Multvae(NeuralModel):
    """Scores float32 [B, n_fit]: logits; NaN for a query without a usable past."""

    config: MultvaeConfig
    net: MultvaeNet

    def _build(self) -> MultvaeNet:
        hidden = min(self.config.hidden_dim, max(64, self.n_fit // 4))
        return MultvaeNet(self.n_fit, hidden, min(self.config.embedding_dim, hidden))

    def _learner(self, train: Dataset, judge: Judge | None, run: Run) -> Learner:
        bags = log_matrix(train, "binary", self.config.row_events)
        return _BagLearner(self.net, bags, self.config, run.seed, self, judge)

    def _hidden(self, batch: QueryBatch) -> Tensor:
        """The last hidden layer of each query, float32 [B, H]; NaN without a usable past."""
        past = history_weights(batch, self.config, kind_weights(self.catalogue.schema))[:, : self.n_fit]
        past = sp.csr_matrix(past)
        with torch.inference_mode():
            mean_BD, _ = self.net.encode(Bags.of(unit_rows(past), self.device))
            h_BH = self.net.decode(mean_BD)
            h_BH[torch.from_numpy(np.diff(past.indptr) == 0).to(self.device)] = torch.nan
        return h_BH

    def _score(self, batch: QueryBatch) -> Float32:
        with torch.inference_mode():
            return cast(Float32, self.net.out(self._hidden(batch)).cpu().numpy())

    def _score_some(self, batch: QueryBatch, items: Nums) -> Float32:
        out, inside = self.net.out, torch.from_numpy(np.minimum(items, self.n_fit - 1).astype(np.int64)).to(self.device)
        with torch.inference_mode():
            rows = torch.cat([out.weight[inside], out.bias[inside, None]], dim=1).cpu().numpy()
        return products(self.query_vectors(batch), rows)

    def query_vectors(self, batch: QueryBatch) -> Float32:
        """The last hidden layer and a 1 for the items' biases, see `penchant.models.vectors.HasVectors`."""
        return once_a_batch(self, batch, self._vectors)

    def _vectors(self, batch: QueryBatch) -> Float32:
        h = self._hidden(understood(self, batch)).cpu().numpy()
        return np.append(h, h[:, :1] * 0 + 1, axis=1)

    def item_vectors(self) -> Float32:
        """Weights and bias of the last layer, see `penchant.models.vectors.HasVectors`."""
        out = self.net.out
        vectors = torch.cat([out.weight, out.bias[:, None]], dim=1).detach().cpu().numpy()
        return of_known(self, vectors)
