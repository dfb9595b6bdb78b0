"""What this person chose before, again.

When to use it: wherever people come back to the same things (groceries, places, carts, favourite songs), and as the yardstick
there. Cost: the fit takes O(Q h log h) time for Q = 20,000 sampled questions over histories of h events; a query takes
O(h log h + n_items) time and B n_items floats. Source: Anderson et al. 2014, "The dynamics of repeat consumption", sections
3-4 (recency and frequency govern what is repeated).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from penchant.config import Between, setting
from penchant.data.arrays import MS_PER_DAY, AnyArray, Float32, Float64, Int64, Kinds, Nums
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.data.sequences import Histories
from penchant.models.base import BLOCK, Model, ModelConfig
from penchant.models.neighbours import kind_weights
from penchant.rng import generator
from penchant.train.run import Run

_QUESTIONS = 20_000
"""Events of the log that the chances of a return are learned from."""

_LONGEST = 1_000
"""Events of a history that can be learned from."""

_AGES = 21
"""Steps of the time since the last choice: under a minute, then doubling up to two years."""

_COUNTS = 24
"""Steps of the decayed number of choices: half octaves from 1/8 to 362."""

_DOUBT = 5.0
"""Occasions that the coarser estimate is worth where a finer one has few."""


class RepeatsConfig(ModelConfig):
    """Settings of `repeats`."""

    counting: Literal["learned", "decayed"] = setting(
        "learned",
        "learned: the chance of a return, given kind and age of the last event and the count; decayed: the count itself",
        grid=("learned", "decayed"),
        refit=False,
    )
    half_life: float | None = setting(
        90.0, "age at which an event counts half; none switches it off", unit="days", grid=(None, 7.0, 30.0, 90.0),
        search=Between(0.5, 365, log=True, also=(None,)), gt=0,
    )  # fmt: skip
    decay: float = setting(
        1.0, "decayed: weight of an event relative to the next newer one", grid=(0.8, 0.9, 0.97, 1.0),
        search=Between(0.5, 1.0), refit=False, gt=0, le=1,
    )  # fmt: skip
    last_n: int = setting(
        1000, "newest events that count", unit="events", search=Between(5, 1000, log=True), refit=False, ge=1
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Own:
    """The distinct items of B histories: which query, which item, when and how chosen last, how often.

    `owner` int64, `item` int32, `since` int64 (milliseconds before the query), `kind` int8 (of the last event), `count`
    float64 > 0 (decayed).
    """

    owner: Int64
    item: Nums
    since: Int64
    kind: Kinds
    count: Float64

    @classmethod
    def of(cls, history: Histories, at: Int64, n_items: int, half_life: float | None) -> _Own:
        owner = history.owner
        key = owner * n_items + history.item
        order = np.argsort(key, kind="stable")
        start = np.flatnonzero(np.diff(key[order], prepend=-1))
        last = order[np.append(start, len(key))[1:] - 1]
        worth = _faded(at[owner] - history.at, half_life)[order]
        return cls(
            owner=owner[last],
            item=history.item[last],
            since=at[owner[last]] - history.at[last],
            kind=history.kind[last],
            count=np.add.reduceat(worth, start) if len(start) else np.zeros(0),
        )

    def cells(self) -> Int64:
        """Number of the cell of the table of chances, (kind, age, count) in row-major order."""
        age = np.floor(np.log2(np.maximum(self.since / 60_000, 0.5))).astype(np.int64) + 1
        count = np.floor(2 * np.log2(np.maximum(self.count, 0.125))).astype(np.int64) + 6
        row = self.kind.astype(np.int64) * _AGES + np.minimum(age, _AGES - 1)
        cell: Int64 = row * _COUNTS + np.minimum(count, _COUNTS - 1)
        return cell


def _faded(age: Int64, half_life: float | None) -> Float64:
    """Weight of events of these ages (milliseconds); the half-life is in days. What lies after the query counts as new."""
    return np.ones(len(age)) if half_life is None else np.exp2(-(np.maximum(age, 0) / (half_life * MS_PER_DAY)))


class Repeats(Model):
    """Scores of the items of the person's past; others score 0. People without a past get no opinion."""

    config: RepeatsConfig
    scores_unseen = True
    chance: Float32

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        asked, returned = _returns(train, self.config.half_life, run.seed)
        self.chance = _smoothed(asked, returned).astype(np.float32)

    def _score(self, batch: QueryBatch) -> Float32:
        weight = kind_weights(self.catalogue.schema)
        history = batch.history.keep(weight[batch.history.kind] > 0).last(self.config.last_n)
        scores = np.zeros((len(batch), batch.n_items), dtype=np.float32)
        if self.config.counting == "learned":
            own = _Own.of(history, batch.at, batch.n_items, self.config.half_life)
            scores[own.owner, own.item] = self.chance[own.cells()]
        else:
            worth = weight[history.kind] * np.float32(self.config.decay) ** history.age.astype(np.float32)
            worth = worth * _faded(batch.at[history.owner] - history.at, self.config.half_life)
            np.add.at(scores, (history.owner, history.item), worth.astype(np.float32))
        scores[history.lengths == 0] = np.nan
        return scores

    def _state(self) -> dict[str, AnyArray]:
        return {"chance": self.chance}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.chance = arrays["chance"]


def _returns(train: Dataset, half_life: float | None, seed: int) -> tuple[Float64, Float64]:
    """How often an own item stood in each cell at a sampled target event, and how often it was the target; each [cells]."""
    log, sequences = train.interactions, train.sequences
    target = np.asarray([kind.target for kind in train.schema.kinds.values()])
    rows = np.flatnonzero(target[log.kind])
    if len(rows) > _QUESTIONS:
        rows = np.sort(generator(seed, "repeats").choice(rows, _QUESTIONS, replace=False))
    high = sequences.first_of_instant()[sequences.place_of_rows()[rows]]
    low = np.maximum(sequences.offsets[log.user[rows]], high - _LONGEST)
    n_cells = len(target) * _AGES * _COUNTS
    asked, returned = np.zeros(n_cells), np.zeros(n_cells)
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        history = sequences.histories(low[part], high[part])
        history = history.keep(train.kind_weight[history.kind] > 0)
        own = _Own.of(history, log.at[rows[part]], train.n_items, half_life)
        cell = own.cells()
        asked += np.bincount(cell, minlength=n_cells)
        returned += np.bincount(cell[own.item == log.item[rows[part]][own.owner]], minlength=n_cells)
    return asked, returned


def _smoothed(asked: Float64, returned: Float64) -> Float64:
    """Chances [cells]; where a cell has few occasions it leans on its (kind, age), and that on the whole log."""
    overall = returned.sum() / max(asked.sum(), 1.0)
    coarse_asked, coarse = (x.reshape(-1, _COUNTS).sum(axis=1) for x in (asked, returned))
    lean = np.repeat((coarse + _DOUBT * overall) / (coarse_asked + _DOUBT), _COUNTS)
    chance: Float64 = (returned + _DOUBT * lean) / (asked + _DOUBT)
    return chance
