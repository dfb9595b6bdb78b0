"""Guesses, column by column, on small tables made here."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from penchant.data.guess.guessing import RoleColumns, guess, guess_schema, repeat_share
from penchant.data.schema import EventKind, Field
from penchant.errors import BadData

ROLES: RoleColumns = {"user_id": "user_id", "item_id": "item_id", "timestamp": "timestamp"}
N = 1200


def log(**columns) -> pl.DataFrame:
    """1200 events an hour apart: 40 people in turn, each with one of 30 items drawn at random."""
    row = np.arange(N)
    item = np.random.default_rng(1).integers(0, 30, N)
    base = {"user_id": row % 40, "item_id": item, "timestamp": 1_700_000_000 + 3600 * row}
    return pl.DataFrame(base | columns)


def drawn(values, seed=0):
    rng = np.random.default_rng(seed)
    return [values[i] for i in rng.integers(0, len(values), N)]


def context_of(**columns):
    return guess(log(**columns), ROLES).schema.context


def why_not(name, **columns):
    found = guess(log(**columns), ROLES)
    assert name not in found.schema.context
    return found.left_out["context", name]


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("weather", ["sun", "rain", "snow"], Field(kind="category")),
        ("device_id", [3, 17, 40], Field(kind="category")),
        ("at_home", [True, False], Field(kind="category")),
        ("hour", list(range(24)), Field(kind="cycle", period=24)),
        ("HourOfDay", list(range(24)), Field(kind="cycle", period=24)),
        ("weekday", list(range(7)), Field(kind="cycle", period=7)),
        ("day_of_week", ["0", "3", "6"], Field(kind="cycle", period=7)),  # numbers as text, as a CSV brings them
        ("weekday", ["mon", "tue"], Field(kind="category")),
        ("month", list(range(1, 13)), Field(kind="cycle", period=12)),
        ("temperature", [k / 3 for k in range(-40, 90)], Field(kind="number")),
        ("emo_pre_valence", [k / 100 for k in range(-90, 90)], Field(kind="number")),
        ("stress", list(range(60)), Field(kind="number")),
        ("hour", [5, 30, 700], Field(kind="category")),  # not hours, whatever the name says
    ],
)
def test_circumstances_become_context(name, values, expected):
    assert context_of(**{name: drawn(values)}) == {name: expected}


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("playtime", list(range(300)), "number"),
        ("rating_after", [1, 2, 3, 4, 5], "number"),
        ("emo_post_valence", [k / 100 for k in range(-90, 90)], "number"),
        ("total_price", [k * 0.99 for k in range(200)], "number"),
        ("clicked", [True, False], "category"),
        ("something", [k / 7 for k in range(200)], "number"),  # nothing says that it is known before
    ],
)
def test_possible_consequences_are_kept_as_comments(name, values, kind):
    opinion = why_not(name, **{name: drawn(values)})
    assert opinion.field == Field(kind=kind)
    assert opinion.used is False


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("request_id", [f"r{k}" for k in range(N)], "id or free text"),
        ("note", [f"some words about {k}" for k in range(N)], "id or free text"),
        ("country", ["NL"] * N, "always the same"),
        ("flag", [False] * (N - 1) + [True], "always the same"),  # 1 of 1200 is less than a thousandth
        ("empty", [None] * N, "empty"),
        ("blank", ["", " ", "NULL"] * (N // 3), "empty"),
        ("bag", [["a", "b"]] * N, "a list"),
    ],
)
def test_useless_columns_have_no_declaration(name, values, reason):
    opinion = why_not(name, **{name: values})
    assert opinion.field is None
    assert reason in opinion.why


def test_what_the_item_decides_is_no_context():
    """Context that the item decides would tell a model which item comes."""
    items = log()["item_id"].to_list()
    opinion = why_not("genre", genre=[f"g{i % 5}" for i in items])
    assert "item" in opinion.why
    people = log()["user_id"].to_list()
    assert "city" in context_of(city=[f"c{u % 5}" for u in people]), "what the person decides is known beforehand"


def test_a_running_week_is_no_context_but_a_weekday_is():
    week = [k // 168 for k in range(N)]
    opinion = why_not("week", week=week)
    assert "grows with time" in opinion.why
    assert "part" in context_of(part=[k // 24 % 7 for k in range(N)])


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("genres", ["a|b", "b|c", "a", "c|a"], Field(kind="tags", separator="|")),
        ("topics", ["red; blue", "blue; green", "red"], Field(kind="tags", separator=";")),
        ("cast", ["Ann, Bob", "Bob, Cid", "Ann, Cid", "Cid, Dan", "Dan, Ann"], Field(kind="tags", separator=",")),
        ("tags", [["a", "b"], ["a"], []], Field(kind="tags")),
        ("embedding", [[0.1, 0.2, 0.3], [0.5, 0.1, 0.0], [1.0, 0.0, 0.0]], Field(kind="vector")),
        ("embedding", ["[0.1, -0.2, 3e-2]", "[1, 0.5, 0]", "[0.3, 0.3, 0.3]"], Field(kind="vector")),
        ("occupation", list(range(21)), Field(kind="category")),
        ("age", [1, 18, 25, 35, 45, 50, 56], Field(kind="category")),
        ("age", list(range(10, 80)), Field(kind="number")),
        ("year", [1990, 1991, 1995], Field(kind="number")),
        ("loudness", [k / 9 for k in range(100)], Field(kind="number")),
        ("brand_id", list(range(90)), Field(kind="category")),
        ("adult", [True, False], Field(kind="category")),
        ("downloads", ["1,000 - 5,000", "5,000 - 10,000", "100+"], Field(kind="category")),
        ("zip", ["02139", "02140", "02141"], Field(kind="category")),
    ],
)
def test_attributes(name, values, expected):
    rows = 300
    table = pl.DataFrame({"item_id": range(rows), name: [values[k % len(values)] for k in range(rows)]}, strict=False)
    assert guess_schema(log(), ROLES, items=table).item_attributes == {name: expected}
    people = table.rename({"item_id": "user_id"})
    assert guess_schema(log(), ROLES, users=people).user_attributes == {name: expected}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("barcode", [10**11 + 7 * k for k in range(300)]),
        ("package", [f"com.example.app{k}" for k in range(300)]),
        ("imdb_url", [f"http://films.example/{k}" for k in range(300)]),
        ("release_date", ["1995-01-01"] * 150 + ["1996-05-03"] * 150),
        ("album", ["\\N"] * 300),
    ],
)
def test_attributes_that_say_nothing_are_left_out(name, values):
    table = pl.DataFrame({"item_id": range(300), name: values})
    found = guess(log(), ROLES, items=table)
    assert found.schema.item_attributes == {}
    assert ("item_attributes", name) in found.left_out


def test_prose_is_text_and_the_name_is_the_title():
    words = [f"number {k} of many long descriptions which say what the thing is for" for k in range(60)]
    items = pl.DataFrame({"Item_ID": range(60), "Product Name": [f"thing {k}" for k in range(60)], "about": words})
    schema = guess_schema(log(), ROLES, items=items)
    assert schema.title == "Product Name"
    assert schema.item_attributes == {"Product Name": Field(kind="text"), "about": Field(kind="text")}


def test_a_code_beside_its_readable_twin_is_left_out():
    items = pl.DataFrame(
        {"item_id": range(60), "genre_id": [k % 6 for k in range(60)], "genre": [f"g{k % 6}" for k in range(60)]}
    )
    assert list(guess_schema(log(), ROLES, items=items).item_attributes) == ["genre"]


def test_repeats_are_counted_in_the_last_tenth_by_time():
    # 20 rows, so the last tenth is the last two by time: rows 0 and 1 here, of which (1, "a") came before
    rows = pl.DataFrame(
        {
            "user_id": [1, 1, *range(2, 19), 1],
            "item_id": ["a", "b", *["z"] * 17, "a"],
            "timestamp": [100, 101, *range(1, 19)],
        }
    )
    assert repeat_share(rows, ROLES) == 0.5
    assert guess_schema(rows, ROLES).repeats == "allow"
    assert guess_schema(rows.unique(["user_id", "item_id"]), ROLES).repeats == "exclude"
    assert repeat_share(rows.head(0), ROLES) == 0.0


def test_event_kinds_come_by_frequency_and_mere_showing_is_no_signal():
    rows = log(event=["view", "view", "buy", "impression"] * (N // 4))
    kinds = guess_schema(rows, {**ROLES, "kind": "event"}).kinds
    assert next(iter(kinds)) == "view"
    assert kinds["buy"] == EventKind()
    assert kinds["impression"] == EventKind(weight=0, target=False)


def test_an_empty_log_is_guessed_without_complaint():
    schema = guess_schema(log(mood=["good"] * N).head(0), ROLES)
    assert schema.context == {}
    assert schema.columns == ROLES


def test_a_csv_of_texts_is_guessed_like_a_table_of_numbers():
    """Readers hand over CSV cells as text; numbers in them are numbers all the same."""
    rows = log(hour=[k % 24 for k in range(N)], week=[k // 168 for k in range(N)], mood=drawn(["calm", "sad"]))
    # times of different lengths: compared as text, 999... would come after 1000...
    rows = rows.with_columns(pl.col("timestamp") - 1_700_000_000 + 999_990_000)
    assert guess(rows.cast(pl.String), ROLES) == guess(rows, ROLES)


def test_without_an_id_column_the_attributes_are_refused():
    with pytest.raises(BadData, match="no column for the item"):
        guess_schema(log(), ROLES, items=pl.DataFrame({"colour": ["red"]}))


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("x", [Decimal("1.5"), None, Decimal("2")] * 20),
        pl.Series("x", [timedelta(hours=1), timedelta(days=2), None] * 20),
        pl.Series("x", [date(2024, 1, 1), date(2024, 1, 2), None] * 20),
        pl.Series("x", [b"a", b"b", None] * 20),
        pl.Series("x", [{"a": 1}, {"a": 2}, None] * 20),
        pl.Series("x", [None] * 60),
        pl.Series("x", [[], [], None] * 20, dtype=pl.List(pl.String)),
        pl.Series("x", [[[1]], [[2]], None] * 20),
        pl.Series("x", [None] * 60, dtype=pl.Array(pl.Float32, 3)),
        pl.Series("x", ["a", "b", None] * 20, dtype=pl.Categorical),
        pl.Series("x", [object(), object(), None] * 20, dtype=pl.Object),
        pl.Series("x", [float("nan"), float("inf"), 1.0] * 20),
        pl.Series("x", [2**63, 5, None] * 20, dtype=pl.UInt64),
        pl.Series("count", [1, 2, None] * 20),
        pl.Series("", ["|", "||", None] * 20),
    ],
    ids=lambda column: str(column.dtype),
)
def test_no_type_of_column_stops_the_guess(column):
    """Whatever a table holds, every column other than the id gets an opinion."""
    table = pl.DataFrame({"item_id": range(60)}).with_columns(column)
    found = guess(log(), ROLES, items=table)
    assert len(found.schema.item_attributes) + len(found.left_out) == 1
    people = log().head(60).with_columns(column)
    found = guess(people, ROLES)
    assert len(found.schema.context) + len(found.left_out) == 1
