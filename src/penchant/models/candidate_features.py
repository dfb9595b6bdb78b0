"""What is known of each candidate in its moment, as columns for a ranker: nothing knows more than the moment itself.

Times are log(1 + minutes), counts log(1 + n); NaN is unknown, and trees send it where it serves best.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from penchant.data.arrays import MS_PER_DAY, Bool, Float32, Int64
from penchant.data.batch import QueryBatch
from penchant.data.features import Categories
from penchant.data.moments import hour_of_day, is_weekend
from penchant.data.sequences import Histories
from penchant.models.circumstances import Lifts
from penchant.models.moment_features import pause
from penchant.models.pool import Pool, standardised

_HALF_LIVES = (1.0, 7.0, 60.0)
"""Half-lives of the popularity columns, days."""

_SESSION_MS = 30 * 60_000
"""A pause that parts visits."""

_MOST_KINDS = 4
"""Event kinds with a column of their own."""


def candidate_features(
    batch: QueryBatch, scores: Sequence[Float32], pool: Pool, first_at: Int64, lifts: Lifts | None, n_kinds: int
) -> Float32:
    """One row a candidate, float32 [C, F].

    Args:
        scores: what each member says, float32 [B, n_items] each.
        first_at: int64 [n_items], time of the first event of each item in the training log, a negative number without one.
        lifts: how circumstances raise each item, or None.
        n_kinds: event kinds of the schema.
    """
    known = np.zeros(batch.n_items, dtype=np.bool_)
    known[: len(first_at)] = first_at >= 0
    columns = [*_said(scores, pool, known, batch.history), *_own(batch, pool, n_kinds), *_popular(batch, pool)]
    at = batch.at[pool.owner]
    first = first_at[np.minimum(pool.item, len(first_at) - 1)]
    columns.append(np.where(known[pool.item], _log_minutes(at - first), np.nan))
    columns += [column[pool.owner] for column in _moment(batch)]
    if lifts is not None:
        columns.append(pool.of(lifts.total(batch, batch.n_items)))
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


def _log_minutes(ms: Int64) -> Float32:
    found: Float32 = np.log1p(np.maximum(ms, 0) / 60_000.0).astype(np.float32)
    return found


def _said(scores: Sequence[Float32], pool: Pool, known: Bool, history: Histories) -> list[Float32]:
    """For each member the standardised score and the place among the candidates; then the best and the mean place."""
    columns, places = [], []
    start = pool.starts[:-1]
    for table in scores:
        raw = pool.of(table)
        order = np.lexsort((np.where(np.isnan(raw), np.inf, -raw), pool.owner))
        place = np.empty(len(order), dtype=np.float32)
        place[order] = np.arange(len(order)) - start[pool.owner[order]]
        place[np.isnan(raw)] = np.nan
        places.append(np.log1p(place))
        z = pool.of(standardised(table, known, history))
        z[np.isnan(raw)] = np.nan
        columns += [z, places[-1]]
    filled = np.stack([np.nan_to_num(place, nan=10.0) for place in places])
    return [*columns, filled.min(axis=0), filled.mean(axis=0)]


def _own(batch: QueryBatch, pool: Pool, n_kinds: int) -> list[Float32]:
    """The person's own past with each candidate: counts, time since, place from the newest, kind, rhythm; NaN without one."""
    history, n = batch.history, batch.n_items
    key = history.owner * n + history.item
    order = np.argsort(key, kind="stable")
    distinct, begin, count = np.unique(key[order], return_index=True, return_counts=True)
    wanted = pool.owner * n + pool.item
    found = np.minimum(np.searchsorted(distinct, wanted), max(len(distinct) - 1, 0))
    own: Bool = (distinct[found] == wanted) if len(distinct) else np.zeros(len(wanted), dtype=np.bool_)
    if not len(distinct):
        return [np.full(len(wanted), np.nan, dtype=np.float32)] * (9 + min(n_kinds, _MOST_KINDS))
    newest, oldest = order[begin + count - 1], order[begin]
    at = batch.at[history.owner]
    age = at - history.at
    fresh = np.add.reduceat(np.exp2(-age[order] / (7.0 * MS_PER_DAY)), begin)
    recent = np.add.reduceat(np.exp2(-age[order] / (0.1 * MS_PER_DAY)), begin)
    # the usual pause between two choices of the item, and how much of it has gone by: what is due comes again
    usual = np.where(count > 1, (age[oldest] - age[newest]) / np.maximum(count - 1, 1), np.nan)
    per_item = [
        np.log1p(count), fresh, recent, _log_minutes(age[newest]), _log_minutes(age[oldest]),
        np.log1p(history.age[newest]), history.kind[newest],
        np.log1p(usual / 60_000), np.log1p(age[newest] / np.maximum(usual, 60_000.0)),
    ]  # fmt: skip
    for kind in range(min(n_kinds, _MOST_KINDS)):
        per_item.append(np.log1p(np.add.reduceat((history.kind[order] == kind).astype(np.float64), begin)))
    return [np.where(own, np.asarray(column, dtype=np.float32)[found], np.nan) for column in per_item]


def _popular(batch: QueryBatch, pool: Pool) -> list[Float32]:
    """Choices as of the moment, fading at several speeds, and the differences between these (a trend)."""
    counts = [np.log1p(pool.of(batch.popularity.as_of(batch.at, half_life=days * MS_PER_DAY))) for days in _HALF_LIVES]
    return [*counts, *(fast - slow for fast, slow in zip(counts, counts[1:], strict=False))]


def _moment(batch: QueryBatch) -> list[Float32]:
    """What is the same for all candidates: length of the past, share of repeats in it, pause, this visit, clock, context."""
    history = batch.history
    length = history.lengths
    key = np.unique(history.owner * batch.n_items + history.item)
    distinct = np.bincount(key // batch.n_items, minlength=len(batch))
    gap = pause(batch)
    visit = np.bincount(
        history.owner, weights=(batch.at[history.owner] - history.at) < _SESSION_MS, minlength=len(batch)
    )
    columns = [
        np.log1p(length),
        np.where(length > 0, distinct / np.maximum(length, 1), np.nan),
        np.where(gap >= 0, _log_minutes(gap), np.nan),
        np.log1p(visit),
    ]
    if batch.is_moment:
        columns += [hour_of_day(batch.at, batch.time_zone), is_weekend(batch.at, batch.time_zone)]
    else:
        columns += [np.full(len(batch), np.nan)] * 2
    for column in batch.context.values():
        codes = column.codes if isinstance(column, Categories) else column.values
        columns.append(np.where(codes < 0, np.nan, codes) if isinstance(column, Categories) else codes)
    return [np.asarray(column, dtype=np.float32) for column in columns]
