"""Vectors in clusters of unequal size and length, as learned ones are, and questions near them."""

from __future__ import annotations

import numpy as np

from penchant.index.protocol import Allowed, Bool, Float32
from penchant.rng import generator


def clustered(n: int, n_queries: int, *, d: int = 32, clusters: int = 60, seed: int = 7) -> tuple[Float32, Float32]:
    """Rows float32 [n, d], and queries float32 [n_queries, d], each a mixture of a cluster's centre and a row."""
    rng = generator(seed, "clustered")
    centre = rng.normal(size=(clusters, d))
    share = rng.dirichlet(np.full(clusters, 0.5))
    rows = centre[rng.choice(clusters, n, p=share)] + 0.7 * rng.normal(size=(n, d))
    rows *= np.exp(0.3 * rng.normal(size=(n, 1)))
    near = centre[rng.choice(clusters, n_queries, p=share)] + 0.7 * rng.normal(size=(n_queries, d))
    queries = 0.6 * near + 0.4 * rows[rng.integers(0, n, n_queries)]
    return rows.astype(np.float32), queries.astype(np.float32)


def of(mask: Bool | None) -> Allowed | None:
    """The rows where the mask is true; None stays None."""
    return None if mask is None else Allowed.of(mask)
