"""A catalogue that grows: new items behind the others, changed ones in their places, everything else as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.arrays import frozen
from penchant.data.catalogue import Catalogue
from penchant.data.features import Categories, Column, FeatureTable, Numbers, Tags, Texts, Vectors
from penchant.data.growing import grown, table_of
from penchant.data.schema import Field
from penchant.data.strings import Strings
from penchant.errors import BadData, UnknownName
from tests.data.columns_as_values import plain
from tests.toy import toy_dataset

NAN = float("nan")
COLUMNS: dict[str, Column] = {
    "colour": Categories.of(["red", None, "blue"]),
    "price": Numbers(frozen(np.asarray([1.0, 2.5, NAN], dtype=np.float32))),
    "genres": Tags.of([["folk"], [], ["rock", "folk"]]),
    "title": Texts(Strings.of(["one", "", "three"])),
    "place": Vectors(frozen(np.asarray([[0, 1], [2, 3], [NAN, NAN]], dtype=np.float32))),
}
FIELDS = {
    "colour": Field(kind="category"),
    "price": Field(kind="number"),
    "genres": Field(kind="tags"),
    "title": Field(kind="text"),
    "place": Field(kind="vector"),
}
EVERY = {"colour": "green", "price": 9, "genres": ["jazz", "folk", "jazz"], "title": "new", "place": [4, 5.5]}


def small() -> Catalogue:
    catalogue = toy_dataset().catalogue()
    return replace(
        catalogue,
        items=type(catalogue.items).of(["a", "b", "c"]),
        item_features=FeatureTable(n_rows=3, columns=COLUMNS),
        popularity=replace(catalogue.popularity, n_items=3),
    )


def row(catalogue: Catalogue, item: str) -> dict[str, object]:
    number = catalogue.items.number(item)
    assert number is not None
    return {name: plain(column)[number] for name, column in catalogue.item_features.columns.items()}


def test_a_new_item_stands_behind_the_others() -> None:
    before = small()
    after = grown(before, {"d": EVERY, "e": {}})
    assert list(after.items) == list("abcde") and after.popularity.n_items == after.item_features.n_rows == 5
    assert row(after, "d") == {
        "colour": "green", "price": 9.0, "genres": ["jazz", "folk"], "title": "new", "place": [4.0, 5.5],
    }  # fmt: skip
    nothing = row(after, "e")
    assert nothing["colour"] is None and nothing["genres"] == [] and nothing["title"] == ""
    for item in "abc":
        assert str(row(after, item)) == str(row(before, item))
    # names keep their codes, new ones follow
    colour = after.item_features.columns["colour"]
    assert isinstance(colour, Categories) and list(colour.names) == ["red", "blue", "green"]
    assert list(before.items) == list("abc") and before.item_features.n_rows == 3


def test_a_changed_item_keeps_its_number_and_nothing_of_what_it_was() -> None:
    after = grown(small(), {"c": {"colour": "red"}, "d": {"title": "four"}, "a": EVERY})
    assert list(after.items) == list("abcd")
    assert (row(after, "c")["colour"], row(after, "c")["genres"], row(after, "c")["title"]) == ("red", [], "")
    assert row(after, "a")["genres"] == ["jazz", "folk"] and row(after, "d")["title"] == "four"
    assert row(after, "b")["price"] == 2.5


def test_nothing_new_is_the_same() -> None:
    before = small()
    assert grown(before, {}) is before


def test_wrong_names_and_values_are_refused_or_passed_over() -> None:
    with pytest.raises(UnknownName, match='d: unknown item attribute "prize". Did you mean "price"'):
        grown(small(), {"d": {"prize": 1.0}})
    for name, value, wanted in [
        ("price", "cheap", "a finite number"),
        ("price", True, "a finite number"),
        ("price", float("inf"), "a finite number"),
        ("colour", 1.5, "text"),
        ("genres", [1], "a list of texts"),
        ("title", 3, "text"),
        ("place", [1.0], "a list of 2 finite numbers"),
    ]:
        with pytest.raises(BadData, match=f"{name}: expected {wanted}, got"):
            grown(small(), {"d": {name: value}})
        passed = row(grown(small(), {"d": {name: value, "prize": 2}}, strict=False), "d")
        assert str(passed) == str(row(grown(small(), {"d": {}}), "d"))
    # a year names a thing
    assert row(grown(small(), {"d": {"colour": 1999}}), "d")["colour"] == "1999"


features = st.fixed_dictionaries(
    {},
    optional={
        "colour": st.sampled_from(["red", "green", "grey"]),
        "genres": st.lists(st.sampled_from(["folk", "jazz", "slow"]), max_size=3),
        "price": st.sampled_from([1.0, 7.0]),
        "title": st.sampled_from(["", "x", "yy"]),
    },
)
updates = st.dictionaries(st.sampled_from(list("abcdefg")), features, max_size=5)


@given(updates, updates)
def test_step_by_step_is_all_at_once(first: dict[str, dict[str, object]], second: dict[str, dict[str, object]]) -> None:
    steps = grown(grown(small(), first), second)
    once = grown(small(), {**first, **second})
    assert list(steps.items) == list(once.items)
    for item in once.items:
        assert str(row(steps, item)) == str(row(once, item))


def test_rows_become_columns() -> None:
    table = table_of([EVERY, {}, {"colour": 3.5, "place": "far"}], FIELDS)
    assert [plain(table.columns["colour"]), plain(table.columns["title"])] == [
        ["green", None, None],
        ["new", "", ""],
    ]
    assert np.asarray(plain(table.columns["place"])[0]).tolist() == [4.0, 5.5]
    assert table_of([], FIELDS).n_rows == 0
