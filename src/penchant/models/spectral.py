"""Graph filter: items reached over the people who chose both, with the broad waves of that graph turned down.

When to use it: many items chosen by few people each and no useful order in the log (places, books), and catalogues for which
the n x n matrix of `ease` is too large; where order matters, `markov` and a fresh, short past say more. There is no training
loop: one sparse product and one truncated SVD. With the log as rows R (people, or stretches of their events), d_u and d_i the
number of cells of a row and of a column, and r the past of the query as weights:

    X = D_u^(-c/2) R D_i^(-b)              the graph, normalised
    S = (X'X)^(elementwise p), without its diagonal, the strongest `neighbours` of each row
    V, s                                   the first right singular vectors of X, and their singular values
    score = r S (I - t V F V')             F = diag(s^2 / s_1^2)
            + a s_1^(2p) r D^-1 V V' D     D = diag(d_i^b)

The first line is a linear filter that smooths over the graph (S), with its strongest waves turned down, so that what everybody
shares drowns less of what is particular (t > 0 sharpens, t < 0 raises them). The second is an ideal low pass: the part of the
past that is made of broad waves, whatever their strength; its D takes rare items of the past for more and answers with
more popular ones. s_1^(2p) puts both on one scale. GF-CF, as published, is b = 1/2, c = 1, p = 1, t = 0, a = 0.3, d = 256
and all neighbours (s_1 is 1 there). Neither the signs of V nor a rotation among equal singular values changes V F V' and V V'.

Cost, for n items, U rows, N distinct (row, item) pairs and d = `embedding_dim`: the fit takes the sum over rows of c^2
multiply-adds for rows of c items, and about 20 d (N + d min(U, n)) for the SVD; while it lasts, 8 N bytes for each of four
copies of the log, 8 d (2 min(U, n) + n) for the SVD, and a block of 200 MB; the model keeps 8 n min(neighbours, n) + 16 n d
bytes at most (4 n d instead of 16 on disk), and the first part twice while it is put together. A query with a past of L events
takes L neighbours + L d + n d multiply-adds (2 L d + 2 n d with both t and a) and 20 n bytes. For
41,000 items, 2,000 neighbours and 128 dimensions the model keeps at most 656 + 84 MB.

Source: Shen et al., "How Powerful is Graph Convolution for Recommendation?", CIKM 2021 (GF-CF: the linear filter and the
low pass from singular vectors); Choi et al., "Blurring-Sharpening Process Models for Collaborative Filtering", SIGIR 2023
(sharpening after smoothing); Park et al., "Turbo-CF", SIGIR 2024 (the elementwise power of the edges). Ours is to sharpen with
the truncated spectrum alone, so that a query costs thin products instead of two passes over the log.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import ArpackError, svds

from penchant.config import setting
from penchant.data.arrays import AnyArray, Float32, Float64, frozen
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.models.base import Model, ModelConfig
from penchant.models.history import HistoryConfig, history_weights, log_matrix
from penchant.models.neighbours import kind_weights, packed, product_blocks, scaled, strongest, unpacked
from penchant.rng import generator
from penchant.train.run import Run

_TOLERANCE = 1e-4
"""Relative error of the squared singular values: they only weigh how far each wave is turned down."""

_SPARE_VECTORS, _PASSES = 16, 20
"""Of the block iteration: vectors beyond those wanted, and passes over the graph and back."""

_NOTHING = 1e-9
"""A share of the greatest squared singular value that is 0 up to rounding."""


class SpectralConfig(HistoryConfig, ModelConfig):
    """Settings of `spectral`."""

    last_n: int = setting(1000, "newest events that count", unit="events", refit=False, ge=1)
    sharpen: float = setting(
        0.8, "how far the strongest waves are turned down (t): 1 takes the strongest out; below 0 it is raised",
        grid=(1.0, 0.5, 0.0, -0.5), refit=False, ge=-10, le=2,
    )  # fmt: skip
    low_pass: float = setting(
        0.1, "weight of the past's own broad waves beside the smoothed past (a); 0 leaves them out",
        grid=(0.2, 0.0), refit=False, ge=0, le=100,
    )  # fmt: skip
    edge_power: float = setting(
        1.0, "power of the edge weights (p): below 1, weak links count more", grid=(0.8, 0.6), gt=0, le=4
    )
    item_exponent: float = setting(
        0.4, "how little the edges of popular items count (b); 0.5 is the symmetric normalisation",
        grid=(0.35, 0.5, 0.2), ge=0, le=1,
    )  # fmt: skip
    row_exponent: float = setting(
        0.8, "how little a row of many items counts (c); 1 is the symmetric normalisation", grid=(0.6, 1.0), ge=0, le=2
    )
    row_events: int | None = setting(
        None, "a person's log is cut into rows of so many events; none: one row a person", unit="events",
        grid=(50,), ge=2,
    )  # fmt: skip
    decay: float = setting(
        1.0, "weight of an event relative to the next newer one", grid=(0.8, 0.95), refit=False, gt=0, le=1
    )
    again: float = setting(
        0.0, "weight of the edge of an item to itself, which lets it come again", grid=(1.0,), refit=False, ge=0
    )
    history_half_life: float | None = setting(
        None, "age at which a past event counts half; none switches it off", unit="days", grid=(0.02,),
        refit=False, gt=0,
    )  # fmt: skip
    context_match: float = setting(
        0.0, "how much more a past event counts in like circumstances: times exp(context_match x likeness in 0..1)",
        grid=(1.0,), refit=False, ge=0, le=20,
    )  # fmt: skip
    popularity_weight: float = setting(
        0.0, "popularity of the moment beside the score: what its peak counts, as a share of the greatest score",
        grid=(0.03, 0.3), refit=False, ge=0, le=100,
    )  # fmt: skip
    embedding_dim: int = setting(128, "singular vectors; fewer where the log has no more", ge=1)
    neighbours: int = setting(2000, "strongest edges kept for each item", ge=1)


class Spectral(Model):
    """Scores float32 [B, n_fit]; NaN for a query without a usable past.

    Attributes:
        similar: sparse float32 [n_fit, n_fit], S: what an item of the past adds to each other item.
        own: float32 [n_fit], the diagonal that S leaves out.
        waves: float32 [n_fit, d], V; rows of items without an event are 0.
        shares: float32 [d], the diagonal of F, falling from 1.
        lift: float32 [n_fit], the diagonal of D; 1 for items without an event.
        strength: float32 [1], s_1^(2p).
    """

    config: SpectralConfig
    similar: sp.csr_matrix
    own: Float32
    waves: Float32
    shares: Float32
    lift: Float32
    strength: Float32
    _smoothed: Float32
    _wide: Float64

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        rows = log_matrix(train, row_events=self.config.row_events)
        by_row = _powers(np.diff(rows.indptr), -self.config.row_exponent / 2)
        popularity = np.bincount(rows.indices, minlength=train.n_items)
        by_item = _powers(popularity, -self.config.item_exponent)
        graph = scaled(rows, by_row, by_item)
        self.similar, self.own = _edges(graph, self.config.edge_power, self.config.neighbours)
        run.reporter.progress("spectral", 1, 2)
        waves, shares = _strongest_waves(graph, self.config.embedding_dim, run.seed)
        run.reporter.progress("spectral", 2, 2)
        self.lift = frozen(_powers(np.maximum(popularity, 1), self.config.item_exponent))
        strongest_wave = np.square(graph @ waves[:, :1], dtype=np.float64).sum()
        self.strength = frozen(np.asarray([strongest_wave**self.config.edge_power], dtype=np.float32))
        self._keep(waves, shares)

    def _keep(self, waves: Float32, shares: Float32) -> None:
        self.waves, self.shares = frozen(waves), frozen(shares)
        # sharpening takes like from like: in float32 the answer would depend on which queries are asked together
        self._wide = frozen(waves.astype(np.float64))
        self._smoothed = frozen(np.ascontiguousarray((self.similar @ waves) * shares))

    def _score(self, batch: QueryBatch) -> Float32:
        past = history_weights(batch, self.config, kind_weights(self.catalogue.schema))[:, : self.n_fit]
        scores: Float32 = (past @ self.similar).toarray()
        if self.config.sharpen != 0:
            scores -= (self.config.sharpen * (past @ self._smoothed).astype(np.float64)) @ self._wide.T
        if self.config.low_pass > 0:
            waves = scaled(past, None, np.reciprocal(self.lift)) @ self.waves
            weight = self.config.low_pass * float(self.strength[0])
            scores += (weight * waves.astype(np.float64)) @ self._wide.T * self.lift
        if self.config.again > 0:
            row = np.repeat(np.arange(len(batch)), np.diff(past.indptr))
            scores[row, past.indices] += np.float32(self.config.again) * past.data * self.own[past.indices]
        scores[np.diff(past.indptr) == 0] = np.nan
        return scores

    def _state(self) -> dict[str, AnyArray]:
        return {
            **packed(self.similar),
            "own": self.own,
            "waves": self.waves,
            "shares": self.shares,
            "lift": self.lift,
            "strength": self.strength,
        }

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.similar, self.own = unpacked(arrays), arrays["own"]
        self.lift, self.strength = arrays["lift"], arrays["strength"]
        self._keep(arrays["waves"], arrays["shares"])


def _powers(counts: AnyArray, exponent: float) -> Float32:
    """``counts ** exponent``, and 0 where there is nothing to count."""
    safe = np.maximum(counts, 1).astype(np.float64)
    return np.where(counts > 0, safe**exponent, 0.0).astype(np.float32)


def _edges(graph: sp.csr_matrix, power: float, neighbours: int) -> tuple[sp.csr_matrix, Float32]:
    """S and the diagonal that it leaves out, block by block."""
    n = graph.shape[1]
    own = np.zeros(n, dtype=np.float32)
    blocks = [sp.csr_matrix((0, n), dtype=np.float32)]
    for first, block in product_blocks(graph.T.tocsr(), graph):
        row = np.repeat(np.arange(first, first + block.shape[0]), np.diff(block.indptr))
        np.power(block.data, np.float32(power), out=block.data)
        same = row == block.indices
        own[row[same]] = block.data[same]
        block.data[same] = 0.0
        blocks.append(strongest(block, neighbours))
    return sp.vstack(blocks, format="csr", dtype=np.float32), own


def _strongest_waves(graph: sp.csr_matrix, dimensions: int, seed: int) -> tuple[Float32, Float32]:
    """The first right singular vectors [n, d] and the squares of their singular values over the greatest one [d].

    Waves as strong as the first one that is left out are left out too: which of them came first would be chance.
    """
    smaller = min(graph.shape)
    if 2 * dimensions + 2 < smaller:
        squares, waves = _first_waves(graph, dimensions + 1, generator(seed, "spectral"))
    else:
        squares, waves = _all_waves(graph.astype(np.float64))
    order = np.argsort(-squares)
    shares = squares[order] / max(float(squares.max(initial=0.0)), 1e-30)
    cut = float(shares[dimensions]) if len(shares) > dimensions else 0.0
    kept = shares > max(cut * (1 + 10 * _TOLERANCE), _NOTHING)
    return np.ascontiguousarray(waves[:, order[kept]], dtype=np.float32), shares[kept].astype(np.float32)


def _first_waves(graph: sp.csr_matrix, d: int, rng: np.random.Generator) -> tuple[AnyArray, AnyArray]:
    """Squares of the greatest d singular values [d] and right singular vectors [n, d], in any order."""
    try:
        start = rng.random(min(graph.shape)).astype(np.float32)
        _, values, right = svds(graph, k=d, v0=start, tol=_TOLERANCE)
        return values.astype(np.float64) ** 2, right.T
    except ArpackError:
        # it cannot tell many equal values apart, such as those of people who share nothing; a block of vectors can
        # (Halko, Martinsson and Tropp 2011, "Finding Structure with Randomness", algorithm 4.4)
        block = rng.standard_normal((graph.shape[1], d + _SPARE_VECTORS)).astype(np.float32)
        for _ in range(_PASSES):
            block = np.linalg.qr(graph.T @ (graph @ block))[0]
        _, values, turn = np.linalg.svd(graph @ block, full_matrices=False)
        return values[:d].astype(np.float64) ** 2, block @ turn[:d].T


def _all_waves(graph: sp.csr_matrix) -> tuple[Float64, Float64]:
    """Squares of all singular values [m] and right singular vectors [n, m], from the product on the shorter side."""
    if graph.shape[1] <= graph.shape[0]:
        squares, waves = np.linalg.eigh((graph.T @ graph).toarray())
        return squares, waves
    squares, left = np.linalg.eigh((graph @ graph.T).toarray())
    scale = np.sqrt(np.maximum(squares, _NOTHING * max(float(squares.max(initial=0.0)), 1e-30)))
    return squares, (graph.T @ left) / scale
