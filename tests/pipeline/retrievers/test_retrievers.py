"""What each retriever proposes, and what it costs the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from penchant.data.arrays import Nums
from penchant.data.dataset import Dataset
from penchant.index.allowed import Allowed
from penchant.index.build import build_index
from penchant.models.popular import Popular
from penchant.pipeline.asked import Asked, World
from penchant.pipeline.retrievers.fresh import FreshItems
from penchant.pipeline.retrievers.model import ByModel
from penchant.pipeline.retrievers.own import OwnRepeats
from penchant.pipeline.retrievers.popular import ByPopularity, PopularConfig, most_chosen
from penchant.pipeline.settings import PipelineConfig, build_pipeline
from penchant.query import Past, Query
from tests.models.toys import tiny_log
from tests.pipeline.vector_model import OnACircle
from tests.pipeline.worlds import ask, world_of
from tests.toy import ITEMS, day, toy_dataset

N = 40


def circle() -> Dataset:
    names = [f"i{i}" for i in range(N)]
    return tiny_log(" ".join(f"ann:{name}" for name in names), " ".join(names), people="ann")


def on_a_circle(with_index: bool = True) -> World:
    model = OnACircle().fit(circle())
    return world_of(model, index=build_index(model.item_vectors()) if with_index else None)


def asking(world: World, *past: str, exact: bool = False, **more: object) -> Asked:
    history = tuple(Past(item_id=item) for item in past)
    return ask(world, Query(history=history, at=1e8, **more), exact=exact)  # type: ignore[arg-type]


def around(item: int, n: int) -> set[int]:
    """The `n` (odd) items around one on the circle."""
    return {(item + step) % N for step in range(-(n // 2), n // 2 + 1)}


def names(items: Nums, of: Sequence[str] = ITEMS) -> list[str]:
    return [of[i] for i in items.tolist()]


def test_vectors_are_searched_where_there_is_an_index() -> None:
    world = on_a_circle()
    items, scores = ByModel().retrieve(asking(world, "i3", "i10"), None, 5)
    assert set(items.tolist()) == around(10, 5)
    assert items[0] == 10
    assert np.isnan(scores).all()
    allowed = Allowed.of(np.arange(N) != 11)
    items, _ = ByModel().retrieve(asking(world, "i10"), allowed, 3)
    assert items.tolist() == [10, 9, 8] or items.tolist() == [10, 9, 12]
    assert isinstance(world.model, OnACircle)
    assert world.model.scored_all == 0


@pytest.mark.parametrize("case", ["no index", "exact", "no vector"])
def test_everything_is_scored_otherwise_and_only_once(case: str) -> None:
    world = on_a_circle(with_index=case != "no index")
    asked = asking(world, *([] if case == "no vector" else ["i10"]), exact=case == "exact")
    answer = build_pipeline(PipelineConfig.parse({"retrieve": [{"use": "model"}]})).answer(asked)
    assert len(answer.items) == 10
    assert isinstance(world.model, OnACircle)
    assert (world.model.scored_all, world.model.scored_some) == (1, 0)


def test_a_served_list_costs_one_scoring_of_the_retrieved_alone() -> None:
    world = on_a_circle()
    answer = build_pipeline().answer(asking(world, "i10", k=5))
    assert {item.item_id for item in answer.items} == {f"i{i}" for i in around(10, 5)}
    assert isinstance(world.model, OnACircle)
    assert (world.model.scored_all, world.model.scored_some) == (0, 1)
    exact = build_pipeline().answer(asking(world, "i10", k=5, exact=True))
    assert [item.item_id for item in exact.items] == [item.item_id for item in answer.items]


@pytest.mark.parametrize("exact", [False, True])
def test_few_allowed_items_are_scored_alone_unless_all_are_to_be(exact: bool) -> None:
    world = on_a_circle()
    answer = build_pipeline().answer(asking(world, "i10", exact=exact, candidates=("i9",)))
    assert [item.item_id for item in answer.items] == ["i9"]
    assert isinstance(world.model, OnACircle)
    assert (world.model.scored_all, world.model.scored_some) == ((1, 0) if exact else (0, 1))


def test_an_index_may_hold_fewer_rows_than_the_catalogue() -> None:
    world = on_a_circle()
    smaller = replace(world, index=build_index(np.ascontiguousarray(world.model.item_vectors()[:20])))  # type: ignore[attr-defined]
    items, _ = ByModel().retrieve(asking(smaller, "i19"), Allowed(N), 3)
    assert set(items.tolist()) == {17, 18, 19}


def test_items_like_one_by_their_vectors() -> None:
    world = on_a_circle()
    answer = build_pipeline().answer(asking(world, "i30", similar_to="i10", k=4))
    assert {item.item_id for item in answer.items} == {"i8", "i9", "i11", "i12"}
    # a step around the circle is 9 degrees
    assert answer.items[0].score == pytest.approx(np.cos(np.pi * 9 / 180), rel=1e-5)
    assert {item.sources for item in answer.items} == {("similar",)}
    assert [item.score for item in answer.items] == sorted((item.score for item in answer.items), reverse=True)


def test_what_is_like_one_keeps_to_the_filters() -> None:
    query = Query(at=1e8, similar_to="i10", k=2, exclude=frozenset({"i9"}))
    answer = build_pipeline().answer(ask(on_a_circle(), query, withheld=["i11"]))
    assert {item.item_id for item in answer.items} == {"i8", "i12"}


def test_popularity_counts_a_window_before_the_question() -> None:
    world = world_of(Popular().fit(toy_dataset()))
    # in the two days before day 4.5: e and f 2.5, d 3.0, d 3.25, a 3.5, e 4.0 (a buy, 3), a 4.25
    items, weight = most_chosen(world, int(day(4.5) * 1000), 2.0, None, 9)
    assert dict(zip(names(items), weight.tolist(), strict=True)) == {"e": 4.0, "d": 2.0, "a": 2.0, "f": 1.0}
    asked = ask(world, Query(at=day(4.5)))
    items, scores = ByPopularity(PopularConfig(window=2.0)).retrieve(asked, None, 1)
    assert names(items) == ["e"]
    assert np.isnan(scores).all()
    without_e = Allowed.of(np.asarray([item != "e" for item in ITEMS]))
    items, _ = ByPopularity(PopularConfig(window=2.0)).retrieve(asked, without_e, 9)
    assert set(names(items)) == {"a", "d", "f"}


def test_nothing_at_or_after_the_question_counts() -> None:
    world = world_of(Popular().fit(toy_dataset()))
    # the event of day 4.0 lies in the minute of the question
    items, _ = most_chosen(world, int((day(4.0) + 30) * 1000), 0.1, None, 9)
    assert "e" not in names(items)


def test_long_after_the_end_of_the_log_its_last_window_counts() -> None:
    world = world_of(Popular().fit(toy_dataset()))
    # the window ends just after e at 6.0, so it begins just after c at 5.0: d at 5.5 and g at 5.25 are in it
    items, _ = most_chosen(world, int(day(400) * 1000), 1.0, None, 9)
    assert set(names(items)) == {"d", "e", "g"}


def test_own_items_come_newest_first_where_repeats_are_allowed() -> None:
    world = world_of(Popular().fit(toy_dataset()))
    # ann: a b c a d
    assert names(OwnRepeats().retrieve(ask(world, Query(user_id="ann", at=day(7))), None, 3)[0]) == ["d", "a", "c"]
    allowed = Allowed.of(np.asarray([item != "a" for item in ITEMS]))
    assert names(OwnRepeats().retrieve(ask(world, Query(user_id="ann", at=day(7))), allowed, 9)[0]) == ["d", "c", "b"]
    excluding = ask(world, Query(user_id="ann", at=day(7), repeats="exclude"))
    assert len(OwnRepeats().retrieve(excluding, None, 9)[0]) == 0


def test_fresh_items_come_newest_first() -> None:
    world = world_of(Popular().fit(toy_dataset()), fresh=[7, 6, 5])
    asked = ask(world, Query(at=day(7)))
    allowed = Allowed.of(np.asarray([item != "g" for item in ITEMS]))
    assert FreshItems().retrieve(asked, None, 2)[0].tolist() == [7, 6]
    assert FreshItems().retrieve(asked, allowed, 2)[0].tolist() == [7, 5]
