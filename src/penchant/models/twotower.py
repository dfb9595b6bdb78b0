"""Two towers: a vector of the person and one of the item, both made of attributes as well as ids, compared by inner product.

When to use it: catalogues with attributes in which items come and go, people who come with attributes and no past, and first
stages that are served from an index of vectors. A person is the pooled past and the attributes, never an id, so strangers are
answered like regulars; an item's id is dropped at random in training, so an item without events is answered from what is known
of it. Cost, for N events, windows of L events, n items with t terms each, d numbers and H pools: a pass takes
O(N (H L d + H d^2 + n d)) multiply-adds, and O(n (t d + d^2)) more a step of B people; O(B L H d + n d) memory; a query
O(H L^2 d + n d).
Sources: Yi, Yang, Hong et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations", RecSys 2019;
the dropped ids: Volkovs, Yu and Poutanen, "DropoutNet", NeurIPS 2017. Ours: pools of a past that fade at learned rates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self, cast

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from penchant.config import Between, setting
from penchant.data.arrays import AnyArray, Bool, Float32, Int64, Nums, frozen, ragged_positions
from penchant.data.batch import QueryBatch, SequenceBatch
from penchant.data.catalogue import Catalogue, People
from penchant.data.dataset import Dataset
from penchant.data.features import FeatureTable
from penchant.data.questions import Task
from penchant.data.terms import Terms, learned_terms, terms_of
from penchant.models.attributes import (
    AttributesConfig,
    item_vectors,
    learned_attributes,
    packed_terms,
    under,
    unpacked_terms,
)
from penchant.models.judging import Judge
from penchant.models.neural import NeuralModel
from penchant.models.next_item import NextItemLearner, SequentialConfig
from penchant.models.vectors import once_a_batch, products
from penchant.nn.bags import Bags
from penchant.nn.catalogue_loss import catalogue_cross_entropy
from penchant.nn.losses import sampled_softmax
from penchant.nn.sequence import SequenceNet
from penchant.nn.towers import TwoTowerNet
from penchant.rng import generator
from penchant.train.loop import Learner
from penchant.train.run import Run


class TwotowerConfig(AttributesConfig, SequentialConfig):
    """Settings of `twotower`."""

    loss: Literal["auto", "softmax", "sampled"] = setting(
        "auto",
        "softmax over all items with events, or over sampled ones, corrected by how often each is drawn; auto: softmax up to "
        "60,000 items, sampled beyond",
    )
    n_pools: int = setting(
        4, "how many times a past is pooled, each fading at a rate of its own", search=(1, 2, 4, 8), ge=1
    )
    id_dropout: float = setting(
        0.2, "share of the items whose id is dropped in each step", search=Between(0, 0.6), ge=0, lt=1
    )
    past_dropout: float = setting(
        0.1, "share of the pasts that is dropped in each step, so that attributes alone are an input", ge=0, lt=1
    )
    trait_dropout: float = setting(0.2, "share of the people whose attributes are dropped in each step", ge=0, lt=1)


class _TowerLearner(NextItemLearner):
    """Learns every event from those before it and from its person; only items with events are compared with the right one.

    In a log without times or a named order nothing comes before anything else: there each pass draws an order for each person.
    """

    def __init__(self, model: Twotower, train: Dataset, seed: int, metric: Callable[[], float] | None) -> None:
        super().__init__(cast(SequenceNet, model.net), train, model.config, seed, metric)
        self.towers, self.settings = model.net, model.config
        self.items, self.traits = model.terms_of_items(train.item_features), model.traits_of(train.user_features)
        self.known = np.flatnonzero(train.seen_items)
        self.ordered, self.rows = train.timed or train.interactions.order is not None, train.sequences.rows
        self.towers.known.copy_(torch.from_numpy(train.seen_items.astype(np.float32)))

    def plan(self, epoch: int) -> Sequence[tuple[Int64, Int64]]:
        """Batches as in `NextItemLearner`; draws the order of this pass where the log has none."""
        if not self.ordered:
            lot = generator(self.seed, "order", str(epoch)).random(len(self.train))
            self.rows = np.lexsort((lot, self.train.interactions.user))
        return super().plan(epoch)

    def loss(self, part: tuple[Int64, Int64], rng: np.random.Generator) -> tuple[Tensor, int]:
        """Mean loss over the real places of a batch whose target counts, and their number."""
        low, high = part
        log, rows = self.train.interactions, self.rows
        places = ragged_positions(low, high - low)
        here, there = rows[places], rows[places + 1]
        past = SequenceBatch.of(high - low, log.item[here], log.at[here], n_items=self.train.n_items)
        numbers, negative, target = self.known, np.zeros(0, dtype=np.int64), log.item[there].astype(np.int64)
        if self.kind != "softmax":
            negative = self.sampler.draw(self.settings.n_negatives, rng)
            numbers = np.unique(np.concatenate([log.item[here], target, negative]))
        # places behind the items stand for padding
        place = np.full(self.train.n_items + 1, len(numbers), dtype=np.int64)
        place[numbers] = np.arange(len(numbers))
        has_id = (rng.random(len(numbers)) >= self.settings.id_dropout).astype(np.float32)
        x_KD = self.towers.raw(
            self._tensor(numbers.astype(np.int64)), Bags.of(self.items[numbers], self.device), self._tensor(has_id)
        )
        h_BTD = self._people(x_KD, place[past.item], past.real, log.user[rows[low]], rng)
        h_ND, v_KD = h_BTD[self._tensor(past.real)], self.towers.items(x_KD)
        worth = np.ones(len(target), np.float32) if self.worth is None else self.worth[log.kind[there]]
        counted = np.flatnonzero(worth > 0)
        h_ND, own_N = h_ND[self._tensor(counted)], self._tensor(place[target[counted]])
        if self.kind == "softmax":
            return catalogue_cross_entropy(h_ND, v_KD, own_N, self._tensor(worth[counted])), len(counted)
        log_q = self._tensor(self.sampler.log_q[numbers])
        other_K = self._tensor(place[negative])
        other_NK = (h_ND @ v_KD[other_K].t()).float().masked_fill(own_N[:, None] == other_K[None], -torch.inf)
        score_N = (h_ND * v_KD[own_N]).sum(1).float()
        return sampled_softmax(score_N, other_NK, log_q[own_N], log_q[other_K][None]), len(counted)

    def _people(self, x_KD: Tensor, place: Int64, real: Bool, user: Nums, rng: np.random.Generator) -> Tensor:
        """The people of a batch after each event; some without their past, some without their attributes."""
        shown = rng.random(len(user)) >= self.settings.past_dropout
        stated = rng.random(len(user)) >= self.settings.trait_dropout
        traits = sp.diags(stated.astype(np.float32)) @ self.traits[user]
        bags = Bags.of(sp.csr_matrix(traits), self.device)
        return self.towers.people(x_KD, self._tensor(place), self._tensor(real & shown[:, None]), bags)


@dataclass(frozen=True, eq=False)
class _Ready:
    """The items' tower: what goes in for each item of a table [I, D], its vector, NaN where nothing is known, and is any."""

    table: FeatureTable
    inputs: Tensor
    vectors: Float32
    described: Bool


class Twotower(NeuralModel):
    """Scores float32 [B, n_items now]: inner products of the two towers.

    NaN for items that have neither events nor a known attribute, and for a query without a past and known attributes. Items
    keep the attributes of the fit; only items that came later are read from the catalogue of the query.

    Attributes:
        terms, traits: how the attributes of items, and of people, become numbers.
    """

    config: TwotowerConfig
    reads_context = False
    scores_unseen = True
    net: TwoTowerNet
    terms: tuple[Terms, ...]
    traits: tuple[Terms, ...]
    _ready: _Ready | None = None
    _at_fit: _Ready | None = None

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        self.terms = (
            learned_attributes(self.config, train.item_features, self.name()) if train.item_features.columns else ()
        )
        limits = self.config.model_dump(include={"n_bins", "min_items", "max_words"})
        columns = train.user_features.columns
        self.traits = tuple(learned_terms(name, column, **limits) for name, column in columns.items())
        super()._fit(train, valid, run)
        self._ready = self._at_fit = None

    def terms_of_items(self, items: FeatureTable) -> sp.csr_matrix:
        """The terms of items, float32 [n, n_terms], each row of length 1 or empty."""
        if not self.terms:
            return sp.csr_matrix((items.n_rows, 0), dtype=np.float32)
        return item_vectors(self.terms, self.config, items)

    def traits_of(self, people: FeatureTable) -> sp.csr_matrix:
        """The terms of people, float32 [n, n_traits]; each attribute has the length 1, or nothing where it is missing."""
        blocks = [terms_of(one, people.columns[one.name]) for one in self.traits]
        if not blocks:
            return sp.csr_matrix((people.n_rows, 0), dtype=np.float32)
        return sp.csr_matrix(sp.hstack(blocks, format="csr", dtype=np.float32))

    def _build(self) -> TwoTowerNet:
        n_terms, n_traits = (sum(len(one.weight) for one in terms) for terms in (self.terms, self.traits))
        config = self.config
        return TwoTowerNet(self.n_fit, n_terms, n_traits, config.embedding_dim, config.n_pools, config.dropout)

    def _learner(self, train: Dataset, judge: Judge | None, run: Run) -> Learner:
        return _TowerLearner(self, train, run.seed, None if judge is None else lambda: judge.metric(self._fresh_scores))

    def _fresh_scores(self, batch: QueryBatch) -> Float32:
        """Scores of weights that have changed since the last question."""
        self._ready = self._at_fit = None
        return self._score(batch)

    def _now(self, items: FeatureTable) -> _Ready:
        """The items' tower for the catalogue as it is; kept until it changes, and what the fit knew for longer."""
        ready = self._ready
        if ready is None or ready.table is not items:
            if self._at_fit is None:
                self._at_fit = self._made(self.catalogue.item_features.take(np.arange(self.n_fit)), 0)
            ready = self._at_fit
            if items.n_rows > self.n_fit:
                late = self._made(items.take(np.arange(self.n_fit, items.n_rows)), self.n_fit)
                ready = _Ready(
                    items,
                    torch.cat([ready.inputs, late.inputs]),
                    frozen(np.concatenate([ready.vectors, late.vectors])),
                    frozen(np.append(ready.described, late.described)),
                )
            ready = self._ready = replace(ready, table=items)
        return ready

    def _made(self, items: FeatureTable, first: int) -> _Ready:
        """The items' tower for items with the numbers from `first` on."""
        terms = self.terms_of_items(items)
        number = torch.arange(first, first + items.n_rows, device=self.device)
        with torch.inference_mode():
            x_ID = self.net.raw(number, Bags.of(terms, self.device), torch.ones(len(number), device=self.device))
            v_ID = self.net.items(x_ID)
            v_ID[~x_ID.any(dim=1)] = torch.nan
        vectors = frozen(v_ID.cpu().numpy())
        return _Ready(items, x_ID, vectors, frozen(np.isfinite(vectors).all(axis=1)))

    def in_world(self, catalogue: Catalogue, people: People) -> Self:
        """See `Model.in_world`; what the fit knew is made once for all worlds."""
        self._now(self.catalogue.item_features)
        return super().in_world(catalogue, people)

    def _people(self, batch: QueryBatch) -> Float32:
        """The vector of each query's person, float32 [B, D]; NaN without a past and known attributes."""
        ready = self._now(batch.items)
        x_ID, described = ready.inputs, ready.described
        history = batch.history.keep(described[batch.history.item])
        past = SequenceBatch.of_histories(history, n_items=batch.n_items, max_len=self.config.max_len)
        traits = self.traits_of(batch.user_features)
        item, real = torch.from_numpy(past.item).to(self.device), torch.from_numpy(past.real).to(self.device)
        with torch.inference_mode():
            h_BTD = self.net.people(x_ID, item, real, Bags.of(traits, self.device)).cpu().numpy()
        people = h_BTD[np.arange(len(batch)), np.maximum(past.length - 1, 0)]
        people[(past.length == 0) & (np.diff(traits.indptr) == 0)] = np.nan
        return cast(Float32, people)

    def _score(self, batch: QueryBatch) -> Float32:
        scores: Float32 = self._people(batch) @ self._now(batch.items).vectors.T
        return scores

    def _score_some(self, batch: QueryBatch, items: Nums) -> Float32:
        return products(self.query_vectors(batch), self._now(batch.items).vectors[items])

    def query_vectors(self, batch: QueryBatch) -> Float32:
        """The person's tower, see `penchant.models.vectors.HasVectors`."""
        return once_a_batch(self, batch, self._people)

    def item_vectors(self) -> Float32:
        """The items' tower, see `penchant.models.vectors.HasVectors`."""
        return self._now(self.catalogue.item_features).vectors.copy()

    def _state(self) -> dict[str, AnyArray]:
        traits = {f"people.{key}": part for key, part in packed_terms(self.traits).items()}
        return {**super()._state(), **packed_terms(self.terms), **traits}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.terms, self.traits = unpacked_terms(arrays), unpacked_terms(under(arrays, "people."))
        super()._restore(arrays)
        self._ready = self._at_fit = None
