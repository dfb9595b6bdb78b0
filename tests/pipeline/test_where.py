"""Expressions on the request path: what they hide stays hidden, also when they fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from penchant.errors import BadConfig, UnknownName
from penchant.pipeline.asked import Asked
from penchant.pipeline.settings import build_pipeline
from penchant.pipeline.where import Where, checked_where
from penchant.query import Query
from tests.pipeline.expression.shop import WORLD
from tests.pipeline.worlds import ask


def asked(where: str, **more: object) -> Asked:
    return ask(WORLD, Query(user_id="ann", at=10 * 86_400.0, where=where, repeats="allow", **more))  # type: ignore[arg-type]


def ids(question: Asked) -> set[str]:
    return {item.item_id for item in build_pipeline().answer(question).items}


def test_only_what_it_holds_for_is_shown() -> None:
    assert ids(asked("item.price < 15")) == {"a", "b", "e", "g"}
    assert ids(asked("item.price < 15 and not seen()", exclude=frozenset({"a"}))) == {"e"}
    assert ids(asked("item.price > 1000")) == set()
    trace = {stage.stage: stage for stage in build_pipeline().answer(asked("item.price < 15")).trace}
    assert trace["filter where"].removed == {"where": 3}


def test_the_fallback_keeps_to_it() -> None:
    pipeline = replace(build_pipeline(), retrievers=(), few=0.0)
    answer = pipeline.answer(asked("item.price == 10"))
    assert answer.fallback
    assert {item.item_id for item in answer.items} == {"b", "e"}


def test_when_it_fails_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Where, *given: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(Where, "forbid", fails)
    answer = build_pipeline().answer(asked("item.price < 15"))
    assert answer.items == ()
    assert [stage.failure for stage in answer.trace if stage.stage == "filter where"] == ["RuntimeError: no"]


def test_it_is_looked_at_again_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Where, "forbid", lambda *given: 0)
    assert ids(asked("item.price < 15")) == {"a", "b", "e", "g"}


def test_a_wrong_expression_is_the_callers_fault() -> None:
    with pytest.raises(BadConfig, match="where, column 11"):
        build_pipeline().answer(asked("item.price"))
    with pytest.raises(UnknownName, match='Did you mean "price"'):
        build_pipeline().answer(asked("item.pricee < 3"))


def test_a_checked_tree_is_kept_with_its_catalogue() -> None:
    tree = checked_where("item.price < 3", WORLD.catalogue)
    assert checked_where("item.price < 3", WORLD.catalogue) is tree
