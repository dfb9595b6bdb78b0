"""What usually follows the last choice.

When to use it: streams and sessions, where order tells more than taste (music, browsing). Cost: the fit takes O(N w) time and
at most that much memory for N events and w followers counted for each; a query takes O(followers of the last items +
n_items). Source: Rendle et al. 2010, "Factorizing personalized Markov chains", section 4.1 (counts of transitions);
Ludewig & Jannach 2018, "Evaluation of session-based recommendation algorithms", section 3.1 (sequential rules).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import scipy.sparse as sp

from penchant.config import Between, setting
from penchant.data.arrays import MS_PER_DAY, AnyArray, Float32, Int64, Nums, ragged_positions
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.data.sequences import Histories
from penchant.models.base import Model, ModelConfig
from penchant.models.neighbours import densified, inverse, kind_weights, packed, scaled, unpacked
from penchant.train.run import Run

_CHUNK = 4_000_000
"""Pairs that are counted at once."""


class MarkovConfig(ModelConfig):
    """Settings of `markov`. An instant is all events of one person that share a time: they have no order."""

    last_n: int = setting(
        5, "newest instants that count", unit="instants", grid=(1, 5, 20), search=Between(1, 50, log=True),
        refit=False, ge=1,
    )  # fmt: skip
    decay: float = setting(
        0.5, "weight of an instant relative to the next newer one", grid=(0.3, 0.5, 0.8), search=Between(0.05, 1.0),
        refit=False, gt=0, le=1,
    )  # fmt: skip
    window: int = setting(
        3, "instants after an item whose items follow it", unit="instants", grid=(1, 3, 10),
        search=Between(1, 20, log=True), ge=1,
    )  # fmt: skip
    fade: float = setting(
        0.5, "weight of a follower relative to one an instant earlier", grid=(0.5, 0.8), search=Between(0.1, 1.0),
        gt=0, le=1,
    )  # fmt: skip
    max_gap: float | None = setting(
        None, "longest time between an item and its follower; none: any", unit="days", grid=(None, 0.05, 1.0),
        search=Between(0.005, 30, log=True, also=(None,)), gt=0,
    )  # fmt: skip
    shrink: float = setting(
        2.0, "followers added to the number counted: doubts items that were followed rarely",
        search=Between(0.1, 100, log=True, also=(0.0,)), ge=0,
    )  # fmt: skip


class Markov(Model):
    """Scores are shares of the followers of the last items."""

    config: MarkovConfig
    follows: sp.csr_matrix

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        shape = (train.n_items, train.n_items)
        counts = sp.csr_matrix(shape, dtype=np.float32)
        for source, target, weight in self._pairs(train):
            counts = counts + sp.csr_matrix((weight, (source, target)), shape=shape, dtype=np.float32)
        counts.eliminate_zeros()
        total = np.asarray(counts.sum(axis=1)).ravel().astype(np.float32)
        self.follows = scaled(counts, rows=inverse(np.where(total > 0, total + np.float32(self.config.shrink), 0)))

    def _pairs(self, train: Dataset) -> Iterator[tuple[Nums, Nums, Float32]]:
        """Chunks of (item, follower, weight); the items of an instant share its weight as followers.

        Items of one instant do not follow each other: their order in the file says nothing.
        """
        sequences, log = train.sequences, train.interactions
        rows = sequences.rows
        item, at, user = log.item[rows], log.at[rows], log.user[rows]
        worth = train.kind_weight[log.kind[rows]]
        start, instant = _instants(at, user)
        person = user[start[:-1]]
        for distance in range(1, self.config.window + 1):
            ahead = np.minimum(instant + distance, len(person) - 1)
            follows = (ahead == instant + distance) & (person[ahead] == user)
            if self.config.max_gap is not None:
                follows &= at[start[ahead]] - at <= self.config.max_gap * MS_PER_DAY
            n = np.where(follows, start[ahead + 1] - start[ahead], 0)
            share = np.float32(self.config.fade) ** np.float32(distance - 1) / np.maximum(n, 1).astype(np.float32)
            for low, high in _chunks(n):
                here = np.repeat(np.arange(low, high), n[low:high])
                there = ragged_positions(start[ahead[low:high]], n[low:high])
                yield item[here], item[there], share[here] * worth[here] * worth[there]

    def _score(self, batch: QueryBatch) -> Float32:
        past = _newest(batch.history, batch.n_items, self.config, kind_weights(self.catalogue.schema))
        return densified((past[:, : self.n_fit] @ self.follows).tocsr())

    def _state(self) -> dict[str, AnyArray]:
        return packed(self.follows)

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.follows = unpacked(arrays)


def _instants(at: Int64, user: Nums) -> tuple[Int64, Int64]:
    """Places where instants start, with the number of places at the end, int64 [n+1]; and the instant of each place [N]."""
    new = np.ones(len(at), dtype=np.bool_)
    new[1:] = (at[1:] != at[:-1]) | (user[1:] != user[:-1])
    return np.append(np.flatnonzero(new), len(at)), np.cumsum(new) - 1


def _chunks(n: Int64) -> Iterator[tuple[int, int]]:
    """Ranges of places with about `_CHUNK` pairs each, where place p makes ``n[p]`` pairs."""
    done = np.cumsum(n)
    low = 0
    while low < len(n):
        before = done[low - 1] if low else 0
        high = max(low + 1, int(np.searchsorted(done, before + _CHUNK, side="right")))
        yield low, high
        low = high


def _newest(history: Histories, n_items: int, config: MarkovConfig, kind_weight: Float32) -> sp.csr_matrix:
    """The newest instants of each past as weights, float32 [B, n_items]; the items of an instant share its weight."""
    shape = (len(history), n_items)
    if len(history.item) == 0:
        return sp.csr_matrix(shape, dtype=np.float32)
    owner = history.owner
    start, instant = _instants(history.at, owner.astype(np.int32))
    last = np.repeat(instant[np.maximum(history.offsets[1:] - 1, 0)], history.lengths)
    place = last - instant
    weight = np.float32(config.decay) ** place.astype(np.float32) / np.diff(start)[instant]
    weight = np.where(place < config.last_n, weight * kind_weight[history.kind], 0).astype(np.float32)
    matrix = sp.csr_matrix((weight, (owner, history.item)), shape=shape)
    matrix.eliminate_zeros()
    return matrix
