"""Histories as sparse matrices: how much each past event of a person counts now, and the training log as a matrix.

An event counts more when it is recent and, with `context_match`, when its circumstances were those of the moment: what a person
plays on a morning commute says more about the next morning commute than about a Saturday night. This is contextual
pre-filtering (Adomavicius & Tuzhilin 2011, "Context-Aware Recommender Systems") with a soft filter instead of a hard one.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.sparse as sp

from penchant.config import Between, Config, setting
from penchant.data.arrays import MS_PER_DAY, Float32
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.features import Categories
from penchant.data.moments import hour_of_day, is_weekend
from penchant.data.sequences import Histories


class HistoryConfig(Config):
    """Settings of every model that looks at a person's past: newer events may count more."""

    last_n: int = setting(
        50,
        "newest events that count",
        unit="events",
        grid=(5, 20, 50, 200),
        search=Between(1, 200, log=True),
        refit=False,
        ge=1,
    )
    decay: float = setting(
        0.9,
        "weight of an event relative to the next newer one",
        grid=(0.6, 0.8, 0.9, 0.97, 1.0),
        search=Between(0.3, 1.0),
        refit=False,
        gt=0,
        le=1,
    )
    history_half_life: float | None = setting(
        None,
        "age at which a past event counts half; none switches it off",
        unit="days",
        grid=(None, 30.0, 1.0, 0.02),
        search=Between(0.01, 365, log=True, also=(None,)),
        refit=False,
        gt=0,
    )
    context_match: float = setting(
        0.0,
        "how much more a past event counts in like circumstances: times exp(context_match x likeness in 0..1)",
        grid=(1.0, 3.0),
        search=Between(0.3, 5, log=True, also=(0.0,)),
        refit=False,
        ge=0,
        le=20,
    )


def history_weights(batch: QueryBatch, config: HistoryConfig, kind_weight: Float32) -> sp.csr_matrix:
    """The past of each query as weights, float32 [B, n_items].

    An event counts its kind's weight times ``decay ** place`` (0 is the newest) times ``2 ** -(age / half-life)``; events of
    the same item add up. Only the newest `last_n` events count. With `context_match` an event also counts
    ``exp(context_match * likeness)``, see `likeness`.
    """
    # events of no weight are no past: they must not take the places of others, and a query with nothing else has none
    history = batch.history.keep(kind_weight[batch.history.kind] > 0).last(config.last_n)
    weight = kind_weight[history.kind] * np.float32(config.decay) ** history.age.astype(np.float32)
    if config.history_half_life is not None:
        age = np.maximum(batch.at[history.owner] - history.at, 0)
        weight = weight * np.exp2(-(age / (config.history_half_life * MS_PER_DAY))).astype(np.float32)
    if config.context_match > 0:
        weight = weight * np.exp(np.float32(config.context_match) * likeness(batch, history))
    shape = (len(batch), batch.n_items)
    matrix = sp.csr_matrix((weight.astype(np.float32), history.item.copy(), history.offsets), shape=shape)
    matrix.sum_duplicates()
    # so do weights that decayed to nothing
    matrix.eliminate_zeros()
    return matrix


def likeness(batch: QueryBatch, history: Histories) -> Float32:
    """How like the circumstances of each past event are to those of its query, float32 [total] in [0, 1].

    The mean over what is known on both sides: 1 or 0 for a category (equal or not), ``(1 + cos(angle)) / 2`` for the hour of
    the day, 1 or 0 for weekend against working day. 0 where nothing is known.
    """
    owner = history.owner
    alike = np.zeros(len(owner), dtype=np.float32)
    known = np.zeros(len(owner), dtype=np.float32)
    if batch.is_moment:
        gap = hour_of_day(batch.at, batch.time_zone)[owner] - hour_of_day(history.at, batch.time_zone)
        alike += (1 + np.cos(gap * np.float32(2 * np.pi / 24))) / 2
        alike += is_weekend(batch.at, batch.time_zone)[owner] == is_weekend(history.at, batch.time_zone)
        known += 2
    for name, now in batch.context.items():
        then = history.context.get(name)
        if isinstance(now, Categories) and isinstance(then, Categories):
            both = (now.codes[owner] >= 0) & (then.codes >= 0)
            alike += both & (now.codes[owner] == then.codes)
            known += both
    share: Float32 = np.divide(alike, known, out=np.zeros_like(alike), where=known > 0)
    return share


def log_matrix(
    train: Dataset, counting: Literal["binary", "count", "log"] = "binary", row_events: int | None = None
) -> sp.csr_matrix:
    """The training log as a matrix, float32 [n_rows, n_items]; events of kinds with weight 0 are left out.

    A row is a person (people without an event have none), or with `row_events` a stretch of so many successive events of one
    person. A cell is built from the sum c of the kind weights of its events: ``1`` ("binary"), ``c`` ("count") or
    ``log(1 + c)`` ("log").
    """
    log, sequences = train.interactions, train.sequences
    counted = sequences.rows[train.kind_weight[log.kind[sequences.rows]] > 0]
    user = log.user[counted]
    place = np.arange(len(user)) - np.searchsorted(user, user)
    first = place == 0 if row_events is None else place % row_events == 0
    weight = train.kind_weight[log.kind[counted]]
    shape = (int(first.sum()), train.n_items)
    matrix = sp.csr_matrix((weight, (np.cumsum(first) - 1, log.item[counted])), shape=shape, dtype=np.float32)
    matrix.sum_duplicates()
    if counting == "binary":
        matrix.data[:] = 1.0
    elif counting == "log":
        np.log1p(matrix.data, out=matrix.data)
    return matrix
