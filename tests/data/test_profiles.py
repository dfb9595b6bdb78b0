"""Attributes of people who may be strangers, and context of moments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from penchant.data.features import Categories, Column, FeatureTable, Numbers, Tags, Texts, Vectors
from penchant.data.profiles import context_columns, missing_rows, stacked, user_rows
from penchant.data.schema import Field, Schema
from penchant.data.strings import Strings
from penchant.errors import BadConfig, UnknownName
from tests.data.columns_as_values import plain

SCHEMA = Schema(
    context={"mood": Field(kind="category"), "heat": Field(kind="number")},
    user_attributes={
        "group": Field(kind="category"),
        "age": Field(kind="number"),
        "likes": Field(kind="tags"),
        "bio": Field(kind="text"),
        "taste": Field(kind="vector"),
    },
)
TABLE = FeatureTable(
    n_rows=2,
    columns={
        "group": Categories.of(["young", "old"]),
        "age": Numbers(np.asarray([20, 70], dtype=np.float32)),
        "likes": Tags.of([["rock"], ["folk", "slow"]]),
        "bio": Texts(Strings.of(["hi", "ho"])),
        "taste": Vectors(np.asarray([[1, 2], [3, 4]], dtype=np.float32)),
    },
)
MISSING: dict[str, Any] = {"group": None, "age": None, "likes": [], "bio": "", "taste": [None, None]}


def rows(users: list[int], given: list[dict[str, Any]], table: FeatureTable = TABLE) -> dict[str, list[object]]:
    made = user_rows(table, np.asarray(users, dtype=np.int32), given, SCHEMA)
    assert made.n_rows == len(users)
    return {name: plain(column) for name, column in made.columns.items()}


def test_known_people_have_their_row_and_strangers_nothing() -> None:
    found = rows([1, -1, 0], [{}, {}, {}])
    assert found["group"] == ["old", None, "young"]
    assert found["likes"] == [["folk", "slow"], [], ["rock"]]
    # a stranger (-1) must never borrow the row of the last person
    assert {name: values[1] for name, values in found.items()} == MISSING


def test_strangers_alone_and_nobody_known() -> None:
    assert {name: values[0] for name, values in rows([-1], [{}]).items()} == MISSING
    empty = TABLE.take(np.zeros(0, dtype=np.int64))
    assert {name: values[0] for name, values in rows([-1], [{}], empty).items()} == MISSING
    assert rows([-1], [{"group": "old"}], empty)["group"] == ["old"]


def test_what_a_query_says_overrides() -> None:
    given: list[dict[str, Any]] = [
        {"group": "young", "age": "33", "likes": ["slow", "new"], "bio": "x", "taste": [5, 6]},
        {"group": "?"},
        {},
    ]
    found = rows([1, 1, -1], given)
    assert found["group"] == ["young", None, None]
    assert found["age"] == [33.0, 70.0, None]
    assert found["likes"] == [["slow"], ["folk", "slow"], []]
    assert (found["bio"], found["taste"]) == (["x", "ho", ""], [[5, 6], [3, 4], [None, None]])


def test_none_says_that_nothing_is_known() -> None:
    found = rows([1], [dict.fromkeys(MISSING)])
    assert {name: values[0] for name, values in found.items()} == MISSING


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"age": "old"}, 'age: expected a number, got "old"'),
        ({"likes": 3}, "likes: expected a list of tags, got 3"),
        ({"taste": [1, 2, 3]}, "taste: expected a vector of 2 numbers"),
        ({"taste": "x"}, "taste: expected a vector of 2 numbers"),
        ({"taste": [[1], [2, 3]]}, "taste: expected a vector of 2 numbers"),
    ],
)
def test_wrong_values_say_what_was_expected(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadConfig, match=f"^{message}"):
        rows([0], [given])


def test_undeclared_names_offer_the_nearest() -> None:
    with pytest.raises(UnknownName, match='unknown user attribute "grp". Did you mean "group"'):
        rows([0], [{"grp": "old"}])
    with pytest.raises(UnknownName, match='unknown context field "mod". Did you mean "mood"'):
        context_columns({}, [{"mod": "x"}], SCHEMA)


def test_context_is_missing_where_it_is_not_stated() -> None:
    like: dict[str, Categories | Numbers] = {
        "mood": Categories.of(["calm", "wild"]),
        "heat": Numbers(np.zeros(1, dtype=np.float32)),
    }
    made = context_columns(like, [{"mood": "wild"}, {"heat": "21.5", "mood": "new"}, {}], SCHEMA)
    assert plain(made["mood"]) == ["wild", None, None] and plain(made["heat"]) == [None, 21.5, None]
    with pytest.raises(BadConfig, match='^heat: expected a number, got "warm"'):
        context_columns(like, [{"heat": "warm"}], SCHEMA)


def test_a_field_that_was_always_empty_stays_so() -> None:
    made = context_columns({"mood": Categories.of([None, None])}, [{"mood": "calm"}], SCHEMA)
    assert plain(made["mood"]) == [None]


@pytest.mark.parametrize("name", list(TABLE.columns))
def test_missing_rows_and_stacking(name: str) -> None:
    column: Column = TABLE.columns[name]
    assert plain(missing_rows(column, 2)) == [MISSING[name]] * 2 and len(missing_rows(column, 0)) == 0
    assert plain(stacked(column, missing_rows(column, 1))) == [*plain(column), MISSING[name]]
    other = next(c for c in TABLE.columns.values() if type(c) is not type(column))
    with pytest.raises(TypeError, match="different forms"):
        stacked(column, other)
