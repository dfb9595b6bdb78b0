"""What is shown when nothing is left."""

from __future__ import annotations

import numpy as np

from penchant.index.allowed import Allowed
from penchant.models.popular import Popular
from penchant.pipeline.fallback import Fallback, FallbackConfig
from penchant.query import Query
from tests.pipeline.worlds import ask, world_of
from tests.toy import ITEMS, day, toy_dataset


def test_the_popular_come_first_then_all_that_is_allowed() -> None:
    world = world_of(Popular().fit(toy_dataset()))
    allowed = Allowed.of(np.asarray([item not in "d" for item in ITEMS]))
    # in the day before day 7: only e at 6.0; d is not allowed
    made = Fallback(FallbackConfig(window=1.0)).candidates(ask(world, Query(at=day(7))), allowed, 3)
    assert ITEMS[made.items[0]] == "e"
    assert made.scores.tolist() == [1.0, *[0.0] * 6]
    assert set(made.items.tolist()) == {i for i, item in enumerate(ITEMS) if item != "d"}
    assert made.sources["fallback"].all()
