"""Histories as sparse matrices: how much each past event of a person counts now, and the training log as a matrix."""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.sparse as sp

from penchant.config import Config, setting
from penchant.data.arrays import MS_PER_DAY, Float32
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset


class HistoryConfig(Config):
    """Settings of every model that looks at a person's past: newer events may count more."""

    last_n: int = setting(50, "newest events that count", unit="events", grid=(5, 20, 50, 200), refit=False, ge=1)
    decay: float = setting(
        0.9,
        "weight of an event relative to the next newer one",
        grid=(0.6, 0.8, 0.9, 0.97, 1.0),
        refit=False,
        gt=0,
        le=1,
    )
    history_half_life: float | None = setting(
        None,
        "age at which a past event counts half; none switches it off",
        unit="days",
        grid=(None, 0.02, 1.0, 30.0),
        refit=False,
        gt=0,
    )


def history_weights(batch: QueryBatch, config: HistoryConfig, kind_weight: Float32) -> sp.csr_matrix:
    """The past of each query as weights, float32 [B, n_items].

    An event counts its kind's weight times ``decay ** place`` (0 is the newest) times ``2 ** -(age / half-life)``; events of
    the same item add up. Only the newest `last_n` events count.
    """
    history = batch.history.last(config.last_n)
    weight = kind_weight[history.kind] * np.float32(config.decay) ** history.age.astype(np.float32)
    if config.history_half_life is not None:
        age = np.maximum(batch.at[history.owner] - history.at, 0)
        weight = weight * np.exp2(-(age / (config.history_half_life * MS_PER_DAY))).astype(np.float32)
    shape = (len(batch), batch.n_items)
    matrix = sp.csr_matrix((weight.astype(np.float32), history.item.copy(), history.offsets), shape=shape)
    matrix.sum_duplicates()
    return matrix


def log_matrix(train: Dataset, counting: Literal["binary", "count", "log"] = "binary") -> sp.csr_matrix:
    """The training log as a matrix, float32 [n_users, n_items].

    Cell (u, i) is built from the sum c of the kind weights of the events of u with i: ``1`` where c > 0 ("binary"), ``c``
    ("count") or ``log(1 + c)`` ("log").
    """
    log = train.interactions
    weight = train.kind_weight[log.kind]
    matrix = sp.csr_matrix((weight, (log.user, log.item)), shape=(train.n_users, train.n_items), dtype=np.float32)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    if counting == "binary":
        matrix.data[:] = 1.0
    elif counting == "log":
        np.log1p(matrix.data, out=matrix.data)
    return matrix
