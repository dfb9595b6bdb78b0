"""Taking one thing away from the past that a model is told, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from penchant.data.arrays import AnyArray, Int64, frozen
from penchant.data.questions import Questions
from penchant.data.sequences import Histories


def swapped(questions: Questions) -> Questions:
    """The history of another person, up to the same moment.

    The donor is whoever was asked just before (the first questions take the last people), so the season and what everybody
    did then stay the same; a person who was asked alone gets an empty history.
    """
    order = np.argsort(questions.at, kind="stable")
    asked = questions.user[order]
    donor = np.roll(asked, 1)
    for back in range(2, len(order)):
        own = donor == asked
        if not own.any():
            break
        donor[own] = np.roll(asked, back)[own]
    user = np.empty_like(asked)
    user[order] = donor
    low = questions.sequences.offsets[user]
    high = questions.sequences.places_before(user, questions.at)
    return replace(questions, low=low, high=np.where(user == questions.user, low, high))


def delayed(questions: Questions, ms: int) -> Questions:
    """The same histories without the events of the last `ms` milliseconds before each question."""
    high = questions.sequences.places_before(questions.user, questions.at - ms)
    return replace(questions, high=np.minimum(questions.high, np.maximum(high, questions.low)))


def shuffled(history: Histories, rng: Generator) -> Histories:
    """What was chosen is dealt out anew over the moments of each history: order and recency are gone."""
    return _reordered(history, rng.random(len(history.item)))


def newest_shuffled(history: Histories, rng: Generator, n: int) -> Histories:
    """Only the newest `n` events of each history change places among themselves."""
    place = -history.age.astype(np.float64)
    return _reordered(history, np.where(history.age < n, rng.random(len(history.item)), place))


def rotated(history: Histories, rng: Generator) -> Histories:
    """Each history is cut at a random place and its newer part put before the older one.

    What follows what stays, but for one seam; what is newest is a random old event.
    """
    length = history.lengths
    cut = 1 + np.floor(rng.random(len(length)) * np.maximum(length - 1, 0)).astype(np.int64)
    place = np.arange(len(history.item)) - history.offsets[:-1][history.owner]
    return _reordered(history, (place - cut[history.owner]) % np.maximum(length, 1)[history.owner])


def _reordered(history: Histories, key: AnyArray) -> Histories:
    """Items, kinds, values and circumstances ordered by `key` within each history; the moments stay where they were."""
    order: Int64 = np.lexsort((key, history.owner)).astype(np.int64)
    return replace(
        history,
        item=frozen(history.item[order]),
        kind=frozen(history.kind[order]),
        value=frozen(history.value[order]),
        context={name: column.take(order) for name, column in history.context.items()},
    )
