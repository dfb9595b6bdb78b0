"""What is done to a model's own scores: items it cannot know have none, then popularity of the moment and circumstances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import MS_PER_DAY, Bool, Float32, Nums, frozen
from penchant.data.batch import QueryBatch
from penchant.models.circumstances import Lifts
from penchant.models.model_config import ModelConfig
from penchant.models.standing import add_popularity

_PROBES = 64
"""Items beside those that are asked for, which show how great the scores of a query are."""


def probes_of(known: Bool) -> Nums:
    """Some known items from all over the catalogue, int32, by whose scores one knows about how great those of a query are."""
    step = max(1, len(known) // _PROBES)
    probes = np.flatnonzero(known[::step]) * step
    return frozen((probes if len(probes) else np.flatnonzero(known)[:_PROBES]).astype(np.int32))


@dataclass(frozen=True, eq=False)
class Finish:
    """How the scores of a model are finished.

    Attributes:
        known: bool [n_fit], whether the item had an event in the training log.
        lifts: how circumstances raise each item; None where they do not.
        scores_unseen: whether the model has an opinion about other items.
        probes: int32, some known items, see `probes_of`.
    """

    config: ModelConfig
    known: Bool
    lifts: Lifts | None
    scores_unseen: bool
    probes: Nums

    def all_items(self, scores: Float32, batch: QueryBatch) -> Float32:
        """The finished scores of the whole catalogue, float32 [B, batch.n_items].

        Args:
            scores: float32 [B, n_fit], or of more items; may be overwritten.
            batch: what was asked.
        """
        if scores.shape[1] < batch.n_items:
            wide = np.empty((len(batch), batch.n_items), dtype=np.float32)
            wide[:, : scores.shape[1]] = scores
            wide[:, scores.shape[1] :] = np.nan
            scores = wide
        known = np.zeros(batch.n_items, dtype=np.bool_)
        known[: len(self.known)] = self.known
        late = np.flatnonzero(~known)
        if not self.scores_unseen:
            scores[:, late] = np.nan
        if self.config.popularity_behind:
            counts = batch.popularity.as_of(batch.at, half_life=self._half_life)
            add_popularity(scores, counts, known, self.config.popularity_weight)
        if self.lifts is not None:
            self.lifts.multiply(scores, batch, self.config.context_lift)
        return scores

    def with_probes(self, items: Nums) -> Nums | None:
        """The items whose scores `some_items` needs to finish those of `items`; None where it needs all.

        Popularity that only decides between equals needs to know about how great the scores are; where it weighs more, it must
        know exactly.
        """
        if not self.config.popularity_behind:
            return items
        if self.config.popularity_weight > 0:
            return None
        return np.concatenate([items, self.probes])

    def some_items(self, scores: Float32, batch: QueryBatch, items: Nums) -> Float32:
        """The finished scores of items that come from `with_probes`, float32 [B, C]; `scores` may be overwritten."""
        known: Bool = self.known.take(items, mode="clip") & (items < len(self.known))
        if not self.scores_unseen and not known.all():
            scores[:, ~known] = np.nan
        if self.config.popularity_behind:
            counts, peak = batch.popularity.of_items(batch.at, items, half_life=self._half_life)
            add_popularity(scores, counts, known, 0.0, peak)
        if self.lifts is not None:
            self.lifts.multiply(scores, batch, self.config.context_lift, items)
        return scores

    @property
    def _half_life(self) -> float:
        return self.config.popularity_half_life * MS_PER_DAY
