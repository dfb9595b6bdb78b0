"""Gradient-boosted trees that rank the best items of a few simple models.

When to use it: with some ten thousand events or more, where what decides differs from moment to moment; what practitioners
run. Items outside the candidates come behind them, by popularity. Needs the extra `gbdt`. Cost: two fits of every member, one
answer of every member to `n_questions`, `rounds` trees over `n_questions` times about ``pool x members`` candidates; a query
costs what its members cost, three passes over popularity and the trees over its candidates. Sources: Ke et al., "LightGBM: A
Highly Efficient Gradient Boosting Decision Tree", 2017; Burges, "From RankNet to LambdaRank to LambdaMART", 2010, section 7.
Ours are the columns (`candidate_features`): each is as of the moment of the question, in learning as in serving.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from penchant.config import setting
from penchant.data.arrays import AnyArray, Bool, Float32, Int64
from penchant.data.batch import QueryBatch
from penchant.data.catalogue import Catalogue, People
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.errors import UserError
from penchant.models.attributes import under
from penchant.models.base import Model
from penchant.models.candidate_features import candidate_features
from penchant.models.circumstances import Lifts
from penchant.models.gbdt_learning import learned_trees
from penchant.models.panel import Panel, PanelConfig
from penchant.models.pool import Pool, pooled
from penchant.models.rehearsal import blocks, prepared
from penchant.train.run import Run


class GbdtConfig(PanelConfig):
    """Settings of `gbdt`."""

    members: tuple[str, ...] = setting(
        ("popular", "repeats", "itemknn", "markov"),
        "models whose best items are the candidates; label=name gives one another label, so that it can be there twice",
    )
    n_questions: int = setting(12_000, "questions that the trees are learned from", unit="questions", ge=1)
    pool: int = setting(50, "best items of each member that are candidates", ge=1)
    rounds: int = setting(400, "most trees; fewer when a fifth of the people says so", unit="trees", ge=1)
    learning_rate: float = setting(0.05, "what each tree counts", gt=0, le=1)
    n_leaves: int = setting(31, "leaves of a tree", ge=2)
    least_rows: int = setting(100, "candidates that a leaf must hold", unit="candidates", ge=1)


class Gbdt(Model):
    """Scores float32 [B, n_items now]: above 0 for candidates, NaN for others.

    Attributes:
        panel: the members.
        trees: the ensemble (lightgbm.Booster).
        first_at: int64 [n_fit], time of each item's first event in the training log; -1 without one.
        moods: how circumstances raise each item, a column of the trees.
    """

    config: GbdtConfig
    scores_unseen = True
    rehearses = True
    panel: Panel
    trees: Any
    first_at: Int64
    moods: Lifts

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        _lightgbm()
        older = prepared(valid, train, False, 0.0, run.seed)
        self._prepare(older.train, run, None)
        parts = []
        asked = 0
        for block in blocks(older, most=self.config.n_questions, seed=run.seed):
            scores = self.panel.scores(block.batch)
            pool = pooled(scores, self.config.pool, block.allowed)
            n_items = block.batch.n_items
            chosen = np.isin(pool.owner * n_items + pool.item, block.targets.keys(n_items))
            parts.append((self._features(block.batch, scores, pool), pool.owner, chosen, block.batch.user))
            asked += len(block.batch)
            run.reporter.progress("gbdt: candidates", min(asked, self.config.n_questions), self.config.n_questions)
        self.trees = learned_trees(parts, self.config.model_dump(), run)
        self._prepare(train, run, self.panel)
        self.card = {**self.card, "members": list(self.panel.models), "trees": self.trees.num_trees()}

    def _prepare(self, train: Dataset, run: Run, again: Panel | None) -> None:
        """Everything but the trees."""
        self.panel = Panel.fitted(self.config, self.name(), train, run, again=again)
        log = train.interactions
        self.first_at = np.full(train.n_items, -1, dtype=np.int64)
        items, rows = np.unique(log.item, return_index=True)
        self.first_at[items] = log.at[rows]
        self.moods = Lifts.of(log, train.n_items, time_zone=train.schema.time_zone, timed=train.timed)

    def _features(self, batch: QueryBatch, scores: list[Float32], pool: Pool) -> Float32:
        kinds = len(self.catalogue.schema.kinds)
        return candidate_features(batch, scores, pool, self.first_at, self.moods, kinds)

    def _score(self, batch: QueryBatch) -> Float32:
        scores = self.panel.scores(batch)
        pool = pooled(scores, self.config.pool, self._open(batch))
        found = np.full((len(batch), batch.n_items), np.nan, dtype=np.float32)
        if len(pool.owner):
            worth = self.trees.predict(self._features(batch, scores, pool)).astype(np.float32)
            # trees know no zero: the worst candidate of each query gets 1, so that all stand above what is no candidate
            least = np.full(len(batch), np.inf, dtype=np.float32)
            np.minimum.at(least, pool.owner, worth)
            found[pool.owner, pool.item] = worth - least[pool.owner] + 1
        return found

    def _open(self, batch: QueryBatch) -> Bool | None:
        """Where the log's own rule keeps items of the past out of lists, they take no candidate's place."""
        if self.catalogue.schema.repeats == "allow":
            return None
        allowed = np.ones((len(batch), batch.n_items), dtype=np.bool_)
        allowed[batch.history.owner, batch.history.item] = False
        return allowed

    def in_world(self, catalogue: Catalogue, people: People) -> Self:
        """See `Model.in_world`; the members move along."""
        other = super().in_world(catalogue, people)
        other.panel = self.panel.in_world(catalogue, people)
        return other

    def _state(self) -> dict[str, AnyArray]:
        text = np.frombuffer(self.trees.model_to_string().encode(), dtype=np.uint8)
        moods = {f"moods:{key}": part for key, part in self.moods.packed().items()}
        return {**self.panel.packed(), **moods, "trees": text, "first_at": self.first_at}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.panel = Panel.unpacked(self, self.config, self.card["members"], arrays)
        self.first_at = arrays["first_at"]
        self.moods = Lifts.unpacked(under(arrays, "moods:")) or Lifts(tables={})
        self.trees = _lightgbm().Booster(model_str=arrays["trees"].tobytes().decode())


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError:
        raise UserError("gbdt: needs the package lightgbm; install the extra: pip install 'penchant[gbdt]'") from None
    return lightgbm
