"""Attribute files: every kind of column, ids that are new, blank or come twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penchant.data.features import Categories, Numbers, Tags, Texts, Vectors
from penchant.data.files import load
from penchant.data.intake.attributes import column_of, coverage
from penchant.data.schema import Field, Schema
from penchant.errors import BadData, UnknownName

EVENTS = {"user_id": ["u2", "u1"], "item_id": [2, 1], "timestamp": [1_600_000_000, 1_600_000_100]}


def test_tables_follow_the_vocabulary_and_may_extend_it(tmp_path: Path) -> None:
    items = tmp_path / "items.csv"
    items.write_text("movieId,title,genres,year\n1,Old Rain,folk|slow,1990\n3,New Rain,,2001\n2,Silver,rock,x\n")
    loaded = load(EVENTS, items=items, users={"id": ["u3", "u1"], "group": ["old", "young"]}, schema=schema())
    data = loaded.dataset
    # items by their first event (2, 1), then 3, which only the file knows
    assert (list(data.items), list(data.users)) == (["2", "1", "3"], ["u2", "u1", "u3"])
    title, genres, year = (data.item_features.columns[key] for key in ("title", "genres", "year"))
    assert isinstance(title, Texts)
    assert isinstance(genres, Tags)
    assert isinstance(year, Numbers)
    assert list(title.values) == ["Silver", "Old Rain", "New Rain"]
    assert ([*genres.names], genres.offsets.tolist(), genres.codes.tolist()) == (
        ["rock", "folk", "slow"],
        [0, 1, 3, 3],
        [0, 1, 2],
    )
    np.testing.assert_array_equal(year.values, np.asarray([np.nan, 1990, 2001], dtype=np.float32))
    group = data.user_features.columns["group"]
    assert isinstance(group, Categories)
    assert ([*group.names], group.codes.tolist()) == (["young", "old"], [-1, 0, 1])
    assert loaded.report.item_attributes == {"title": 1.0, "genres": pytest.approx(2 / 3), "year": pytest.approx(2 / 3)}
    assert loaded.report.user_attributes == {"group": pytest.approx(2 / 3)}
    assert any("year: 1 cell holds no finite number" in warning for warning in loaded.report.warnings)


def schema() -> Schema:
    return Schema(
        item_attributes={
            "title": Field(kind="text"),
            "genres": Field(kind="tags"),
            "year": Field(kind="number"),
        },
        user_attributes={"group": Field(kind="category")},
    )


def test_bad_rows_of_an_attribute_file_are_named(tmp_path: Path) -> None:
    items = tmp_path / "items.csv"
    items.write_text("item_id,title\n1,A\n,B\n2\n1,C\n")
    given = Schema(item_attributes={"title": Field(kind="text")})
    loaded = load(EVENTS, items=items, schema=given)
    broken = {rule.rule: (rule.first[0].file, rule.first[0].line) for rule in loaded.report.broken}
    assert broken == {"ragged_row": ("items.csv", 4), "blank_item": ("items.csv", 3)}
    title = loaded.dataset.item_features.columns["title"]
    assert isinstance(title, Texts)
    # of the two rows about item 1 the last counts
    assert list(title.values) == ["", "C"]
    assert any("of such rows the last one counts" in warning for warning in loaded.report.warnings)


def test_ids_that_never_meet_are_mentioned() -> None:
    given = Schema(item_attributes={"title": Field(kind="text")})
    loaded = load(EVENTS, items={"item_id": ["tt1"], "title": ["A"]}, schema=given)
    assert any("none of its ids occurs in the events" in warning for warning in loaded.report.warnings)


def test_misspelt_and_missing() -> None:
    with pytest.raises(UnknownName, match='items: unknown column "titel". Did you mean "title"'):
        load(EVENTS, items={"id": [1], "title": ["A"]}, schema=Schema(item_attributes={"titel": Field(kind="text")}))
    with pytest.raises(BadData, match="items: no column for the item"):
        load(EVENTS, items={"name": [1], "title": ["A"]})
    loaded = load(EVENTS, schema=schema())
    assert sum("but no file" in warning for warning in loaded.report.warnings) == 2


def test_left_out_attributes_are_guessed() -> None:
    n = 30
    items = {"item_id": list(range(n)), "title": [f"Song {i}" for i in range(n)], "genre": ["folk", "rock"] * (n // 2)}
    data = load(EVENTS, items=items).dataset
    assert data.schema.title == "title"
    assert data.schema.item_attributes["genre"].kind == "category"
    assert data.catalogue().title(0) == "Song 2"


def test_cells_by_kind() -> None:
    tags, _ = column_of(pl.Series([["b", "a", "b"], [], None, [" "]]), Field(kind="tags"))
    assert isinstance(tags, Tags)
    assert ([*tags.names], tags.offsets.tolist()) == (["b", "a"], [0, 2, 2, 2, 2])
    category, _ = column_of(pl.Series([3.0, None, 3.5, float("nan")]), Field(kind="category"))
    assert isinstance(category, Categories)
    assert ([*category.names], category.codes.tolist()) == (["3", "3.5"], [0, -1, 1, -1])
    yes, _ = column_of(pl.Series([True, None, False]), Field(kind="category"))
    assert isinstance(yes, Categories)
    assert [*yes.names] == ["true", "false"]
    assert [coverage(column) for column in (tags, category, yes)] == [0.25, 0.5, pytest.approx(2 / 3)]


@pytest.mark.parametrize(
    "cells",
    [
        ["1 2", "3 4", "1 2 3", "x 1", None],
        ["[1, 2]", "[3, 4]", "[1]", "[nan, 1]", ""],
        ["1|2", "3|4", "1|2|3", "inf|1", " "],
        [[1.0, 2.0], [3.0, 4.0], [1.0], [float("inf"), 1.0], None],
    ],
)
def test_vectors(cells: list[object]) -> None:
    column, complaint = column_of(pl.Series(cells), Field(kind="vector"))
    assert isinstance(column, Vectors)
    np.testing.assert_array_equal(column.values[:2], [[1, 2], [3, 4]])
    assert np.isnan(column.values[2:]).all()
    assert complaint == "2 cells hold no vector of 2 finite numbers; taken as missing"
    assert coverage(column) == 0.4
