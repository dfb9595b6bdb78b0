"""The diversity dial: choices by hand, and its two ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.index.build import build_index
from penchant.pipeline.rerankers.mmr import Mmr, MmrConfig, by_attributes, by_vectors, chosen
from penchant.pipeline.stages import Candidates
from penchant.query import Query
from tests.pipeline.expression.shop import IDS, WORLD
from tests.pipeline.worlds import ask, world_of


def test_choices_by_hand() -> None:
    relevance = np.asarray([1.0, 0.9, 0.5, 0.0], dtype=np.float32)
    likeness = np.asarray([[1, 0.9, 0.1, 0], [0.9, 1, 0.1, 0], [0.1, 0.1, 1, 0], [0, 0, 0, 1]], dtype=np.float32)
    # at 0.5, behind 0: 1 is worth .45 - .45 = 0, 2 is worth .25 - .05 = .2, 3 is worth 0. Then behind 0 and 2: 1 and 3 are both
    # worth 0, and the one ranked before goes first (.45 - .45 and 0 - 0)
    assert chosen(relevance, likeness, 0.5, 4).tolist() == [0, 2, 1, 3]
    assert chosen(relevance, likeness, 0.0, 4).tolist() == [0, 1, 2, 3]
    # at 1 only difference counts: behind 0 the least like is 3, then 2, then 1
    assert chosen(relevance, likeness, 1.0, 3).tolist() == [0, 3, 2]


def test_likeness_by_attributes() -> None:
    items = np.asarray([IDS.index(x) for x in "adgcf"], dtype=np.int32)
    likeness = by_attributes(WORLD.catalogue, items)
    # a and d: brand acme against bolt 0, genre {jazz, slow} and {jazz} 1/2, d has no country: (0 + 1/2) / 2
    assert likeness[0, 1] == pytest.approx(0.25)
    # a and g: brands differ, one of two genres shared, countries differ: (0 + 1/2 + 0) / 3
    assert likeness[0, 2] == pytest.approx(1 / 6)
    # a and c: only the country is known of c, and it is the same
    assert likeness[0, 3] == 1.0
    assert likeness[3, 4] == 1.0
    assert np.array_equal(likeness, likeness.T)
    assert by_attributes(WORLD.catalogue, items, ["genre"])[0, 1] == 0.5


def test_likeness_by_vectors() -> None:
    vectors = np.asarray([[1, 0], [2, 2], [np.nan, 1], [0, 0]], dtype=np.float32)
    expected = np.zeros((4, 4))
    expected[:2, :2] = [[1, 0.5**0.5], [0.5**0.5, 1]]
    assert by_vectors(vectors)[:2, :2] == pytest.approx(expected[:2, :2])
    assert by_vectors(vectors)[3].tolist() == [0, 0, 0, 0]
    assert by_vectors(vectors)[0, 2] == 0


def reranked(k: int, **settings: object) -> str:
    vectors = np.asarray([[1, 0], [1, 0.1], [0, 1], [-1, 0], [1, 0], [1, 0], [1, 0]], dtype=np.float32)
    world = world_of(WORLD.model, index=build_index(vectors))
    scores = np.asarray([7, 6.9, 6, 1, 0.9, 0.8, np.nan], dtype=np.float32)
    found = Candidates.of(np.arange(7, dtype=np.int32), scores, "model")
    made = Mmr(MmrConfig.parse(settings)).rerank(ask(world, Query(k=k)), found, k)
    assert sorted(made.items.tolist()) == list(range(7))
    assert np.array_equal(made.scores, scores[made.items], equal_nan=True)
    return "".join(IDS[item] for item in made.items.tolist())


def test_the_dial_turns_from_scores_to_difference() -> None:
    assert reranked(3, diversity=0.0) == "abcdefg"
    # b is nearly a; c is at a right angle to a and scores little less
    assert reranked(3, diversity=0.3)[:2] == "ac"
    # the opposite of a is the least like it
    assert reranked(3, diversity=1.0)[:3] == "adc"
    # by attributes, a and b share a brand and nothing else: 1/3
    assert reranked(3, diversity=0.3, by="attributes")[:2] == "ab"


def test_vectors_that_are_not_there_are_an_error() -> None:
    found = Candidates.of(np.arange(3, dtype=np.int32), np.asarray([3, 2, 1], dtype=np.float32), "model")
    with pytest.raises(ValueError, match="by = vectors"):
        Mmr(MmrConfig(by="vectors")).rerank(ask(WORLD, Query(k=2)), found, 2)


@given(
    n=st.integers(2, 8), diversity=st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]), seed=st.integers(0, 1000), data=st.data()
)
def test_every_choice_is_the_best_of_those_left(n: int, diversity: float, seed: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    relevance = np.sort(rng.random(n).astype(np.float32))[::-1].copy()
    likeness = rng.random((n, n)).astype(np.float32)
    order = chosen(relevance, likeness, diversity, data.draw(st.integers(1, n))).tolist()
    for place, item in enumerate(order):
        before = order[:place]

        def worth(j: int, before: list[int] = before) -> float:
            nearest = max((float(likeness[i, j]) for i in before), default=0.0)
            return (1 - diversity) * float(relevance[j]) - diversity * nearest

        assert worth(item) >= max(worth(j) for j in range(n) if j not in before) - 1e-6
