"""A training log and a test log as one dataset, against the log they were cut from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.data.dataset import Dataset
from penchant.data.features import Categories, FeatureTable, Texts
from penchant.data.files import load
from penchant.data.intake.two_logs import joined, schema_for_test
from penchant.errors import BadData
from tests.toy import toy_dataset

DAY = 86_400
START = 1_736_121_600
"""2025-01-06 00:00 UTC, in seconds."""

TRAIN = [
    {"user_id": "ann", "item_id": "a", "timestamp": START + 1 * DAY, "mood": "calm"},
    {"user_id": "bob", "item_id": "b", "timestamp": START + 2 * DAY, "mood": None},
]
TEST = [
    {"user_id": "cid", "item_id": "b", "timestamp": START + 2 * DAY, "mood": "lively"},
    {"user_id": "ann", "item_id": "c", "timestamp": START + 4 * DAY, "mood": "calm"},
    {"user_id": "cid", "item_id": "c", "timestamp": START + 3 * DAY, "mood": None},
]


def read(rows: list[dict[str, object]], schema: object = None, items: object = None) -> Dataset:
    """A log with the context field mood."""
    from penchant.data.schema import Schema

    declared = schema or Schema.parse({"context": {"mood": {"kind": "category"}}})
    assert isinstance(declared, Schema)
    return load(rows, items=items, schema=declared).dataset


def rows_of(data: Dataset) -> list[tuple[str, str, int, str | None, str]]:
    """Events in words: person, item, day, mood, split."""
    log = data.interactions
    mood, split = log.context["mood"], log.extra["split"]
    assert isinstance(mood, Categories) and isinstance(split, Categories)
    return [
        (
            data.users.id(int(log.user[i])),
            data.items.id(int(log.item[i])),
            (int(log.at[i]) // 1000 - START) // DAY,
            None if mood.codes[i] < 0 else mood.names.id(int(mood.codes[i])),
            split.names.id(int(split.codes[i])),
        )
        for i in range(len(data))
    ]


def test_events_are_sorted_and_know_where_they_are_from() -> None:
    train = read(TRAIN)
    both = joined(train, read(TEST, schema_for_test(train.schema)))
    assert rows_of(both) == [
        ("ann", "a", 1, "calm", "train"),
        ("bob", "b", 2, None, "train"),
        ("cid", "b", 2, "lively", "test"),  # the same instant: the training log goes first
        ("cid", "c", 3, None, "test"),
        ("ann", "c", 4, "calm", "test"),
    ]
    assert (list(both.users), list(both.items)) == (["ann", "bob", "cid"], ["a", "b", "c"])


def test_attributes_stay_and_are_missing_for_what_is_new() -> None:
    items = [{"item_id": "a", "title": "Silver Rain"}, {"item_id": "b", "title": "Old Rain"}]
    train = read(TRAIN, items=items)
    assert train.schema.title == "title"
    both = joined(train, read(TEST, schema_for_test(train.schema)))
    titles = both.item_features.columns["title"]
    assert isinstance(titles, Texts)
    assert titles.values.to_list() == ["Silver Rain", "Old Rain", ""]


def test_all_forms_of_columns_grow() -> None:
    toy = toy_dataset()
    early, late = toy.take(np.arange(15)), toy.take(np.arange(15, 20))
    both = joined(early, late)  # the same vocabulary, so nothing is new
    assert np.array_equal(both.interactions.item, toy.interactions.item)
    assert both.item_features.n_rows == 8
    stranger = replace(late, items=late.items.extended(["z"]), item_features=_one_more(late))
    grown = joined(early, stranger)
    assert {name: len(column) for name, column in grown.item_features.columns.items()} == {"title": 9, "genre": 9}


def _one_more(data: Dataset) -> FeatureTable:
    return data.item_features.take(np.asarray([*range(8), 0]))


def test_without_times_the_test_comes_later() -> None:
    def plain(rows: list[dict[str, object]]) -> Dataset:
        return load([{key: row[key] for key in ("user_id", "item_id")} for row in rows]).dataset

    both = joined(plain(TRAIN), plain(TEST))
    split = both.interactions.extra["split"]
    assert isinstance(split, Categories)
    assert (split.codes.tolist(), both.timed) == ([0, 0, 1, 1, 1], False)
    with pytest.raises(BadData, match="no timestamps, although"):
        joined(read(TRAIN), plain(TEST))
