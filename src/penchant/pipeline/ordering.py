"""Best first: the order of items by score, with ties as everywhere in this package."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Float32, Int64, Nums


def best_first(scores: Float32, items: Nums) -> Int64:
    """Places of `items` by falling score, int64 [n]; what is not finite comes last.

    Equal scores stand in the scrambled order of `penchant.models.topk.tie_order`. That order is the rank of a hash of the
    item's number, so the hash itself gives the same one without the catalogue being sorted.
    """
    keys = np.where(np.isfinite(scores), -scores, np.inf)
    order: Int64 = keys.argsort()
    rising = keys[order]
    if (rising[1:] == rising[:-1]).any():
        order = np.lexsort(((items.astype(np.int64) * 2654435761) & 0xFFFFFFFF, keys))
    return order
