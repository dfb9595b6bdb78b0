"""What a model folder keeps of each person."""

from __future__ import annotations

import numpy as np

from penchant.models.recent import recent
from tests.evaluate.logs import dataset


def test_the_newest_events_and_one_of_every_other_item() -> None:
    # person 0: items 0 1 0 2 0 3; the newest two events are 0 and 3, and of the items before them 1 and 2 keep one event
    data = dataset(np.zeros(6, dtype=int), np.asarray([0, 1, 0, 2, 0, 3]), np.arange(6) * 1000)
    kept = recent(data.people(), 2).sequences.log
    assert kept.item.tolist() == [1, 2, 0, 3] and kept.at.tolist() == [1000, 3000, 4000, 5000]


def test_short_pasts_are_kept_whole() -> None:
    people = dataset(np.asarray([0, 1, 0]), np.asarray([0, 0, 1]), np.arange(3) * 1000).people()
    assert recent(people, 2) is people
