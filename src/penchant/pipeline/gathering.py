"""The first half of the request path: what may be shown at all, and what the retrievers propose of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from penchant.data.arrays import Bool, Float32, Nums
from penchant.pipeline.asked import Asked
from penchant.pipeline.course import Course
from penchant.pipeline.stages import Candidates, Filter, Retriever

_Proposed = tuple[str, Nums, Float32]


def allowed_items(course: Course, asked: Asked, filters: Iterable[Filter]) -> tuple[Bool, int]:
    """What may be retrieved, bool [n_items], and how many that is."""
    allowed, left = course.step(
        "filter withheld", asked.n_items, lambda: _not_withheld(asked),
        otherwise=(np.zeros(asked.n_items, dtype=np.bool_), 0), n_out=lambda made: made[1],
        removed=lambda made: {"withheld": asked.n_items - made[1]},
    )  # fmt: skip
    for one in filters:
        left = _filtered(course, asked, one, allowed, left)
    return allowed, left


def _not_withheld(asked: Asked) -> tuple[Bool, int]:
    allowed = ~asked.withheld
    return allowed, int(np.count_nonzero(allowed))


def _filtered(course: Course, asked: Asked, one: Filter, allowed: Bool, left: int) -> int:
    """Lets one filter act on `allowed`, in place; returns how many items are left."""
    gone = course.step(
        f"filter {one.name}", left, lambda: one.forbid(asked, allowed), otherwise=-1,
        n_out=lambda gone: left - max(gone, 0), removed=lambda gone: {one.name: gone},
    )  # fmt: skip
    if gone >= 0:
        return left - gone
    if one.fails_closed:
        allowed[:] = False
    # it may have failed halfway
    return int(np.count_nonzero(allowed))


def everything(allowed: Bool, source: str) -> Candidates:
    """All allowed items, without scores."""
    items = np.flatnonzero(allowed).astype(np.int32)
    return Candidates.of(items, np.full(len(items), np.nan, dtype=np.float32), source)


def proposed_items(
    course: Course, asked: Asked, allowed: Bool, n_allowed: int, retrievers: Sequence[tuple[Retriever, int]]
) -> Candidates:
    """What the retrievers propose together, each at most so many and at least as many as are wanted; by rising number."""
    mask = None if n_allowed == len(allowed) else allowed
    proposed = []
    for retriever, n in retrievers:
        proposed.append(_proposal(course, asked, retriever, max(n, asked.query.k), mask, n_allowed))
    return _merged(proposed)


def _proposal(course: Course, asked: Asked, one: Retriever, n: int, mask: Bool | None, n_allowed: int) -> _Proposed:
    def act() -> _Proposed:
        items, scores = one.retrieve(asked, mask, n)
        if len(items) and (int(items.min()) < 0 or int(items.max()) >= asked.n_items):
            raise IndexError(f"{one.name}: item numbers outside 0..{asked.n_items - 1}")
        keep = slice(None) if mask is None else mask[items]
        return one.name, items[keep], scores[keep]

    nothing = (one.name, np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32))
    return course.step(f"retrieve {one.name}", n_allowed, act, otherwise=nothing, n_out=lambda got: len(got[1]))


def _merged(proposed: Sequence[_Proposed]) -> Candidates:
    """The distinct items of all sources by rising number; a score that any of them brought is kept."""
    if not proposed:
        return Candidates.none()
    items, places = np.unique(np.concatenate([found for _, found, _ in proposed]), return_inverse=True)
    scores = np.full(len(items), np.nan, dtype=np.float32)
    sources: dict[str, Bool] = {}
    start = 0
    for name, found, known in proposed:
        own = places[start : start + len(found)]
        start += len(found)
        sources[name] = np.zeros(len(items), dtype=np.bool_)
        sources[name][own] = True
        scored = ~np.isnan(known)
        scores[own[scored]] = known[scored]
    ones = np.ones(len(items), dtype=np.float32)
    return Candidates(items=items, scores=scores, propensity=ones, sources=sources)
