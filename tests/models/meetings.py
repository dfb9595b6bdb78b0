"""Small logs in which item and circumstances decide together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.arrays import frozen
from penchant.data.dataset import Dataset
from penchant.data.features import Categories, FeatureTable, Numbers, Tags, Vectors
from penchant.data.schema import Schema
from tests.evaluate.labelled.logs import labelled

SCHEMA = {
    "context": {"mood": {"kind": "category"}, "load": {"kind": "number"}, "hour": {"kind": "cycle", "period": 24}},
    "item_attributes": {"genres": {"kind": "tags"}, "sound": {"kind": "vector"}},
    "user_attributes": {"group": {"kind": "category"}},
}


def crossed(seed: int = 1, n: int = 1500, *, values: bool = False) -> Dataset:
    """Rows without times whose label is 1 with .9 where item and mood are both even or both odd, else with .1.

    Neither item nor mood alone tells anything. With `values` the label is replaced by 3 + 2 x label. All kinds of fields are
    there, some values missing; 1,000 rows train, 200 are valid, the others test.
    """
    rng = np.random.default_rng(seed)
    user, item, mood = rng.integers(0, 20, n), rng.integers(0, 8, n), rng.integers(0, 4, n)
    user[:20], item[:8] = np.arange(20), np.arange(8)
    label = (rng.random(n) < np.where(item % 2 == mood % 2, 0.9, 0.1)).astype(np.float64)
    split = ["train"] * 1000 + ["valid"] * 200 + ["test"] * (n - 1200)
    made = labelled(user.tolist(), item.tolist(), (3 + 2 * label if values else label).tolist(), split, timed=False)
    context: dict[str, Categories | Numbers] = {
        "mood": Categories.of([None if i % 50 == 49 else f"mood {m}" for i, m in enumerate(mood)]),
        "load": Numbers(frozen(np.where(np.arange(n) % 7 == 0, np.nan, rng.normal(size=n)).astype(np.float32))),
        "hour": Numbers(frozen(rng.uniform(0, 24, n).astype(np.float32))),
    }
    sound = rng.normal(size=(8, 3)).astype(np.float32)
    sound[3] = np.nan
    return replace(
        made,
        schema=Schema.parse(SCHEMA),
        interactions=replace(made.interactions, context=context),
        item_features=FeatureTable(
            n_rows=8,
            columns={"genres": Tags.of([["a"], ["a", "b"], [], ["b"]] * 2), "sound": Vectors(frozen(sound))},
        ),
        user_features=FeatureTable(n_rows=20, columns={"group": Categories.of(["x", "y", None, "x"] * 5)}),
    )
