"""Columns are found by their usual names."""

from __future__ import annotations

import pytest

from penchant.data.files import load
from penchant.data.intake.columns import find_id, find_roles
from penchant.data.schema import Field, Schema
from penchant.errors import BadData, UnknownName


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (["userId", "movieId", "rating", "timestamp"], ["userId", "movieId", "timestamp", "rating"]),
        (["USER_ID", "ITEM_ID", "EVENT_VALUE", "TIMESTAMP"], ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_VALUE"]),
        (["Event Time", "visitorid", "product-id", "Score"], ["visitorid", "product-id", "Event Time", "Score"]),
        (["uid", "iid", "ts", "weight"], ["uid", "iid", "ts", "weight"]),
    ],
)
def test_usual_names(header: list[str], found: list[str]) -> None:
    roles = find_roles(header, Schema(), "f").found
    assert roles == dict(zip(["user_id", "item_id", "timestamp", "value"], found, strict=True))


def test_the_better_name_wins_and_the_other_is_mentioned() -> None:
    roles = find_roles(["date", "user_id", "item_id", "timestamp", "playtime", "rating"], Schema(), "f")
    assert (roles.found["timestamp"], roles.found["value"]) == ("timestamp", "rating")
    assert list(roles.notes) == [
        'f: "timestamp" is read as timestamp, although "date" could be it too',
        'f: "rating" is read as value, although "playtime" could be it too',
    ]


def test_kind_session_split_and_order() -> None:
    header = ["user", "item", "event_type", "session", "split", "position"]
    roles = find_roles(header, Schema(), "f").found
    assert [roles[r] for r in ("kind", "session_id", "split", "order")] == header[2:]
    # with times, a position is often that in a list on a page
    assert "order" not in find_roles([*header, "ts"], Schema(), "f").found


def test_a_session_is_a_person_where_nobody_else_is_named() -> None:
    roles = find_roles(["session_id", "item_id", "pos"], Schema(), "f")
    assert roles.found == {"user_id": "session_id", "item_id": "item_id", "order": "pos"}
    assert list(roles.notes) == ['f: no column for the person, so each session ("session_id") counts as a person']


def test_the_schema_goes_first_and_its_context_plays_no_role() -> None:
    schema = Schema(
        columns={"item_id": "film", "order": "n"}, context={"event": Field(kind="category", column="EVENT")}
    )
    roles = find_roles(["user", "item", "Film", "event", "N", "time"], schema, "f").found
    assert roles == {"item_id": "Film", "order": "N", "user_id": "user", "timestamp": "time"}


def test_misspelt_columns_of_the_schema() -> None:
    with pytest.raises(UnknownName, match='f: unknown column "fillm". Did you mean "film"'):
        find_roles(["user", "film"], Schema(columns={"item_id": "fillm"}), "f")


def test_missing_ids_name_what_was_found() -> None:
    with pytest.raises(BadData, match="accepted names: user_id, user, .*found: item_id, click.") as caught:
        find_roles(["item_id", "click"], Schema(), "f")
    # a column that already is the item is not offered as the person
    assert "Did you mean" not in str(caught.value)


def test_missing_ids_say_where_to_name_them() -> None:
    with pytest.raises(
        BadData, match=r'in the schema \(for a file, penchant.toml beside it\): columns.user_id = "Cust'
    ):
        find_roles(["Custom", "Product"], Schema(), "f")


def test_a_file_without_a_line_of_names() -> None:
    with pytest.raises(BadData, match="is the line of names missing") as caught:
        find_roles(["c18", "p10", "1700001200"], Schema(), "f")
    assert "found: c18, p10, 1700001200" in str(caught.value)


def test_ids_of_attribute_files() -> None:
    assert find_id(["id", "title"], "item_id", "f", "movieId") == "id"
    assert find_id(["item_id", "movieid"], "item_id", "f", "movieId") == "movieid"
    with pytest.raises(BadData, match="no column for the person"):
        find_id(["name"], "user_id", "f", None)


def test_a_label_is_a_value_unless_it_holds_words() -> None:
    rows = {"user": ["a", "b", "a"], "item": ["x", "y", "y"]}
    data = load({**rows, "label": [0, 1, 1]}).dataset
    assert data.interactions.value.tolist() == [0.0, 1.0, 1.0]
    records = load({**rows, "label": ["Motown", "Stax", "Stax"]})
    assert records.dataset.interactions.value.tolist() == [1.0, 1.0, 1.0] and records.report.n_rejected == 0
