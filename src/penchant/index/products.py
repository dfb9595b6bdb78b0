"""Inner products that do not depend on where a row stands, and the best of them in order."""

from __future__ import annotations

import numpy as np

from penchant.index.protocol import Float32, Nums


def products(vectors: Float32, items: Nums, query: Float32) -> Float32:
    """Inner products float32 [m] of the rows `items` with `query`.

    Every row is summed in the same order, so equal vectors have equal products; libraries for matrices treat the last few rows
    of a block otherwise.
    """
    found: Float32 = np.einsum("ij,j->i", vectors.take(items, axis=0), query)
    return found


def best(items: Nums, scores: Float32, n: int) -> tuple[Nums, Float32]:
    """The `n` of greatest score, best first, equal ones by rising number; `items` must rise."""
    if len(items) > 4 * n:
        least = np.partition(scores, len(scores) - n)[len(scores) - n]
        near = scores >= least
        items, scores = items[near], scores[near]
    order = np.argsort(-scores)
    ranked = scores[order]
    if (ranked[1:] == ranked[:-1]).any():
        # few are ever equal, and an order that keeps equals as they stand takes three times as long
        order = np.argsort(-scores, kind="stable")
        ranked = scores[order]
    return items[order[:n]], ranked[:n]
