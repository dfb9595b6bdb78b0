"""Small random logs with everything that makes replay hard: ties in time, repeats, late items, strangers, busy people."""

from __future__ import annotations

from typing import Any

import numpy as np

from penchant.data.arrays import frozen
from penchant.data.dataset import Dataset
from penchant.data.features import Categories, FeatureTable
from penchant.data.interactions import Interactions
from penchant.data.schema import Schema
from penchant.data.vocabulary import Vocabulary

DAY = 86_400_000


def random_log(seed: int = 1, n: int = 900, people: int = 14, items: int = 30, **schema: Any) -> Dataset:
    """`n` events; later ones come from all people and items, earlier ones only from some; many share an instant."""
    rng = np.random.default_rng(seed)
    progress = np.arange(n) / n
    user = np.floor(rng.random(n) ** 1.5 * people * (0.6 + 0.4 * progress)).astype(np.int32)
    item = np.floor(rng.random(n) ** 2 * items * (0.6 + 0.4 * progress)).astype(np.int32)
    at = np.sort(rng.integers(0, n // 2, n)) * (DAY // 8)
    return dataset(user, item, at, **schema)


def dataset(
    user: np.ndarray, item: np.ndarray, at: np.ndarray, split: list[str] | None = None, **schema: Any
) -> Dataset:
    """A dataset of these columns; ids are ``u0``.. and ``i0``.."""
    n_users, n_items = int(user.max()) + 1, int(item.max()) + 1
    log = Interactions(
        user=frozen(user.astype(np.int32)),
        item=frozen(item.astype(np.int32)),
        at=frozen(at.astype(np.int64)),
        kind=frozen(np.zeros(len(user), dtype=np.int8)),
        value=frozen(np.ones(len(user), dtype=np.float32)),
        extra={} if split is None else {"split": Categories.of(split)},
    )
    return Dataset(
        schema=Schema.parse(schema),
        users=Vocabulary.of(f"u{i}" for i in range(n_users)),
        items=Vocabulary.of(f"i{i}" for i in range(n_items)),
        interactions=log,
        user_features=FeatureTable(n_rows=n_users),
        item_features=FeatureTable(n_rows=n_items),
    )
