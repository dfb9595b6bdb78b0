"""Columns of weights foretold from attributes: against the formulas written out, and what they are for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from penchant.data.features import Tags
from penchant.data.growing import grown
from penchant.errors import BadConfig, BadData, UnknownName
from penchant.models.ease import Ease
from penchant.models.ease_content import EaseContent
from penchant.models.serving import served, with_world
from penchant.query import Past, Query
from tests.models.toys import tiny_log
from tests.toy import day, toy_dataset

PLAIN: dict[str, Any] = {
    "popularity_behind": False, "decay": 1.0, "row_events": None, "reg": 2.0, "again": 0.0, "text_weight": 0.0,
}  # fmt: skip


def fitted(**settings: Any) -> EaseContent:
    return EaseContent(**{**PLAIN, "content_prior": 0.0, **settings}).fit(toy_dataset())


def ask(model: Ease, *items: str) -> np.ndarray:
    return model.score(Query(history=tuple(Past(item_id=item) for item in items)), list("abcdefgh"))


def kernel(a: set[str], b: set[str], weight: dict[str, float], degree: int) -> float:
    """((1 + cosine) / 2) ** degree of two sets of tags with the weights of `weight`."""
    dot = sum(weight[tag] ** 2 for tag in a & b)
    size = np.sqrt(sum(weight[t] ** 2 for t in a) * sum(weight[t] ** 2 for t in b))
    return float(((1 + dot / size) / 2) ** degree)


@pytest.mark.parametrize("degree", [1, 2])
def test_the_column_of_an_item_that_nobody_chose(degree: int):
    model = fitted(degree=degree, ridge=0.5, cold_scale=1.5)
    # h (folk, slow) has no event; the members are a to g
    tags = [
        {"folk"},
        {"folk", "slow"},
        {"folk"},
        {"rock"},
        {"rock", "loud"},
        {"rock", "loud"},
        {"slow"},
        {"folk", "slow"},
    ]
    weight = {tag: 1 + np.log(9 / (1 + n)) for tag, n in (("folk", 4), ("slow", 3), ("rock", 3), ("loud", 2))}
    between = np.asarray([[kernel(x, y, weight, degree) for y in tags[:7]] for x in tags[:7]])
    to_h = np.asarray([kernel(x, tags[7], weight, degree) for x in tags[:7]])
    column = model.weights @ np.linalg.solve(between + 0.5 * np.eye(7), to_h)
    # the past "ab" sums the rows of a and b
    assert ask(model, "a", "b")[7] == pytest.approx(1.5 * (column[0] + column[1]), abs=1e-5)


def test_items_with_events_are_those_of_ease():
    plain = {key: value for key, value in PLAIN.items() if key != "text_weight"}
    expected = ask(Ease(**plain).fit(toy_dataset()), "a", "d")
    found = ask(fitted(), "a", "d")
    assert found[:7] == pytest.approx(expected[:7], abs=1e-6)
    assert np.isnan(expected[7])
    assert np.isfinite(found[7])


def test_a_prior_mixes_in_what_the_others_foretell():
    model, bare = fitted(content_prior=3.0, ridge=0.7, degree=1), fitted(ridge=0.7, degree=1)
    # leave c (3 events) out of the kernel by hand: the column that its likes foretell, from a ridge regression without it
    vectors = np.asarray(model.vectors.todense())
    likeness = (1 + vectors @ vectors.T) / 2
    rest = [0, 1, 3, 4, 5, 6]
    foretold = bare.weights[:, rest] @ np.linalg.solve(
        likeness[np.ix_(rest, rest)] + 0.7 * np.eye(6), likeness[rest, 2]
    )
    # 3 / (3 + 3 events) = one half of each; what an item says of itself stays 0
    expected = 0.5 * bare.weights[:, 2] + 0.5 * foretold
    expected[2] = 0.0
    assert model.weights[:, 2] == pytest.approx(expected, abs=1e-4)


def test_an_item_without_attributes_has_no_opinion():
    data = toy_dataset()
    genres = Tags.of([["folk"], ["slow"], ["folk"], ["rock"], ["rock"], ["loud"], ["slow"], []])
    object.__setattr__(data.item_features, "columns", {"genre": genres})
    model = EaseContent(**PLAIN).fit(data)
    assert np.isnan(ask(model, "a")[7])


def test_the_scale_acts_on_new_items_alone():
    model = fitted(cold_scale=1.0)
    once, twice = ask(model, "a"), ask(model.with_settings(cold_scale=2.0), "a")
    assert twice[:7] == pytest.approx(once[:7])
    assert twice[7] == pytest.approx(2 * once[7])


def test_no_attributes_is_an_error():
    with pytest.raises(BadData, match="ease_content: expected item attributes to compare, got none"):
        EaseContent().fit(tiny_log("ann:a bob:b", "a b"))


def test_a_misspelt_attribute_names_the_nearest():
    with pytest.raises(UnknownName, match='unknown item attribute "gnere".*Did you mean "genre"'):
        EaseContent(weights={"gnere": 1.0}).fit(toy_dataset())


def test_settings_of_the_fit_cannot_change_later():
    with pytest.raises(BadConfig, match="ease_content: ridge cannot change without a new fit"):
        fitted().with_settings(ridge=5.0)


def test_what_is_foretold_of_a_later_item_does_not_depend_on_what_else_came_later() -> None:
    model = served(EaseContent(reg=1.0).fit(toy_dataset()))
    query = Query(history=(Past(item_id="a"), Past(item_id="e")), at=day(7))
    new: dict[str, Any] = {"title": "Silver Night", "genre": ["folk", "rock"]}
    more: dict[str, dict[str, Any]] = {f"other{i}": {"title": f"Old Engine {i}", "genre": ["slow"]} for i in range(5)}

    def scores(updates: Mapping[str, Mapping[str, Any]]) -> list[float]:
        catalogue = grown(model.catalogue, updates)
        found: list[float] = with_world(model, catalogue, catalogue.popularity).score(query, ["a", "h", "new"]).tolist()
        return found

    alone = scores({"new": new})
    # bit by bit, in whatever order the worlds are made
    assert scores({**more, "new": new}) == scores({"new": new, **more}) == alone
    # h, without events, is read anew where its attributes changed, and only there
    changed = scores({"new": new, "h": {"genre": ["rock"]}})
    assert (changed[0], changed[2]) == (alone[0], alone[2]) and changed[1] != alone[1]
