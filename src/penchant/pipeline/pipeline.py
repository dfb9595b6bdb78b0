"""The request path: retrieve, filter, rank, rerank, and a fallback when nothing is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress

import numpy as np

from penchant.data.arrays import Float32
from penchant.pipeline.asked import Asked
from penchant.pipeline.contract import kept_by_contract
from penchant.pipeline.course import Course, Failed, unheard
from penchant.pipeline.fallback import Fallback
from penchant.pipeline.filters import STANDARD
from penchant.pipeline.gathering import allowed_items, everything, proposed_items
from penchant.pipeline.ordering import best_first
from penchant.pipeline.rankers import ModelRanker
from penchant.pipeline.retrievers.similar import LikeItem
from penchant.pipeline.stages import Candidates, Filter, Ranker, Reranker, Retriever
from penchant.pipeline.where import Where, checked_where
from penchant.slate import Recommendation, StageTrace

FEW = 0.05
"""Share of the catalogue below which the allowed items are scored one and all, and nothing is retrieved."""

_SPARE = 100
"""Items beyond the list that others are like: a very long past may take some away that the mask does not know of."""


_NOTHING: tuple[Candidates, Mapping[str, int]] = (Candidates.none(), {})


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """A list, and how it came to be.

    Attributes:
        items: best first; fewer than `k` where no more may be shown.
        numbers: their numbers, in the same order.
        trace: one entry a stage, in the order in which they ran.
        fallback: whether the list came from the fallback.
    """

    items: tuple[Recommendation, ...]
    numbers: tuple[int, ...]
    trace: tuple[StageTrace, ...]
    fallback: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Pipeline:
    """Answers questions; holds no state of its own, so any thread may ask.

    Attributes:
        retrievers: each with the number of items that it may propose.
        filters: those of every question, `STANDARD`, come first.
        few: share of the catalogue below which all allowed items are scored instead of retrieving.
        failed: hears of every stage that failed.
        key: digest of the settings that it was built from.
    """

    retrievers: Sequence[tuple[Retriever, int]]
    ranker: Ranker = ModelRanker()
    rerankers: Sequence[Reranker] = ()
    filters: Sequence[Filter] = ()
    fallback: Fallback = Fallback()
    few: float = FEW
    failed: Failed = unheard
    key: str = ""

    def answer(self, asked: Asked) -> Answer:
        """The list for one question.

        Raises:
            UnknownName, BadConfig: `where` is no expression of this catalogue, or `similar_to` is no item of it. Everything
                else that goes wrong only takes its stage away.
        """
        like, text = asked.like, asked.query.where
        where = None if text is None else Where(checked_where(text, asked.world.catalogue))
        course = Course(failed=self.failed)
        own: tuple[Filter, ...] = () if where is None else (where,)
        allowed = allowed_items(course, asked, (*STANDARD, *own, *self.filters))
        if allowed.left == 0:
            found = Candidates.none()
        elif like is not None:
            found = proposed_items(course, asked, allowed, [(LikeItem(), asked.query.k + _SPARE)])
            found = found.take(best_first(found.scores, found.items))
        elif allowed.left < self.few * asked.n_items:
            found = self._ranked(course, asked, everything(allowed, self.ranker.name))
        else:
            found = self._ranked(course, asked, proposed_items(course, asked, allowed, self.retrievers))
        for reranker in self.rerankers:
            found = _reranked(course, asked, reranker, found)
        shown = _checked(course, asked, found, where)
        fallback = len(shown) == 0
        if fallback:
            rest = course.step(
                "fallback", allowed.left, lambda: self.fallback.candidates(asked, allowed, asked.query.k),
                otherwise=Candidates.none(), n_out=len,
            )  # fmt: skip
            shown = _checked(course, asked, rest, where)
        items, numbers = _in_words(asked, shown), tuple(shown.items.tolist())
        return Answer(items=items, numbers=numbers, trace=tuple(course.traces), fallback=fallback)

    def _ranked(self, course: Course, asked: Asked, found: Candidates) -> Candidates:
        """The candidates with scores, best first; those without an opinion last."""

        def act() -> Float32:
            scores = np.asarray(self.ranker.rank(asked, found.items), dtype=np.float32)
            if scores.shape != found.items.shape:
                raise ValueError(f"{self.ranker.name}: expected {len(found)} scores, got {scores.shape}")
            return scores

        scores = course.step(
            f"rank {self.ranker.name}", len(found), act, otherwise=found.scores, n_out=_opinions,
            removed=lambda scores: {"no opinion": len(scores) - _opinions(scores)},
        )  # fmt: skip
        return replace(found, scores=scores).take(best_first(scores, found.items))


def _opinions(scores: Float32) -> int:
    return int(np.count_nonzero(np.isfinite(scores)))


def _reranked(course: Course, asked: Asked, reranker: Reranker, found: Candidates) -> Candidates:
    k = asked.query.k
    return course.step(
        f"rerank {reranker.name}", len(found), lambda: reranker.rerank(asked, found, k), otherwise=found, n_out=len
    )


def _checked(course: Course, asked: Asked, ranked: Candidates, where: Where | None) -> Candidates:
    """What the contract lets through; nothing when even that fails."""
    holds = None if where is None else partial(where.holds, asked)
    kept, _ = course.step(
        "contract", len(ranked), lambda: kept_by_contract(asked, ranked, asked.query.k, holds),
        otherwise=_NOTHING, n_out=lambda done: len(done[0]), removed=lambda done: done[1],
    )  # fmt: skip
    return kept


def _in_words(asked: Asked, shown: Candidates) -> tuple[Recommendation, ...]:
    ids = asked.world.catalogue.items.ids_of(shown.items)
    names = tuple(shown.sources)
    proposed = zip(*(by.tolist() for by in shown.sources.values()), strict=True) if names else [()] * len(ids)
    sources = [tuple(compress(names, by)) for by in proposed]
    rows = zip(ids, shown.scores.tolist(), sources, shown.propensity.tolist(), strict=True)
    return tuple(
        [
            Recommendation(item_id=item, rank=rank, score=score, sources=proposed_by, propensity=propensity)
            for rank, (item, score, proposed_by, propensity) in enumerate(rows, 1)
        ]
    )
