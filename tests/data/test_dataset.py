"""The log with its vocabularies and attributes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.data.features import FeatureTable
from penchant.data.vocabulary import Vocabulary
from tests.toy import ITEMS, PEOPLE, toy_dataset


def test_figures_of_the_toy_world() -> None:
    data = toy_dataset()
    assert (len(data), data.n_users, data.n_items) == (20, 6, 8)
    # h has no event
    assert data.seen_items.tolist() == [True] * 7 + [False]
    assert data.kind_weight.tolist() == [1.0, 3.0]
    # rows 5, 13 and 15 are purchases
    assert np.flatnonzero(data.popularity.weight == 3.0).tolist() == [5, 13, 15]
    assert np.diff(data.sequences.offsets).tolist() == [5, 4, 4, 4, 3, 0]


def test_take_keeps_people_and_items() -> None:
    data = toy_dataset()
    early = data.take(slice(0, 3))
    assert (len(early), early.n_users, early.n_items) == (3, 6, 8)
    assert early.seen_items.tolist() == [True, True] + [False] * 6
    assert len(data.take(data.interactions.kind == 1)) == 3


def test_columns_cannot_be_written_to() -> None:
    data = toy_dataset()
    for array in (data.interactions.item, data.seen_items, data.kind_weight, data.sequences.rows):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_the_digest_changes_with_any_event() -> None:
    data = toy_dataset()
    log = data.interactions
    changed = [
        replace(data, interactions=replace(log, **{name: np.roll(getattr(log, name), 1)}))
        for name in ("user", "item", "kind")
    ]
    changed += [
        replace(data, interactions=replace(log, at=log.at + 1)),
        replace(data, interactions=replace(log, value=log.value * 2)),
        replace(data, users=Vocabulary.of(["Ann", *PEOPLE[1:]])),
        replace(data, items=Vocabulary.of([*ITEMS[:6], "gh", ""])),
        data.take(slice(0, 19)),
    ]
    digests = {one.digest for one in changed}
    assert len(digests) == len(changed) and data.digest not in digests
    assert toy_dataset().digest == data.digest and len(data.digest) == 16


def test_tables_belong_to_their_vocabulary() -> None:
    with pytest.raises(ValueError, match="one row for each id"):
        replace(toy_dataset(), item_features=FeatureTable(n_rows=3))


def test_titles() -> None:
    catalogue = toy_dataset().catalogue()
    assert catalogue.title(0) == "Silver Rain"
    untitled = replace(catalogue, schema=catalogue.schema.changed(title=None))
    assert untitled.title(0) is None


def test_it_shows_itself_in_one_line() -> None:
    assert repr(toy_dataset()) == "Dataset('toy', 20 events, 6 people, 8 items)"
