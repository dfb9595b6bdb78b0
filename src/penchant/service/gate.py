"""The gate: a model fitted anew is let in only when it is not worse than the one that serves, on the newest events.

Both are asked what the service would have been asked: each held-out event as a question with its moment, circumstances and the
person's history strictly before it. Neither has seen these events: the new model is fitted without them for this comparison,
and those that the old one was trained with are not asked. Full ranking; the target's place counts as ndcg@20.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from penchant.data.arrays import Float64, Int64
from penchant.data.dataset import Dataset
from penchant.metrics.groups import mean_by_group
from penchant.metrics.intervals import paired_bootstrap
from penchant.models.base import Model
from penchant.query import Past, Query
from penchant.rng import generator

K = 20
LEAST = 20
"""Fewer questions compare nothing."""

_PAST = 1_000


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the gate found.

    Attributes:
        questions, people: how much was asked.
        old, new: mean ndcg@20 over people.
        low, high: 95 % interval of the difference new - old.
        admitted: whether the new model may serve.
        reason: in words.
    """

    questions: int
    people: int
    old: float
    new: float
    low: float
    high: float
    admitted: bool
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def held_out(data: Dataset, trained_until: int, most: int, seed: int) -> tuple[int, Int64]:
    """The row where the newest tenth begins, and at most `most` rows behind it, drawn, later than `trained_until` (ms)."""
    cut = int(np.floor(0.9 * len(data)))
    targets = np.asarray([kind.target and kind.weight > 0 for kind in data.schema.kinds.values()])
    log = data.interactions
    rows = np.flatnonzero((np.arange(len(data)) >= cut) & (log.at > trained_until) & targets[log.kind])
    if len(rows) > most:
        rows = np.sort(generator(seed, "gate").choice(rows, size=most, replace=False))
    return cut, rows


def questions(data: Dataset, rows: Int64) -> tuple[list[Query], list[str]]:
    """The events `rows` as questions in words, each with its history strictly before, and the item that was chosen."""
    log, sequences = data.interactions, data.sequences
    users, at = log.user[rows], log.at[rows]
    low, high = sequences.offsets[users], sequences.places_before(users, at)
    kinds = list(data.schema.kinds)
    asked = []
    for row, first, last in zip(rows.tolist(), low.tolist(), high.tolist(), strict=True):
        past = sequences.rows[max(first, last - _PAST) : last]
        ids = data.items.ids_of(log.item[past])
        history = tuple(
            Past(item_id=item, at=int(log.at[r]) / 1000, kind=kinds[int(log.kind[r])], value=float(log.value[r]),
                 context=log.context_of(int(r)))
            for item, r in zip(ids, past.tolist(), strict=True)
        )  # fmt: skip
        asked.append(Query(history=history, at=int(log.at[row]) / 1000, context=log.context_of(row), k=K))
    return asked, data.items.ids_of(log.item[rows])


def judged(model: Model, asked: list[Query], chosen: list[str]) -> Float64:
    """ndcg@20 of each question, float64 [Q]: ``1 / log2(1 + rank)`` of the one right item, 0 behind the twentieth place."""
    lists = model.recommend_many(asked)
    gains = [
        1 / np.log2(2 + scored.item_ids.index(item)) if item in scored.item_ids else 0.0
        for scored, item in zip(lists, chosen, strict=True)
    ]
    return np.asarray(gains, dtype=np.float64)


def compared(old: Float64, new: Float64, person: np.ndarray, *, most_loss: float, seed: int) -> Verdict:
    """The verdict on two models asked the same; `person` int [Q] says who was asked.

    The new one is let in unless its mean lies more than `most_loss` (a share of the old one's) below, or the interval of the
    difference lies below 0.
    """
    _, which = np.unique(person, return_inverse=True)
    n = int(which.max()) + 1
    before, after = mean_by_group(old, which, n), mean_by_group(new, which, n)
    interval = paired_bootstrap(after, before, seed=seed)
    floor = (1 - most_loss) * float(before.mean())
    admitted = float(after.mean()) >= floor and interval.verdict != "b is better"
    word = "not worse" if admitted else "worse"
    reason = f"ndcg@20 {after.mean():.4f} against {before.mean():.4f} on {len(old):,} newest events: {word}"
    return Verdict(
        questions=len(old), people=n, old=float(before.mean()), new=float(after.mean()), low=interval.low,
        high=interval.high, admitted=admitted, reason=reason,
    )  # fmt: skip
