"""Logs whose events have labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.arrays import frozen
from penchant.data.dataset import Dataset
from tests.evaluate.logs import dataset


def labelled(user: list[int], item: list[int], value: list[float], split: list[str] | None, *, timed: bool) -> Dataset:
    """A log of these rows; `at` is the row's number in days, or nothing but its place."""
    step = 86_400_000 if timed else 1
    made = dataset(np.asarray(user), np.asarray(item), np.arange(len(user)) * step, split)
    log = replace(made.interactions, value=frozen(np.asarray(value, dtype=np.float32)))
    return replace(made, interactions=log, timed=timed)


def additive(seed: int = 1, n: int = 1200, *, labels: bool = False) -> Dataset:
    """Values that are 3 + a person's part + an item's part + noise; with `labels` 1 above 3, else 0. Timed, no split."""
    rng = np.random.default_rng(seed)
    user, item = rng.integers(0, 30, n), rng.integers(0, 20, n)
    user[:30], item[:20] = np.arange(30), np.arange(20)
    value = 3 + rng.normal(size=30)[user] + rng.normal(size=20)[item] + 0.3 * rng.normal(size=n)
    value = (value > 3).astype(np.float64) if labels else value
    return labelled(user.tolist(), item.tolist(), value.tolist(), None, timed=True)
