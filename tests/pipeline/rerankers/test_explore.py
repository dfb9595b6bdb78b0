"""Exploration: propensities are the probabilities with which items get their places."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from penchant.pipeline.rerankers.explore import Explore, ExploreConfig
from penchant.pipeline.settings import PipelineConfig, build_pipeline
from penchant.pipeline.stages import Candidates
from penchant.query import Query
from penchant.rng import generator
from tests.pipeline.expression.shop import WORLD
from tests.pipeline.worlds import ask, world_of

NAN = float("nan")


def ranked(*scores: float) -> Candidates:
    return Candidates.of(np.arange(len(scores), dtype=np.int32), np.asarray(scores, dtype=np.float32), "model")


At = tuple[int, int]


def draws(explore: Explore, candidates: Candidates, k: int, times: int) -> tuple[Counter[At], dict[At, float]]:
    """How often each item had each place (item, place), and the propensity that was logged for it."""
    count: Counter[tuple[int, int]] = Counter()
    logged: dict[tuple[int, int], float] = {}
    asked = replace(ask(WORLD, Query(k=k)), draw=lambda: generator(1, "explore"))
    for _ in range(times):
        made = explore.rerank(asked, candidates, k)
        assert len(set(made.items.tolist())) == len(made)
        for place, item in enumerate(made.items[:k].tolist()):
            count[item, place] += 1
            assert logged.setdefault((item, place), float(made.propensity[place])) == float(made.propensity[place])
    return count, logged


@pytest.mark.parametrize(
    ("first", "pool", "expected"),
    [
        # six candidates, a list of 3, so 3 can be drawn: each place keeps its own with 0.7 and holds each other one with 0.1
        (
            1,
            6,
            {
                (0, 0): 0.7,
                (1, 1): 0.7,
                (2, 2): 0.7,
                **{(item, place): 0.1 for item in (3, 4, 5) for place in (0, 1, 2)},
            },
        ),
        # the first place is never given away
        (
            2,
            6,
            {(0, 0): 1.0, (1, 1): 0.7, (2, 2): 0.7, **{(item, place): 0.1 for item in (3, 4, 5) for place in (1, 2)}},
        ),
        # only one can be drawn: the last place alone is given away
        (1, 4, {(0, 0): 1.0, (1, 1): 1.0, (2, 2): 0.7, (3, 2): 0.3}),
        # two: the last two places
        (1, 5, {(0, 0): 1.0, (1, 1): 0.7, (2, 2): 0.7, **{(item, place): 0.15 for item in (3, 4) for place in (1, 2)}}),
    ],
)
def test_propensities_are_probabilities(first: int, pool: int, expected: dict[tuple[int, int], float]) -> None:
    explore = Explore(ExploreConfig(epsilon=0.3, first_place=first))
    times = 8_000
    count, logged = draws(explore, ranked(*range(10, 10 - pool, -1)), 3, times)
    assert logged.keys() == expected.keys()
    for at, probability in expected.items():
        assert logged[at] == pytest.approx(probability, rel=1e-6)
        # five standard errors of a share
        assert abs(count[at] / times - probability) <= 5 * (probability * (1 - probability) / times) ** 0.5
    for place in range(3):
        assert sum(p for (_, where), p in logged.items() if where == place) == pytest.approx(1.0, rel=1e-6)


def test_weighing_by_propensities_shows_what_any_list_would_have_earned() -> None:
    # value of an item = its number; a list that showed 3, 4 and 5 would earn 12. Weights of 1 / propensity estimate that from
    # lists drawn here: each of the three places holds any of them with 0.1
    explore, asked = (
        Explore(ExploreConfig(epsilon=0.3)),
        replace(ask(WORLD, Query(k=3)), draw=lambda: generator(2, "explore")),
    )
    wanted = {0: 3, 1: 4, 2: 5}
    earned = []
    for _ in range(8_000):
        made = explore.rerank(asked, ranked(9, 8, 7, 6, 5, 4), 3)
        shown = zip(range(3), made.items.tolist(), made.propensity.tolist(), strict=False)
        earned.append(sum(item / chance for place, item, chance in shown if wanted[place] == item))
    error = float(np.std(earned)) / len(earned) ** 0.5
    assert abs(float(np.mean(earned)) - 12) < 4 * error < 2.0


def test_nothing_to_draw_or_no_wish_to_leaves_the_list() -> None:
    asked = ask(WORLD, Query(k=3))
    three = ranked(3, 2, 1)
    assert Explore(ExploreConfig(epsilon=1.0)).rerank(asked, three, 3) is three
    assert Explore(ExploreConfig(epsilon=0.0)).rerank(asked, ranked(3, 2, 1, 0), 3).items.tolist() == [0, 1, 2, 3]


def test_an_item_without_a_score_takes_the_lowest() -> None:
    made = Explore(ExploreConfig(epsilon=1.0)).rerank(ask(WORLD, Query(k=2)), ranked(3, 2, NAN), 2)
    # of two places only the last is given away, as one item can be drawn
    assert made.items.tolist() == [0, 2, 1]
    assert made.scores[:2].tolist() == [3.0, 2.0]
    assert made.sources["explore"].tolist() == [False, True, False]


def test_only_fresh_items_are_drawn_when_asked_for() -> None:
    world = world_of(WORLD.model, fresh=[5])
    explore = Explore(ExploreConfig(epsilon=1.0, draw_from="fresh"))
    made = explore.rerank(ask(world, Query(k=3)), ranked(9, 8, 7, 6, 5, NAN, NAN), 3)
    assert made.items[:3].tolist() == [0, 1, 5]


def test_the_same_seed_draws_the_same_list() -> None:
    pipeline = build_pipeline(PipelineConfig.parse({"rerank": [{"use": "explore", "epsilon": 0.5}]}))
    lists = [
        [x.item_id for x in pipeline.answer(ask(WORLD, Query(at=9e5, k=3), seed=seed)).items]
        for seed in (1, 1, 2, 3, 4)
    ]
    assert lists[0] == lists[1]
    assert any(one != lists[0] for one in lists[2:])
