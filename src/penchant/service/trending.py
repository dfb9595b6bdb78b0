"""What was chosen most of late, by everybody."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import MS_PER_DAY, Bool
from penchant.models.topk import top_k
from penchant.pipeline.asked import World
from penchant.service.nouns import Served
from penchant.slate import Recommendation, Slate

SOURCE = "trending"


def trending(
    world: World, allowed: Bool, k: int, at: float, upto: int, recommendation_id: str, window: float | None
) -> Served:
    """The `k` items with the greatest popularity as of `at` (seconds), as far as the world knows the log.

    Args:
        allowed: bool [n_items].
        window: only choices of the last so many seconds count; None lets them fade with the model's half-life.
    """
    moment = np.asarray([round(at * 1000)], dtype=np.int64)
    popularity, config = world.catalogue.popularity, world.model.config
    if window is None:
        counts = popularity.as_of(moment, half_life=config.popularity_half_life * MS_PER_DAY)
    else:
        counts = popularity.as_of(moment, window=window * 1000)
    counts[0, ~allowed | (counts[0] <= 0)] = np.nan
    best = top_k(counts, k)
    n = int(best.n[0])
    numbers = best.items[0, :n]
    ids = world.catalogue.items.ids_of(numbers)
    scores = best.scores[0, :n].tolist()
    items = tuple(
        Recommendation(item_id=item, rank=rank, score=score, sources=(SOURCE,))
        for rank, (item, score) in enumerate(zip(ids, scores, strict=True), 1)
    )
    titles = {item: title for item, n in zip(ids, numbers.tolist(), strict=True) if (title := world.catalogue.title(n))}
    slate = Slate(recommendation_id=recommendation_id, items=items, model_version=world.version)
    return Served(slate=slate, at=at, log_offset=upto, titles=titles)
