"""Exploration: now and then a place is given to a drawn item, and every item says with which probability it got its place.

Logged propensities are what makes a list useful for estimating what another list would have done (inverse propensity scoring,
Horvitz & Thompson 1952; Swaminathan & Joachims 2015).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from penchant.config import Config, setting
from penchant.pipeline.asked import Asked
from penchant.pipeline.contract import among
from penchant.pipeline.stages import Candidates


class ExploreConfig(Config):
    """Settings of the reranker `explore`."""

    use: Literal["explore"] = "explore"
    epsilon: float = setting(0.05, "probability with which a place is given to a drawn item", ge=0, le=1)
    draw_from: Literal["candidates", "fresh"] = setting(
        "candidates",
        "what is drawn from: candidates: all that was retrieved and did not make the list; fresh: the new items of it",
    )
    first_place: int = setting(1, "places before it are never given away", ge=1)


class Explore:
    """Gives each place, with probability epsilon and independently, to an item drawn evenly from those behind the list.

    Let m be the number of items that can be drawn. Of the places that may be given away only the last m are, so that there is
    always something left to draw; then each of them holds any given drawn item with probability ``epsilon / m``, because
    draws without replacement are alike in every place, and keeps its own with ``1 - epsilon``. An item drawn without a score
    takes the lowest of the list. Must be the last reranker: what follows would change the places.
    """

    name = "explore"

    def __init__(self, config: ExploreConfig | None = None) -> None:
        self.config = config or ExploreConfig()

    def rerank(self, asked: Asked, ranked: Candidates, k: int) -> Candidates:
        """See `Reranker`. O(n) time; draws from ``asked.rng`` alone."""
        shown = min(k, int(np.isfinite(ranked.scores).sum()))
        behind = np.arange(shown, len(ranked))
        if self.config.draw_from == "fresh":
            behind = behind[among(ranked.items[behind], asked.world.fresh)]
        most = min(max(0, shown - self.config.first_place + 1), len(behind))
        if most == 0 or self.config.epsilon == 0:
            return ranked
        given = shown - most + np.flatnonzero(asked.rng.random(most) < self.config.epsilon)
        drawn = asked.rng.choice(behind, len(given), replace=False)
        place = np.arange(shown)
        place[given] = drawn
        rest = np.delete(np.arange(len(ranked)), place)
        scores, propensity = ranked.scores.copy(), ranked.propensity.copy()
        low = float(scores[:shown].min())
        scores[drawn] = np.where(np.isfinite(scores[drawn]), scores[drawn], low)
        propensity[shown - most : shown] *= 1 - self.config.epsilon
        propensity[drawn] = self.config.epsilon / len(behind)
        explored = np.zeros(len(ranked), dtype=np.bool_)
        explored[drawn] = True
        made = Candidates(
            items=ranked.items,
            scores=scores,
            propensity=propensity,
            sources={**ranked.sources, self.name: explored},
        )
        return made.take(np.concatenate([place, rest]))
