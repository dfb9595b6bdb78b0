"""Small logs in which it is known what matters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.arrays import frozen
from penchant.data.dataset import Dataset
from penchant.data.features import Categories
from tests.evaluate.logs import dataset

HOUR = 3_600_000


def ordered_world(seed: int = 3, people: int = 60, items: int = 24, length: int = 60) -> Dataset:
    """Everybody walks round a circle of items, eight times in ten to the next one, else to a random one: order is everything.

    Circumstances are drawn by lot: ``coin`` does nothing. An event an hour, people in turn.
    """
    rng = np.random.default_rng(seed)
    item = np.empty((people, length), dtype=np.int32)
    item[:, 0] = rng.integers(0, items, people)
    for step in range(1, length):
        jump = rng.random(people) < 0.2
        item[:, step] = np.where(jump, rng.integers(0, items, people), (item[:, step - 1] + 1) % items)
    user = np.repeat(np.arange(people), length)
    at = (np.arange(length)[None, :] * people + np.arange(people)[:, None]) * HOUR
    return _sorted(user, item.ravel(), at.ravel(), {"coin": rng.integers(0, 2, people * length)}, repeats="allow")


def moody_world(seed: int = 5, people: int = 80, length: int = 60, known: float = 1.0) -> Dataset:
    """Half of the choices are made by the mood: four items belong to each of three moods, the other half is any of twelve.

    ``mood`` is drawn anew at each event, ``copy`` is the same but for one event in thirty, ``coin`` does nothing. `known` is
    the share of events that state the mood. Events come every seven hours, so that each is a visit of its own.
    """
    rng = np.random.default_rng(seed)
    n = people * length
    mood = rng.integers(0, 3, n)
    item = np.where(rng.random(n) < 0.5, mood * 4 + rng.integers(0, 4, n), rng.integers(0, 12, n))
    copy = np.where(rng.random(n) < 1 / 30, rng.integers(0, 3, n), mood)
    user = np.repeat(np.arange(people), length)
    at = np.tile(np.arange(length), people) * 7 * HOUR + user
    stated = np.where(rng.random(n) < known, mood, -1)
    context = {"mood": stated, "copy": copy, "coin": rng.integers(0, 2, n)}
    return _sorted(user, item, at, context, repeats="allow")


def _sorted(
    user: np.ndarray, item: np.ndarray, at: np.ndarray, context: dict[str, np.ndarray], repeats: str
) -> Dataset:
    order = np.argsort(at, kind="stable")
    declared = {name: {"kind": "category"} for name in context}
    made = dataset(user[order], item[order], at[order] + 1_736_121_600_000, repeats=repeats, context=declared)
    columns = {
        name: Categories.of([None if v < 0 else f"v{v}" for v in values[order].tolist()])
        for name, values in context.items()
    }
    return replace(
        made, interactions=replace(made.interactions, context=columns, order=None, user=frozen(made.interactions.user))
    )
