"""Questions asked again and again, with something taken away: candidates and judging always stay those of the true question."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from penchant.data.arrays import Bool, Float32, Float64, Int64, Nums
from penchant.data.batch import QueryBatch
from penchant.data.questions import OVERALL, Questions, first_rows
from penchant.data.sequences import Histories
from penchant.metrics.groups import mean_by_group
from penchant.metrics.names import Metric
from penchant.metrics.ranking import single_target

METRIC = Metric("ndcg", 20)
"""What every figure of a ledger is counted in."""

HIT = Metric("hit", 20)
"""Whether the answer stands among the first twenty: told once, because everybody understands it."""

BLOCK_CELLS = 8_000_000
"""Scores of one block: 32 MB, and a handful of temporaries of this size."""

_BLOCK_EVENTS = 2_000_000
"""Most events of all histories of a block, unless a single history is longer."""

Score = Callable[[QueryBatch], Float32]
"""What gives float32 [B, n_items] for a batch, NaN for no opinion; `Model.score_batch` is one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """What a model is told instead of the true question.

    Attributes:
        questions: gives the histories; None for the true ones. Same order and number as the true questions.
        reshaped: what is done to the histories of a block before they are told, or None.
    """

    questions: Questions | None = None
    reshaped: Callable[[Histories], Histories] | None = None

    def batch(self, true: Questions, rows: Int64) -> QueryBatch:
        """The batch of the questions `rows`; everything but the histories is true."""
        batch = true.take(rows).batch()
        if self.questions is not None:
            source = self.questions
            batch = replace(batch, history=source.sequences.histories(source.low[rows], source.high[rows]))
        return batch if self.reshaped is None else replace(batch, history=self.reshaped(batch.history))


TRUTH = Told()
"""Nothing is taken away."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Some questions and what may be ranked: `rows` int64 [B], `target` int32 [B], `allowed` bool [B, n_items]."""

    rows: Int64
    target: Nums
    allowed: Bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Exam:
    """Q questions with one right answer each.

    Attributes:
        questions: the true questions.
        exclude: whether items of the true history leave the ranking.
    """

    questions: Questions
    exclude: bool

    @cached_property
    def people(self) -> Nums:
        """The people asked, rising, int32 [P]."""
        found: Nums = np.unique(self.questions.user)
        return found

    @cached_property
    def group(self) -> Int64:
        """The place in `people` of the person of each question, int64 [Q]."""
        return np.searchsorted(self.people, self.questions.user).astype(np.int64)

    @cached_property
    def _first(self) -> Int64:
        return first_rows(self.questions.data)

    def __len__(self) -> int:
        """Number of questions."""
        return len(self.questions)

    def blocks(self) -> Iterator[Block]:
        """All questions, block by block."""
        asked = self.questions
        size = max(1, min(256, BLOCK_CELLS // max(1, asked.data.n_items)))
        events = np.append(0, np.cumsum(np.maximum(asked.high - asked.low, 0)))
        start = 0
        while start < len(asked):
            reached = int(np.searchsorted(events, events[start] + _BLOCK_EVENTS, side="right")) - 1
            end = min(start + size, max(start + 1, reached), len(asked))
            yield self._block(np.arange(start, end, dtype=np.int64))
            start = end

    def _block(self, rows: Int64) -> Block:
        asked = self.questions.take(rows)
        target = asked.targets[OVERALL].items
        if asked.newest_row is None:
            allowed = np.ones((len(rows), asked.data.n_items), dtype=np.bool_)
        else:
            allowed = self._first[None, :] <= asked.newest_row[:, None]
        if self.exclude:
            past = asked.sequences.histories(asked.low, asked.high)
            allowed[past.owner, past.item] = False
        allowed[np.arange(len(rows)), target] = True
        return Block(rows=rows, target=target, allowed=allowed)

    def values(self, score: Score, told: Told = TRUTH, metric: Metric = METRIC) -> tuple[Float64, float]:
        """The metric of each question, float64 [Q], and the processor seconds spent on scoring."""
        found = np.empty(len(self))
        spent = 0.0
        for block in self.blocks():
            batch = told.batch(self.questions, block.rows)
            started = time.process_time()
            scores = score(batch)
            spent += time.process_time() - started
            found[block.rows] = placed(scores, block, metric)
        return found, spent

    def by_person(self, values: Float64) -> Float64:
        """Mean of each person's questions, float64 [P]; NaN values are left out."""
        return mean_by_group(values, self.group, len(self.people))


def placed(scores: Float32, block: Block, metric: Metric = METRIC) -> Float64:
    """The metric of each question of a block, float64 [B]: full ranking, expected rank among equals, unscored items last."""
    known = np.where(np.isnan(scores), np.float32(-np.inf), scores)
    known[~block.allowed] = np.nan
    own = known[np.arange(len(known)), block.target][:, None]
    above = (known > own).sum(axis=1, dtype=np.int64)
    tied = (known == own).sum(axis=1, dtype=np.int64) - 1
    return single_target(above, tied, [metric])[str(metric)]
