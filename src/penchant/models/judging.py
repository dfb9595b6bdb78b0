"""The validation metric of a net while it learns: ndcg@10 of full rankings, a mean over people."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from penchant.data.arrays import Float32, Float64
from penchant.data.batch import QueryBatch
from penchant.data.questions import Targets, Task
from penchant.metrics.groups import mean_by_group
from penchant.models.rehearsal import Asked, blocks

CUT = 10
"""Length of the lists that are judged."""

MOST_QUESTIONS = 3000
MOST_CELLS = 60_000_000
"""Scores that one judgement computes at most: a second or two."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judge:
    """Questions with known answers, kept ready because they are asked after every pass."""

    asked: tuple[Asked, ...]

    @classmethod
    def of(cls, task: Task, seed: int) -> Self:
        """The questions of the leading way of asking, of as many people as time allows, drawn by the seed."""
        n_items = max(1, task.train.n_items)
        most = max(100, min(MOST_QUESTIONS, MOST_CELLS // n_items))
        leading = Task(train=task.train, asked={task.leading: task.asked[task.leading]}, exclude=task.exclude)
        return cls(asked=tuple(part for part in blocks(leading, most=most, seed=seed) if part.targets.n.sum()))

    @property
    def n_questions(self) -> int:
        """Questions with at least one right answer."""
        return sum(int((part.targets.n > 0).sum()) for part in self.asked)

    @property
    def digest(self) -> str:
        """Depends on who is asked when, and on the right answers; 32 hex digits."""
        sha = hashlib.blake2b(digest_size=16)
        for part in self.asked:
            for array in (part.batch.user, part.batch.at, part.targets.offsets, part.targets.items):
                sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()

    def metric(self, scores: Callable[[QueryBatch], Float32]) -> float:
        """ndcg@10 of what `scores` says of each question, [B, n_items or fewer] with NaN for no opinion: float in 0..1."""
        people = np.concatenate([part.batch.user for part in self.asked])
        values = np.concatenate([_ndcg(scores(part.batch), part) for part in self.asked])
        judged = np.isfinite(values)
        _, group = np.unique(people[judged], return_inverse=True)
        return float(mean_by_group(values[judged], group, int(group.max()) + 1).mean())


def _ndcg(scores: Float32, part: Asked) -> Float64:
    """ndcg@10 of each question, float64 [B], NaN without a right answer; equal scores take their expected place."""
    n_items = scores.shape[1]
    ranked = np.where(part.allowed[:, :n_items], np.nan_to_num(scores, nan=-np.inf), -np.inf)
    targets = part.targets
    owner = np.repeat(np.arange(len(ranked)), targets.n)
    own = np.full(len(owner), -np.inf, dtype=np.float32)
    inside = targets.items < n_items
    own[inside] = ranked[owner[inside], targets.items[inside]]
    place = np.full(len(owner), np.inf)
    for i in np.flatnonzero(np.isfinite(own)):
        row = ranked[owner[i]]
        place[i] = (row > own[i]).sum() + ((row == own[i]).sum() - 1) / 2
    gain = np.bincount(owner, weights=np.where(place < CUT, 1 / np.log2(place + 2), 0), minlength=len(ranked))
    return gain / _ideal(targets)


def _ideal(targets: Targets) -> Float64:
    """The greatest gain of each question, NaN where nothing is right."""
    best = np.concatenate([[np.nan], np.cumsum(1 / np.log2(np.arange(CUT) + 2))])
    return best[np.minimum(targets.n, CUT)]
