"""Which rows are asked, with what history, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.data.features import Categories
from penchant.data.questions import Questions
from penchant.errors import BadData
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.tasks import make_task
from tests.evaluate.labelled.logs import labelled

USER, ITEM = [0, 0, 1, 0, 1, 0], [0, 1, 0, 2, 1, 1]
LABEL = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0]
SPLIT = ["train", "train", "train", "valid", "test", "test"]


def ctr(data):
    return Protocol(name="ctr").resolved(data)


def rows_of(asked: Questions) -> list[int]:
    assert asked.row is not None
    return [int(row) for row in asked.row]


def test_a_published_split_of_a_log_without_times() -> None:
    data = labelled(USER, ITEM, LABEL, SPLIT, timed=False)
    made = make_task(data, ctr(data), "test")
    asked = made.asked["live"]
    assert made.train.interactions.item.tolist() == [0, 1, 0]
    assert asked.labels is not None and asked.labels.tolist() == [0.0, 1.0]
    # the train rows of the person, label 0 among them; never a valid or test row
    history = asked.batch().history
    assert (history.lengths.tolist(), history.item.tolist(), history.value.tolist()) == ([1, 2], [0, 0, 1], [1, 1, 0])
    assert not asked.batch().is_moment
    valid = make_task(data, ctr(data), "valid")
    assert (valid.train.interactions.item.tolist(), rows_of(valid.asked["live"])) == ([0, 1, 0], [3])
    assert made.refit == "train only, as the published split asks"


def test_in_a_log_with_times_only_earlier_train_rows_are_known() -> None:
    split = ["train", "test", "train", "train", "test", "train"]
    data = labelled([0] * 6, [0, 1, 2, 3, 4, 5], LABEL, split, timed=True)
    asked = make_task(data, ctr(data), "test").asked["live"]
    assert rows_of(asked) == [1, 4]
    assert asked.batch().history.item.tolist() == [0, 0, 2, 3]
    assert asked.at.tolist() == data.interactions.at[[1, 4]].tolist()
    assert asked.batch().is_moment


def test_the_circumstances_of_a_row_reach_the_models() -> None:
    data = labelled(USER, ITEM, LABEL, SPLIT, timed=False)
    mood = Categories.of(["calm", "lively", "calm", None, "lively", "calm"])
    data = replace(data, interactions=replace(data.interactions, context={"mood": mood}))
    batch = make_task(data, ctr(data), "test").asked["live"].batch()
    column = batch.context["mood"]
    assert isinstance(column, Categories) and column.codes.tolist() == [1, 0]
    assert batch.user.tolist() == [1, 0]


def test_without_valid_rows_a_tenth_of_train_selects() -> None:
    n = 40
    split = ["train"] * 30 + ["test"] * 10
    data = labelled(
        [i % 4 for i in range(n)], [i % 5 for i in range(n)], [float(i % 2) for i in range(n)], split, timed=True
    )
    valid = make_task(data, ctr(data), "valid")
    assert rows_of(valid.asked["live"]) == [27, 28, 29]
    assert len(valid.train) == 27
    # the last fit has all train rows
    test = make_task(data, ctr(data), "test")
    assert len(test.train) == 30 and "10% of them selected settings" in test.refit
    untimed = replace(data, timed=False)
    drawn = rows_of(make_task(untimed, ctr(untimed), "valid").asked["live"])
    assert len(drawn) == 3 and drawn != [27, 28, 29] and max(drawn) < 30


def test_a_log_with_times_and_no_split_is_cut_by_time() -> None:
    data = labelled(
        [i % 3 for i in range(20)], [i % 4 for i in range(20)], [i % 5 for i in range(20)], None, timed=True
    )
    protocol = Protocol(name="rating", test_share=0.2).resolved(data)
    test, valid = make_task(data, protocol, "test"), make_task(data, protocol, "valid")
    assert rows_of(test.asked["live"]) == [16, 17, 18, 19]
    assert (len(test.train), test.refit) == (16, "train + validation")
    assert (len(valid.train), rows_of(valid.asked["live"])) == (15, [15])


@pytest.mark.parametrize(
    ("value", "split", "name", "said"),
    [
        ([1.0, 3.0, 0.0, 1.0], None, "ctr", "expected labels 0 and 1 in the column of values, found 3"),
        ([1.0, 1.0, 1.0, 1.0], None, "ctr", "expected labels 0 and 1 in the column of values, found only 1"),
        ([4.0, 4.0, 4.0, 4.0], None, "rating", "expected different values in the column of values, found only 4"),
        ([1.0, 0.0, 0.0, 1.0], None, "ctr", "neither a split column nor times"),
        ([1.0, 0.0, 0.0, 1.0], ["train"] * 4, "ctr", 'expected rows with split "test", found only: train'),
    ],
)
def test_what_cannot_be_asked_is_said(value, split, name, said) -> None:
    data = labelled([0, 0, 1, 1], [0, 1, 0, 1], value, split, timed=False)
    with pytest.raises(BadData, match=said):
        make_task(data, Protocol(name=name).resolved(data), "test")


def test_all_rows_keep_their_label_when_questions_are_taken() -> None:
    data = labelled(USER, ITEM, LABEL, SPLIT, timed=False)
    asked = make_task(data, ctr(data), "test").asked["live"]
    turned = asked.take(np.asarray([1, 0]))
    assert turned.labels is not None and turned.labels.tolist() == [1.0, 0.0]
