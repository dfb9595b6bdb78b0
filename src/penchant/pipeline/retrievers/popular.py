"""What was chosen most of late, by everybody."""

from __future__ import annotations

from typing import Literal

import numpy as np

from penchant.config import Config, setting
from penchant.data.arrays import MS_PER_DAY, Float32, Nums
from penchant.index.allowed import Allowed
from penchant.pipeline.asked import Asked, World
from penchant.pipeline.kept import Kept
from penchant.pipeline.ordering import best_first

_STEP = 60_000
"""Milliseconds for which one count serves; taken at their beginning, so that nothing later than the question counts."""

_FRONT = 2_000
"""Most chosen items that are kept in order; enough for nearly every question."""


class PopularConfig(Config):
    """Settings of the retriever `popular`."""

    use: Literal["popular"] = "popular"
    n: int = setting(50, "items proposed at most", unit="items", ge=1, le=100_000)
    window: float = setting(7.0, "age up to which a choice counts", unit="days", gt=0)


class ByPopularity:
    """Retrieves the items with the greatest weight of events in a window before the question.

    Counts are taken once a minute of questions and kept with the popularity log, so that a question costs O(n) after the first
    of its minute; that one costs O(n_items + events of the window), see `PopularityLog.as_of`.
    """

    name = "popular"

    def __init__(self, config: PopularConfig | None = None) -> None:
        self.config = config or PopularConfig()

    def retrieve(self, asked: Asked, allowed: Allowed | None, n: int) -> tuple[Nums, Float32]:
        """See `Retriever`; the scores are NaN, counts are no scores of the model."""
        items, _ = most_chosen(asked.world, int(asked.batch.at[0]), self.config.window, allowed, n)
        return items, np.full(len(items), np.nan, dtype=np.float32)


def most_chosen(world: World, at: int, window: float, allowed: Allowed | None, n: int) -> tuple[Nums, Float32]:
    """The `n` items chosen most in `window` days before the minute of `at` (milliseconds), and their weights; best first.

    Where nothing was chosen in the window, for instance long after the end of the log, the window ends with the newest event.
    """
    counts, front = _counted(world, at, window)
    # no more of them can be in the way than are forbidden
    items = front[: n + (0 if allowed is None else allowed.forbidden)]
    if allowed is not None:
        items = items[allowed.holds(items)]
    if len(items) < n and len(front) == _FRONT:
        items = np.flatnonzero(counts > 0 if allowed is None else (counts > 0) & allowed.mask).astype(np.int32)
        items = items[best_first(counts[items], items)]
    items = items[:n]
    return items, counts[items]


_COUNTS: Kept[tuple[Float32, Nums]] = Kept(4)


def _counted(world: World, at: int, window: float) -> tuple[Float32, Nums]:
    """Weights of all items, float32 [n_items], and the numbers of the `_FRONT` greatest that are not 0, best first."""
    log = world.catalogue.popularity
    moment = at // _STEP * _STEP if world.catalogue.timed else at
    ends = int(np.searchsorted(log.at, moment, side="left"))
    length = int(window * MS_PER_DAY)
    if ends and moment - int(log.at[ends - 1]) > length:
        moment = int(log.at[ends - 1]) + 1

    def count() -> tuple[Float32, Nums]:
        counts = log.as_of(np.asarray([moment], dtype=np.int64), window=length)[0]
        some = np.flatnonzero(counts > 0).astype(np.int32)
        if len(some) > 4 * _FRONT:
            least = np.partition(counts[some], len(some) - _FRONT)[len(some) - _FRONT]
            some = some[counts[some] >= least]
        return counts, some[best_first(counts[some], some)][:_FRONT]

    return _COUNTS.get(log, (moment, length), count)
