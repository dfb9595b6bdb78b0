"""What was chosen most of late, by everybody."""

from __future__ import annotations

from secrets import token_hex

import numpy as np

from penchant.data.arrays import MS_PER_DAY
from penchant.models.topk import top_k
from penchant.pipeline.asked import Asked
from penchant.pipeline.course import Course
from penchant.pipeline.filters import STANDARD
from penchant.pipeline.gathering import allowed_items
from penchant.pipeline.where import Where, checked_where
from penchant.service.nouns import Served
from penchant.slate import Recommendation, Slate

SOURCE = "trending"


def trending(question: Asked, *, upto: int, window: float | None) -> Served:
    """The `k` items with the greatest popularity as of the question's `at`, as far as its world knows the log.

    Args:
        window: only choices of the last so many seconds count; None lets them fade with the model's half-life.

    Raises:
        UnknownName, BadConfig: the question's `where` is no expression of this catalogue.
    """
    world, k, where = question.world, question.query.k, question.query.where
    own = () if where is None else (Where(checked_where(where, world.catalogue)),)
    allowed = allowed_items(Course(), question, (*STANDARD, *own))
    moment = question.batch.at
    popularity, config = world.catalogue.popularity, world.model.config
    if window is None:
        counts = popularity.as_of(moment, half_life=config.popularity_half_life * MS_PER_DAY)
    else:
        counts = popularity.as_of(moment, window=window * 1000)
    counts[0, ~allowed.mask | (counts[0] <= 0)] = np.nan
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
    slate = Slate(recommendation_id=token_hex(12), items=items, model_version=world.version)
    return Served(slate=slate, at=int(moment[0]) / 1000, log_offset=upto, titles=titles)
