"""Content scores against cosines worked out by hand."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from penchant.data.arrays import frozen
from penchant.data.features import Categories, FeatureTable, Numbers, Tags, Texts, Vectors
from penchant.data.schema import Field
from penchant.data.strings import Strings
from penchant.errors import BadData, UnknownName
from penchant.models.content import Content
from penchant.query import Past, Query
from tests.models.toys import tiny_log
from tests.toy import ITEMS, toy_dataset

# 1 + log((1 + 8 items) / (1 + items with it)); folk: a b c h, slow: b g h, loud: e f
FOLK, SLOW, ROCK, LOUD = (1 + math.log(9 / (1 + n)) for n in (4, 3, 3, 2))
A_WITH_B = FOLK / math.hypot(FOLK, SLOW)
PLAIN: dict[str, Any] = {"popularity_behind": False, "decay": 1.0}


def score(model: Content, past: str, of: str = "abcdefgh") -> np.ndarray:
    return model.score(Query(history=tuple(Past(item_id=item) for item in past)), list(of))


def test_cosines_of_tags_by_hand():
    model = Content(text_weight=0.0, **PLAIN).fit(toy_dataset())
    # a is folk; b and h are folk and slow; h was never chosen
    assert score(model, "a") == pytest.approx([1, A_WITH_B, 1, 0, 0, 0, 0, A_WITH_B], abs=1e-6)


def test_the_past_is_summed_with_its_weights():
    model = Content(text_weight=0.0, popularity_behind=False, decay=0.5).fit(toy_dataset())
    # d (rock, weight 1) after a (folk, weight 0.5): lengths 1 and 0.5 at right angles
    length = math.hypot(0.5, 1.0)
    assert score(model, "ad", "ad") == pytest.approx([0.5 / length, 1.0 / length], abs=1e-6)


def test_words_of_texts_count_when_two_items_have_them():
    model = Content(weights={"genre": 0.0}, **PLAIN).fit(toy_dataset())
    # left after min_items=2: silver (a b h), rain (a c), night (d e), morning (g h)
    assert sorted(model.terms[0].names) == ["morning", "night", "rain", "silver"]
    silver, rain = 1 + math.log(9 / 4), 1 + math.log(9 / 3)
    found = score(model, "a", "abcf")
    expected = [1, silver / math.hypot(silver, rain), rain / math.hypot(silver, rain), np.nan]
    assert found == pytest.approx(expected, abs=1e-6, nan_ok=True)  # f, "Loud Engine", has no word left: no opinion


def test_attributes_side_by_side():
    model = Content(weights={"genre": 2.0}, **PLAIN).fit(toy_dataset())
    silver, rain = 1 + math.log(9 / 4), 1 + math.log(9 / 3)
    # both attributes of a and b are of length 1 (title) and 2 (genre): the cosine is (t + 4 g) / 5
    expected = (silver / math.hypot(silver, rain) + 4 * A_WITH_B) / 5
    assert score(model, "a", "b") == pytest.approx([expected], abs=1e-6)


def numbered(values: list[float]) -> FeatureTable:
    return FeatureTable(n_rows=len(values), columns={"year": Numbers(frozen(np.asarray(values, dtype=np.float32)))})


def test_numbers_fall_into_bins_of_equal_size():
    log = replace(tiny_log("ann:a bob:d", "a b c d e"), item_features=numbered([1.0, 2.0, 30.0, 31.0, np.nan]))
    model = Content(n_bins=2, **PLAIN).fit(log)
    # the median is 30 ("higher" of 2 and 30): below are a and b, from there on c and d; e has no number
    assert score(model, "a", "abcde") == pytest.approx([1, 1, 0, 0, np.nan], nan_ok=True)
    assert np.isnan(score(Content(n_bins=0, **PLAIN).fit(log), "a", "abcde")).all()


def test_vectors_are_compared_by_their_angle():
    values = np.asarray([[2, 0], [3, 3], [0, 1], [-1, 0], [np.nan, np.nan]], dtype=np.float32)
    log = tiny_log("ann:a bob:d", "a b c d e")
    log = replace(log, item_features=FeatureTable(n_rows=5, columns={"v": Vectors(frozen(values))}))
    expected = [1, math.sqrt(0.5), 0, -1, np.nan]
    assert score(Content(**PLAIN).fit(log), "a", "abcde") == pytest.approx(expected, abs=1e-6, nan_ok=True)


def grown(model: Content, **columns) -> Content:
    """The model in a catalogue that got two more items."""
    later = copy.copy(model)
    n = len(model.catalogue.items) + 2
    table = FeatureTable(n_rows=n, columns=columns)
    popularity = replace(model.catalogue.popularity, n_items=n)
    items = model.catalogue.items.extended(["x", "y"])
    later.catalogue = replace(model.catalogue, items=items, item_features=table, popularity=popularity)
    return later


def with_two_more(model: Content) -> Content:
    titles = [*model.catalogue.item_features.columns["title"].values, "Silver Rain", "Unheard Words"]  # type: ignore[union-attr]
    genres = [["folk"], ["folk", "slow"], ["folk"], ["rock"], ["rock", "loud"], ["rock", "loud"], ["slow"]]
    # another vocabulary than at the fit: the codes are other numbers, and "new wave" was never heard of
    tags = Tags.of([["new wave"], *genres[1:], ["folk", "slow"], ["slow", "folk"], ["new wave"]])
    return grown(model, title=Texts(Strings.of(titles)), genre=tags)


def test_items_that_came_later_are_scored_by_their_attributes(tmp_path):
    model = Content(**PLAIN).fit(toy_dataset())
    model.save(tmp_path / "model")
    for fitted in (model, Content.load(tmp_path / "model")):
        later = with_two_more(fitted)
        found = score(later, "a", "abxy")
        before = score(model, "a", "ab")
        # x: title as a, genre as b and h; y: neither a known word nor a known tag
        assert found[:2] == pytest.approx(before)
        assert found[2] == pytest.approx((1 + A_WITH_B) / 2, abs=1e-6)
        assert np.isnan(found[3])
        assert score(later, "x", "x") == pytest.approx([1.0])  # and such an item counts in a past


def test_what_came_later_is_encoded_once(tmp_path):
    later = with_two_more(Content(**PLAIN).fit(toy_dataset()))
    items = later.catalogue.item_features
    assert later._now(items) is later._now(items)


def test_a_category_is_enough():
    log = tiny_log("ann:a bob:d", "a b c d")
    table = FeatureTable(n_rows=4, columns={"shelf": Categories.of(["x", "x", None, "y"])})
    schema = log.schema.changed(item_attributes={"shelf": Field(kind="category")})
    model = Content(**PLAIN).fit(replace(log, item_features=table, schema=schema))
    assert score(model, "a", "abcd") == pytest.approx([1, 1, np.nan, 0], nan_ok=True)
    assert np.isnan(score(model, "c", "abcd")).all()


def test_an_unknown_attribute_is_named():
    with pytest.raises(UnknownName, match='content: weights: unknown item attribute "genres". Did you mean "genre"'):
        Content(weights={"genres": 2.0}).fit(toy_dataset())


def test_without_attributes_there_is_nothing_to_compare():
    with pytest.raises(BadData, match="expected item attributes to compare, got none"):
        Content().fit(tiny_log("ann:a", "a b"))


def test_all_items_of_the_toy_have_an_opinion():
    assert np.isfinite(score(Content(**PLAIN).fit(toy_dataset()), "a", "".join(ITEMS))).all()
