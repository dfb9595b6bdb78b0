"""The request path as a whole: equal to the model where it should be, and never beyond the contract whatever its stages do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import UnknownId
from penchant.index.allowed import Allowed
from penchant.models.base import Model
from penchant.pipeline import filters, gathering
from penchant.pipeline.asked import Asked
from penchant.pipeline.pipeline import Answer, Pipeline
from penchant.pipeline.settings import PipelineConfig, build_pipeline
from penchant.pipeline.stages import Candidates
from penchant.query import Past, Query
from penchant.registry import model_class
from tests.pipeline.expression.shop import IDS, WORLD
from tests.pipeline.worlds import Broken, Fixed, FixedScores, ask, world_of
from tests.toy import ITEMS, PEOPLE, day, toy_dataset

MODELS = ("popular", "itemknn", "markov", "repeats", "ease")


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    return {name: model_class(name)().fit(toy_dataset()) for name in MODELS}


def ids(answer: Answer) -> list[str]:
    return [item.item_id for item in answer.items]


QUERIES = [
    Query(user_id="ann", at=day(7), k=3),
    Query(user_id="ann", at=day(7), k=8, repeats="exclude"),
    Query(user_id="dee", at=day(3), k=5, exclude=frozenset({"d", "zzz"})),
    Query(user_id="nobody", at=day(7), k=4),
    Query(history=(Past(item_id="a"), Past(item_id="b")), at=day(7), k=20),
    Query(user_id="bob", at=day(7), candidates=("a", "c", "e", "h"), k=3),
    Query(user_id="eve", at=day(7), candidates=("a",), k=3),
]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_by_default_an_exact_answer_is_that_of_the_model(models: dict[str, Model], name: str, query: Query) -> None:
    expected = models[name].recommend(query)
    answer = build_pipeline().answer(ask(world_of(models[name]), query, exact=True))
    assert len(expected.item_ids) > 0
    assert ids(answer) == list(expected.item_ids)
    assert [item.score for item in answer.items] == expected.scores.tolist()
    assert not answer.fallback
    assert [item.rank for item in answer.items] == list(range(1, len(answer.items) + 1))
    assert {item.propensity for item in answer.items} == {1.0}


def test_sources_say_what_proposed_an_item(models: dict[str, Model]) -> None:
    answer = build_pipeline().answer(ask(world_of(models["itemknn"]), Query(user_id="ann", at=day(7), k=8)))
    by_id = {item.item_id: item.sources for item in answer.items}
    # ann chose a, b, c, d; h was never chosen by anybody, so it is not popular
    assert by_id["a"] == ("model", "popular", "own")
    assert by_id["e"] == ("model", "popular")


def test_stages_leave_a_trace(models: dict[str, Model]) -> None:
    query = Query(user_id="ann", at=day(7), k=2, exclude=frozenset({"e"}), repeats="exclude")
    answer = build_pipeline().answer(ask(world_of(models["popular"]), query, withheld=["f"]))
    trace = {stage.stage: stage for stage in answer.trace}
    assert list(trace) == [
        *("filter withheld", "filter excluded", "filter candidates", "filter seen"),
        *("retrieve model", "retrieve popular", "retrieve own", "retrieve fresh", "rank model", "contract"),
    ]
    assert trace["filter withheld"].removed == {"withheld": 1}
    assert trace["filter excluded"].removed == {"excluded": 1}
    # of the eight, f and e are gone, and ann's a b c d: g and h are left
    assert (trace["filter seen"].n_in, trace["filter seen"].n_out) == (6, 2)
    assert trace["filter candidates"].removed == {}
    assert all(stage.milliseconds >= 0 and stage.failure is None for stage in answer.trace)
    # nobody chose h, which popular scores 0
    assert ids(answer) == ["g", "h"]


def test_what_fails_is_left_out_and_heard_of(models: dict[str, Model]) -> None:
    heard: list[tuple[str, str]] = []
    pipeline = replace(
        build_pipeline(failed=lambda stage, fault: heard.append((stage, str(fault)))),
        filters=(Broken(),),
        rerankers=(Broken(),),
    )
    pipeline = replace(pipeline, retrievers=((Broken(), 5), *pipeline.retrievers))
    query = Query(user_id="ann", at=day(7), k=3)
    answer = pipeline.answer(ask(world_of(models["itemknn"]), query))
    assert ids(answer) == list(models["itemknn"].recommend(query).item_ids)
    assert heard == [
        ("filter broken", "no filter today"),
        ("retrieve broken", "no retrieval today"),
        ("rerank broken", "no order today"),
    ]
    failures = {stage.stage: stage.failure for stage in answer.trace if stage.failure}
    assert failures["rerank broken"] == "RuntimeError: no order today"


def test_a_filter_that_fails_closed_leaves_nothing(models: dict[str, Model]) -> None:
    pipeline = replace(build_pipeline(), filters=(Broken(fails_closed=True),))
    assert pipeline.answer(ask(world_of(models["popular"]), Query(at=day(7)))).items == ()


def test_without_anything_left_the_fallback_answers(models: dict[str, Model]) -> None:
    pipeline = replace(build_pipeline(), ranker=Broken(), retrievers=((Broken(), 9),))
    answer = pipeline.answer(ask(world_of(models["popular"]), Query(at=day(7), k=3), withheld=["d"]))
    assert answer.fallback
    # weights of all events: a 4, b 3, c 3 + 1 + 1 = 5, e 1 + 3 + 1 = 5 (a buy counts 3), f 1, g 1; d would have 7
    assert {item.item_id: item.score for item in answer.items} == {"c": 5.0, "e": 5.0, "a": 4.0}
    assert {item.sources for item in answer.items} == {("fallback",)}


def test_the_fallback_ends_with_what_nobody_chose(models: dict[str, Model]) -> None:
    pipeline = replace(build_pipeline(), ranker=Broken(), retrievers=())
    answer = pipeline.answer(ask(world_of(models["popular"]), Query(at=day(7), candidates=("h", "f"), k=3)))
    assert [(item.item_id, item.score) for item in answer.items] == [("f", 1.0), ("h", 0.0)]


class _Careless:
    """Filters that forget everything, retrievers that find anything, an order that repeats items."""

    name = "careless"

    def __init__(self, order: list[int]) -> None:
        self.order = order

    def rerank(self, asked: Asked, ranked: Candidates, k: int) -> Candidates:
        return ranked.take(np.asarray([place % len(ranked) for place in self.order]))


@given(data=st.data())
def test_the_contract_holds_whatever_stages_do(models: dict[str, Model], data: st.DataObject) -> None:
    some = st.lists(st.sampled_from(ITEMS), max_size=4)
    query = Query(
        user_id=data.draw(st.sampled_from([*PEOPLE, None])),
        at=day(7),
        k=data.draw(st.integers(1, 9)),
        exclude=frozenset(data.draw(some)),
        candidates=data.draw(st.none() | some.map(tuple)),
        repeats=data.draw(st.sampled_from(["allow", "exclude", None])),
    )
    withheld = data.draw(some)
    scores = data.draw(st.lists(st.sampled_from([1.0, 2.0, -3.0, np.nan, np.inf]), min_size=8, max_size=8))
    asked = ask(world_of(models["popular"]), query, withheld=withheld)
    order = data.draw(st.lists(st.integers(0, 20), max_size=12))
    careless = Pipeline(
        retrievers=((Fixed(data.draw(st.lists(st.integers(0, 7), min_size=1, max_size=9))), 5),),
        ranker=FixedScores(scores),
        rerankers=(_Careless(order), Broken()) if data.draw(st.booleans()) else (),
        few=0.0,
    )
    with pytest.MonkeyPatch.context() as patch:
        for one in (filters.Excluded, filters.OnlyCandidates, filters.Seen):
            patch.setattr(one, "forbid", Broken().forbid)
        patch.setattr(gathering, "_not_withheld", lambda asked: Allowed(8))
        answer = careless.answer(asked)
    shown = ids(answer)
    assert len(set(shown)) == len(shown) <= query.k
    assert not set(shown) & (set(withheld) | query.exclude)
    if query.candidates is not None:
        assert set(shown) <= set(query.candidates)
    if query.repeats == "exclude":
        assert not {ITEMS.index(item) for item in shown} & set(asked.seen.tolist())
    assert all(np.isfinite(item.score) for item in answer.items)
    assert [item.rank for item in answer.items] == list(range(1, len(shown) + 1))


@given(data=st.data())
def test_the_contract_holds_for_any_settings(data: st.DataObject) -> None:
    rerank = [
        *data.draw(st.sampled_from([[], [{"use": "mmr", "diversity": 0.7, "pool": 3}]])),
        *data.draw(st.sampled_from([[], [{"use": "cap", "attribute": "genre", "most": 1}]])),
        *data.draw(st.sampled_from([[], [{"use": "explore", "epsilon": 0.5}]])),
    ]
    settings = {"few": data.draw(st.sampled_from([0.0, 0.5])), "rerank": rerank}
    some = st.lists(st.sampled_from(IDS), max_size=7)
    query = Query(
        user_id=data.draw(st.sampled_from(["ann", None])),
        at=9e5,
        k=data.draw(st.integers(1, 8)),
        exclude=frozenset(data.draw(some)),
        candidates=data.draw(st.none() | some.map(tuple)),
        where=data.draw(st.sampled_from([None, "item.price < 15", "not seen()", "false"])),
        similar_to=data.draw(st.sampled_from([None, "d"])),
        repeats=data.draw(st.sampled_from(["allow", "exclude"])),
    )
    withheld = data.draw(some)
    fresh = world_of(WORLD.model, fresh=data.draw(st.sampled_from([[], [6, 3]])))
    asked = ask(fresh, query, withheld=withheld, seed=data.draw(st.integers(0, 9)))
    answer = build_pipeline(PipelineConfig.parse(settings)).answer(asked)
    assert [stage.failure for stage in answer.trace if stage.failure] == []
    forbidden = {*withheld, *query.exclude, query.similar_to}
    if query.repeats == "exclude" or query.where == "not seen()":
        forbidden |= {IDS[item] for item in asked.seen.tolist()}
    if query.candidates is not None:
        forbidden |= set(IDS) - set(query.candidates)
    if query.where == "item.price < 15":
        forbidden |= {"c", "d", "f"}
    allowed = set() if query.where == "false" else set(IDS) - forbidden
    assert set(ids(answer)) <= allowed
    assert len(set(ids(answer))) == len(answer.items) <= query.k
    assert bool(answer.items) == bool(allowed)
    for item in answer.items:
        assert np.isfinite(item.score)
        assert 0 < item.propensity <= 1
        assert item.sources


def test_a_very_long_past_is_asked_about_the_items_themselves(models: dict[str, Model]) -> None:
    # the log knows that ann chose g long ago, beyond the past that came with the question
    asked = ask(world_of(models["popular"]), Query(user_id="ann", at=day(7), k=8, repeats="exclude"))
    long_ago = replace(asked, chosen_before=lambda items, _: items == ITEMS.index("g"))
    assert set(ids(build_pipeline().answer(asked))) == {"e", "f", "g", "h"}
    assert set(ids(build_pipeline().answer(long_ago))) == {"e", "f", "h"}


def test_few_allowed_items_are_all_scored(models: dict[str, Model]) -> None:
    pipeline = replace(build_pipeline(), few=0.5)
    query = Query(user_id="ann", at=day(7), candidates=("a", "b", "e"), k=3)
    answer = pipeline.answer(ask(world_of(models["itemknn"]), query))
    assert ids(answer) == list(models["itemknn"].recommend(query).item_ids)
    assert not [stage for stage in answer.trace if stage.stage.startswith("retrieve")]
    assert {item.sources for item in answer.items} == {("model",)}


def test_items_like_one_without_vectors_follow_the_model(models: dict[str, Model]) -> None:
    markov = models["markov"]
    answer = build_pipeline().answer(ask(world_of(markov), Query(user_id="fay", at=day(7), similar_to="d", k=3)))
    expected = markov.recommend(Query(history=(Past(item_id="d"),), at=day(7), exclude=frozenset({"d"}), k=3))
    assert ids(answer) == list(expected.item_ids)
    assert "d" not in ids(answer)


def test_items_like_an_unknown_one_is_an_error(models: dict[str, Model]) -> None:
    with pytest.raises(UnknownId, match='similar_to: unknown item "zz"'):
        build_pipeline().answer(ask(world_of(models["popular"]), Query(at=day(7), similar_to="zz")))


def test_an_empty_catalogue_of_allowed_items_is_an_empty_list(models: dict[str, Model]) -> None:
    answer = build_pipeline().answer(ask(world_of(models["popular"]), Query(at=day(7), candidates=("zz",))))
    assert answer.items == ()
    assert answer.fallback
