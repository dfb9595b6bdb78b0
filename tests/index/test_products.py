"""Products and their order."""

from __future__ import annotations

import numpy as np

from penchant.index.products import best, products
from penchant.rng import generator


def test_equal_rows_have_equal_products_wherever_they_stand() -> None:
    rng = generator(1, "products")
    row, query = rng.normal(size=61).astype(np.float32), rng.normal(size=61).astype(np.float32)
    for n in range(1, 40):
        assert len(set(products(np.tile(row, (n, 1)), np.arange(n, dtype=np.int32), query).tolist())) == 1


def test_equals_come_by_number_when_only_some_are_wanted() -> None:
    items = np.arange(100, dtype=np.int32)
    scores = (items % 3).astype(np.float32)
    found, kept = best(items, scores, 4)
    assert (found.tolist(), kept.tolist()) == ([2, 5, 8, 11], [2.0] * 4)
    found, kept = best(items[:5], scores[:5], 9)
    assert (found.tolist(), kept.tolist()) == ([2, 1, 4, 0, 3], [2.0, 1.0, 1.0, 0.0, 0.0])
