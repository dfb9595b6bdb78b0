"""Answers as they go out: a list, and what was made of the question. Times are seconds since 1970: they come back exactly."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from penchant.service.nouns import Served
from penchant.slate import Slate, StageTrace


class AnsweredItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a list; `cold` is true for one that no training has seen."""

    item_id: str
    rank: int
    score: float
    sources: tuple[str, ...] = ()
    cold: bool = False
    title: str | None = None
    propensity: float = 1.0


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """What one stage did."""

    stage: str
    n_in: int
    n_out: int
    ms: float
    removed: Mapping[str, int] = {}
    failure: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A list.

    `at` is the moment that was answered for, seconds since 1970 (UTC). `log_offset` says how much of the event log the answer
    knew, `history` the newest events it was made from, newest first. `trace` is there when it was asked for.
    """

    recommendation_id: str
    model_version: str
    took_ms: float
    at: float
    log_offset: int
    fallback: bool
    context_used: Mapping[str, str | float]
    context_ignored: Mapping[str, str]
    items: tuple[AnsweredItem, ...]
    history: tuple[str, ...] = ()
    unknown_items: tuple[str, ...] = ()
    trace: tuple[Stage, ...] | None = None


ENCODER = msgspec.json.Encoder()


def answer_of(served: Served, seconds: float, *, trace: bool) -> Answer:
    """The answer; `seconds` is what it took."""
    slate = served.slate
    return Answer(
        recommendation_id=slate.recommendation_id,
        model_version=slate.model_version,
        took_ms=round(seconds * 1000, 3),
        at=served.at,
        log_offset=served.log_offset,
        fallback=served.fallback,
        context_used=served.context_used,
        context_ignored=served.context_ignored,
        items=items_of(slate, served.cold, served.titles),
        history=served.history,
        unknown_items=served.unknown_items,
        trace=stages_of(slate) if trace else None,
    )


def items_of(
    slate: Slate, cold: frozenset[str] = frozenset(), titles: Mapping[str, str] | None = None
) -> tuple[AnsweredItem, ...]:
    """The items of a list, best first."""
    known = titles or {}
    return tuple(
        AnsweredItem(
            item_id=one.item_id,
            rank=one.rank,
            score=one.score,
            sources=one.sources,
            cold=one.item_id in cold,
            title=known.get(one.item_id),
            propensity=one.propensity,
        )
        for one in slate.items
    )


def stages_of(slate: Slate) -> tuple[Stage, ...]:
    """What each stage did."""
    return tuple(map(_stage, slate.trace))


def _stage(trace: StageTrace) -> Stage:
    return Stage(
        stage=trace.stage,
        n_in=trace.n_in,
        n_out=trace.n_out,
        ms=round(trace.milliseconds, 3),
        removed=trace.removed,
        # what exactly went wrong stands in the log, not in an answer
        failure=None if trace.failure is None else trace.failure.partition(":")[0],
    )
