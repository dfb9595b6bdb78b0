"""Several models as one: their scores on a common scale, weighed as it was right in the newest part of the log.

When to use it: when no single model wins everywhere, which is the rule: order, repeats, likeness and popularity tell
different things, and how much each tells depends on the moment. Cost: two fits of every member (on the older part to learn
the weights, then on everything), one answer of every member to `n_questions`, and a query costs what the members cost.
Sources: Sill, Takacs, Mackey and Lin, "Feature-Weighted Linear Stacking", 2009, equation 2 (weights that depend on the
query); McFadden 1974 (see `choice`). Ours are the weights of their own and the offset for items that nobody had chosen.

The score of item i is the sum over members m of ``z_m(i) (v_m . f) + log(1 + max(z_m(i), 0)) (w_m . f)``, with z_m the
standardised score and f what is known of the query: 1, the length of the past, the pause since its newest event, and how short
it is. The second term lets a member count less the further above the mean it already is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np

from penchant.config import setting
from penchant.data.arrays import AnyArray, Float32, Float64
from penchant.data.batch import QueryBatch
from penchant.data.catalogue import Catalogue, People
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.models.base import Model
from penchant.models.blend_learning import Cases, cases_of, learned_offset, learned_weights
from penchant.models.moment_features import N_MOMENT, moment_features
from penchant.models.panel import Panel, PanelConfig
from penchant.models.pool import softened, standardised
from penchant.models.rehearsal import prepared
from penchant.train.run import Run


class BlendConfig(PanelConfig):
    """Settings of `blend`."""

    members: tuple[str, ...] = setting(
        ("popular", "repeats", "itemknn", "markov", "ease", "content"),
        "models that are put together, by name; label=name gives one another label, so that it can be there twice",
    )
    n_questions: int = setting(6_000, "questions that the weights are learned from", unit="questions", ge=1)
    pool: int = setting(50, "best items of each member among which the weights must find the right one", ge=1)
    penalty: float = setting(1e-3, "pulls weights to 0, and those of a kind of query to those of all", gt=0)
    hidden_items: float = setting(
        0.1, "share of items hidden from the members while learning, when new items are rare and a member knows attributes",
        ge=0, lt=1,
    )  # fmt: skip


class Blend(Model):
    """Scores float32 [B, n_items now]; NaN where no member has an opinion.

    Attributes:
        panel: the members.
        warm, cold: float64 [2 members, features], weights for items with and without events at the fit; those of the
            standardised scores of all members come first, then those of the softened ones.
        offset: float64 [features], added for items without.
    """

    config: BlendConfig
    scores_unseen = True
    rehearses = True
    panel: Panel
    warm: Float64
    cold: Float64
    offset: Float64

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        older = prepared(valid, train, self._knows_attributes(), self.config.hidden_items, run.seed)
        panel = Panel.fitted(self.config, self.name(), older.train, run)
        cases = cases_of(panel, older, self.config.n_questions, self.config.pool, run)
        self._learn(cases, len(panel.models))
        self.panel = Panel.fitted(self.config, self.name(), train, run, again=panel)
        self._describe(cases)

    def _knows_attributes(self) -> bool:
        return any(
            model.scores_unseen and model.name() not in ("popular", "repeats")
            for model, _ in self.config.member_configs(self.name()).values()
        )

    def _learn(self, cases: Cases, n_members: int) -> None:
        self.warm, self.cold = (np.zeros((2 * n_members, N_MOMENT)) for _ in range(2))
        self.offset = np.zeros(N_MOMENT)
        if len(cases.owner) == 0:
            # nothing to learn from: all members count alike
            self.warm[:n_members, 0] = self.cold[:n_members, 0] = 1.0
            return
        self.warm, self.cold, self.offset = learned_weights(cases, self.config.penalty)
        self.offset[0] += learned_offset(cases, self.warm, self.cold, self.offset)

    def _describe(self, cases: Cases) -> None:
        mean = cases.moment.mean(axis=0) if len(cases.moment) else np.eye(1, N_MOMENT)[0]
        at_mean = np.round(self.warm @ mean, 4).reshape(2, -1).T.tolist()
        self.card = {
            **self.card,
            "members": list(self.panel.models),
            "weights": dict(zip(self.panel.models, at_mean, strict=True)),
            "learned_from": cases.n_questions,
        }

    def _score(self, batch: QueryBatch) -> Float32:
        moment = moment_features(batch)
        known = self._is_known(np.arange(batch.n_items, dtype=np.int32))
        cold = np.flatnonzero(~known)
        total = np.zeros((len(batch), batch.n_items), dtype=np.float32)
        silent = np.ones((len(batch), batch.n_items), dtype=np.bool_)
        warm, cold_more = (
            (moment @ self.warm.T).astype(np.float32),
            (moment @ (self.cold - self.warm).T).astype(np.float32),
        )
        n_members = len(self.panel.models)
        for m, scores in enumerate(self.panel.scores(batch)):
            silent &= np.isnan(scores)
            z = standardised(scores, known, batch.history)
            for column, said in ((m, z), (n_members + m, softened(z))):
                total[:, cold] += said[:, cold] * cold_more[:, column, None]
                said *= warm[:, column, None]
                total += said
        total[:, cold] += (moment @ self.offset).astype(np.float32)[:, None]
        total[silent] = np.nan
        return total

    def in_world(self, catalogue: Catalogue, people: People) -> Self:
        """See `Model.in_world`; the members move along."""
        other = super().in_world(catalogue, people)
        other.panel = self.panel.in_world(catalogue, people)
        return other

    def _state(self) -> dict[str, AnyArray]:
        own = {"warm": self.warm, "cold": self.cold, "offset": self.offset}
        return {**self.panel.packed(), **own}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.panel = Panel.unpacked(self, self.config, self.card["members"], arrays)
        self.warm, self.cold, self.offset = arrays["warm"], arrays["cold"], arrays["offset"]
