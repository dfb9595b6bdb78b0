"""Slices of questions, by hand."""

from __future__ import annotations

import numpy as np

from penchant.evaluate.protocol import Protocol
from penchant.evaluate.replay import task
from penchant.evaluate.slicing import slice_masks
from tests.evaluate.logs import dataset

HOUR = 3_600_000


def test_every_question_is_in_the_slices_it_belongs_to() -> None:
    # 20 events, the cut is row 18; person 1 and item 3 are new at the cut
    user = np.asarray([0] * 18 + [0, 1])
    item = np.asarray([0, 1, 2] * 6 + [3, 0])
    at = np.append(np.arange(18) * HOUR, [17 * HOUR + 1000, 40 * HOUR])
    data = dataset(user, item, at, repeats="allow")
    made = task(data, Protocol().resolved(data), "test")
    masks = {name: mask.tolist() for name, mask in slice_masks(made.asked["live"], made.train).items()}
    assert masks == {
        "person known, item new": [True, False],
        "person new, item known": [False, True],
        "history 0": [False, True],
        "history 5-19": [True, False],
        # row 17 lies one second before the question; nobody's past has no gap
        "gap under an hour": [True, False],
    }


def test_lengths_cover_everything_once() -> None:
    user = np.zeros(400, dtype=int)
    data = dataset(user, np.arange(400) % 9, np.arange(400) * 2 * HOUR, repeats="allow")
    made = task(data, Protocol(max_questions=40).resolved(data), "test")
    masks = slice_masks(made.asked["live"], made.train)
    lengths = [mask for name, mask in masks.items() if name.startswith("history")]
    assert (np.sum(lengths, axis=0) == 1).all()
    # 360 and more events before each
    assert masks["history 100+"].all() and masks["gap over an hour"].all()


def test_without_a_moment_there_is_no_gap() -> None:
    data = dataset(np.zeros(20, dtype=int), np.arange(20) % 3, np.arange(20) * HOUR, repeats="allow")
    made = task(data, Protocol(request_time="split").resolved(data), "test")
    assert not [name for name in slice_masks(made.asked["live"], made.train) if name.startswith("gap")]
