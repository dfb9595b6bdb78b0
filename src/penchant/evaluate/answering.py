"""Asking a model all questions and judging the answers: full ranking, block by block."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import Bool, Float32, Float64, Int64, frozen
from penchant.data.questions import OVERALL, Questions, Targets, first_rows
from penchant.log import Reporter
from penchant.metrics.names import Metric
from penchant.metrics.ranking import ranked_lists, single_target
from penchant.models.base import Model
from penchant.models.topk import TopK, forbid_seen, top_k

BLOCK_BYTES = 64_000_000
"""Size of one block of scores; a handful of temporaries of this size exist at once."""

BLOCK_EVENTS = 4_000_000
"""Most events of all histories of a block, unless a single history is longer: about 150 MB with the temporaries."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """How a model did, question by question.

    Attributes:
        values: group of targets -> metric -> float64 [Q], NaN where the question has no target in the group.
        repeated: bool [Q], the (single) target is in the history; all False where questions have many targets.
        lists: the best items, or None when they were not asked for.
        cpu_seconds: processor time spent on scoring, masking and picking the best.
    """

    values: Mapping[str, Mapping[str, Float64]]
    repeated: Bool
    lists: TopK | None
    cpu_seconds: float


@dataclass(frozen=True, kw_only=True)
class Judging:
    """How answers are judged: the metrics, whether each question has one target, whether seen items leave the ranking."""

    metrics: Sequence[Metric]
    single: bool
    exclude: bool
    with_lists: bool

    @property
    def depth(self) -> int:
        """Length of the longest list."""
        return max(metric.k for metric in self.metrics)


def answer(model: Model, questions: Questions, judging: Judging, reporter: Reporter, task: str) -> Answers:
    """Asks everything (at least one question). O(Q n_items) scores, at most `BLOCK_BYTES` of them at once."""
    first = first_rows(questions.data)
    blocks: list[_Block] = []
    most = max(1, min(512, BLOCK_BYTES // (4 * max(1, questions.data.n_items))))
    for rows in parts(questions, most):
        reporter.progress(task, int(rows[0]), len(questions))
        blocks.append(_block(model, questions.take(rows), judging, first))
    reporter.progress(task, len(questions), len(questions))
    lists = _joined([block.lists for block in blocks if block.lists is not None])
    if judging.single:
        above = np.concatenate([block.above for block in blocks])
        tied = np.concatenate([block.tied for block in blocks])
        values: dict[str, Mapping[str, Float64]] = {OVERALL: single_target(above, tied, judging.metrics)}
    else:
        assert lists is not None
        n_items = questions.data.n_items
        values = {name: _of_lists(lists, group, n_items, judging) for name, group in questions.targets.items()}
    return Answers(
        values=values,
        repeated=np.concatenate([block.repeated for block in blocks]),
        lists=lists,
        cpu_seconds=sum(block.cpu_seconds for block in blocks),
    )


def parts(questions: Questions, most: int) -> Iterator[Int64]:
    """The numbers of the questions in blocks, int64 [B] each: `most` questions or `BLOCK_EVENTS` events, what ends first."""
    events = np.append(0, np.cumsum(np.maximum(questions.high - questions.low, 0)))
    start = 0
    while start < len(questions):
        reached = int(np.searchsorted(events, events[start] + BLOCK_EVENTS, side="right")) - 1
        end = min(start + most, max(start + 1, reached), len(questions))
        yield np.arange(start, end, dtype=np.int64)
        start = end


@dataclass(frozen=True, kw_only=True, eq=False)
class _Block:
    above: Int64
    tied: Int64
    repeated: Bool
    lists: TopK | None
    cpu_seconds: float


def _block(model: Model, questions: Questions, judging: Judging, first: Int64) -> _Block:
    batch = questions.batch()
    started = time.process_time()
    scores = model.score_batch(batch)
    if judging.exclude:
        forbid_seen(scores, questions.seen(batch.history))
    _forbid_others(scores, questions, first)
    lists = top_k(scores, judging.depth) if judging.with_lists or not judging.single else None
    spent = time.process_time() - started
    above = tied = np.zeros(len(questions), dtype=np.int64)
    repeated = np.zeros(len(questions), dtype=np.bool_)
    if judging.single:
        target = questions.targets[OVERALL].items
        above, tied = _places(scores, target, questions, judging.exclude, first)
        same = batch.history.item == target[batch.history.owner]
        repeated[batch.history.owner[same]] = True
    return _Block(above=above, tied=tied, repeated=repeated, lists=lists, cpu_seconds=spent)


def _forbid_others(scores: Float32, questions: Questions, first: Int64) -> None:
    """Only items that may be candidates keep their score."""
    if questions.newest_row is not None:
        # only items that first occur after the earliest question of the block can be too new for any of them
        late = np.flatnonzero(first > int(questions.newest_row.min()))
        scores[:, late] = np.where(first[late][None, :] <= questions.newest_row[:, None], scores[:, late], np.nan)
    if questions.candidates is not None:
        scores[:, ~questions.candidates] = np.nan


def _places(
    scores: Float32, target: np.ndarray, questions: Questions, exclude: bool, first: Int64
) -> tuple[Int64, Int64]:
    """How many candidates stand above each target and how many others share its score; unscored ones share the last place."""
    own = scores[np.arange(len(target)), target]
    above = (scores > own[:, None]).sum(axis=1, dtype=np.int64)
    tied = (scores == own[:, None]).sum(axis=1, dtype=np.int64) - 1
    for q in np.flatnonzero(np.isnan(own)).tolist():
        one = questions.take(np.asarray([q]))
        allowed = one.allowed(first)[0]
        if exclude:
            allowed[one.seen(one.sequences.histories(one.low, one.high)).item] = False
        allowed[target[q]] = True
        scored = int(np.isfinite(scores[q]).sum())
        above[q], tied[q] = scored, int(allowed.sum()) - scored - 1
    return above, tied


def _of_lists(lists: TopK, targets: Targets, n_items: int, judging: Judging) -> Mapping[str, Float64]:
    n_queries, width = lists.items.shape
    keys = np.arange(n_queries, dtype=np.int64)[:, None] * n_items + lists.items
    hits = np.isin(keys, targets.keys(n_items)) & (np.arange(width) < lists.n[:, None])
    if width < judging.depth:
        hits = np.pad(hits, ((0, 0), (0, judging.depth - width)))
    return ranked_lists(hits, targets.n, judging.metrics)


def _joined(parts: Sequence[TopK]) -> TopK | None:
    if not parts:
        return None
    return TopK(
        items=frozen(np.concatenate([part.items for part in parts])),
        scores=frozen(np.concatenate([part.scores for part in parts])),
        n=frozen(np.concatenate([part.n for part in parts])),
    )
