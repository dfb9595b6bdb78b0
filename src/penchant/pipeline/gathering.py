"""The first half of the request path: what may be shown at all, and what the retrievers propose of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

import numpy as np

from penchant.data.arrays import Bool, Float32, Nums
from penchant.index.allowed import Allowed
from penchant.pipeline.asked import Asked, World
from penchant.pipeline.course import Course
from penchant.pipeline.stages import Candidates, Filter, Retriever

_Proposed = tuple[str, Nums, Float32]
_NOTHING = Candidates.none()


def allowed_items(course: Course, asked: Asked, filters: Iterable[Filter]) -> Allowed:
    """What may be retrieved."""
    n = asked.n_items
    allowed = course.step(
        "filter withheld", n, lambda: _not_withheld(asked),
        otherwise=None, n_out=lambda made: made.left if made else 0,
        removed=lambda made: {"withheld": made.forbidden if made else n},
    )  # fmt: skip
    if allowed is None:
        allowed = Allowed(n, np.ones(n, dtype=np.bool_), n)
    for one in filters:
        _filter(course, asked, one, allowed)
    return allowed


_WITHHELD: WeakKeyDictionary[World, tuple[Bool, int]] = WeakKeyDictionary()
"""The mask that was asked with last in each world, and how many items it withholds: counting takes 0.07 ms a million."""


def _not_withheld(asked: Asked) -> Allowed:
    withheld = asked.withheld
    kept = _WITHHELD.get(asked.world)
    if kept is None or kept[0] is not withheld:
        kept = withheld, int(np.count_nonzero(withheld))
        if not withheld.flags.writeable:
            _WITHHELD[asked.world] = kept
    return Allowed(asked.n_items, *kept)


def _filter(course: Course, asked: Asked, one: Filter, allowed: Allowed) -> None:
    """Lets one filter act on `allowed`."""
    before = allowed.left

    def act() -> bool:
        one.forbid(asked, allowed)
        return True

    fine = course.step(
        f"filter {one.name}", before, act, otherwise=False,
        n_out=lambda _: allowed.left, removed=lambda _: {one.name: before - allowed.left},
    )  # fmt: skip
    if not fine and one.fails_closed:
        allowed.keep_only(np.zeros(0, dtype=np.int32))


def everything(allowed: Allowed, source: str) -> Candidates:
    """All allowed items, without scores."""
    items = np.flatnonzero(allowed.mask).astype(np.int32)
    return Candidates.of(items, np.full(len(items), np.nan, dtype=np.float32), source)


def proposed_items(
    course: Course, asked: Asked, allowed: Allowed, retrievers: Sequence[tuple[Retriever, int]]
) -> Candidates:
    """What the retrievers propose together, each at most so many and at least as many as are wanted; by rising number."""
    some = allowed if allowed.forbidden else None
    k = asked.query.k
    return _merged([_proposal(course, asked, one, max(n, k), some, allowed.left) for one, n in retrievers])


def _proposal(course: Course, asked: Asked, one: Retriever, n: int, some: Allowed | None, n_in: int) -> _Proposed:
    def act() -> _Proposed:
        items, scores = one.retrieve(asked, some, n)
        if len(items) == 0:
            return nothing
        if int(items.min()) < 0 or int(items.max()) >= asked.n_items:
            raise IndexError(f"{one.name}: item numbers outside 0..{asked.n_items - 1}")
        if some is None or (keep := some.holds(items)).all():
            return one.name, items, scores
        return one.name, items[keep], scores[keep]

    nothing = (one.name, _NOTHING.items, _NOTHING.scores)
    return course.step(f"retrieve {one.name}", n_in, act, otherwise=nothing, n_out=lambda got: len(got[1]))


def _merged(proposed: Sequence[_Proposed]) -> Candidates:
    """The distinct items of all sources by rising number; a score that any of them brought is kept."""
    proposed = [one for one in proposed if len(one[1])]
    if not proposed:
        return Candidates.none()
    found = np.concatenate([items for _, items, _ in proposed])
    known = np.concatenate([scores for _, _, scores in proposed])
    order = found.argsort()
    rising = found[order]
    first = np.ones(len(found), dtype=np.bool_)
    np.not_equal(rising[1:], rising[:-1], out=first[1:])
    items = rising[first]
    place = np.empty(len(found), dtype=np.intp)
    place[order] = first.cumsum() - 1
    scores = np.full(len(items), np.nan, dtype=np.float32)
    unknown = np.isnan(known)
    if not unknown.all():
        scores[place[~unknown]] = known[~unknown]
    sources: dict[str, Bool] = {}
    start = 0
    for name, own, _ in proposed:
        mine = sources.setdefault(name, np.zeros(len(items), dtype=np.bool_))
        mine[place[start : start + len(own)]] = True
        start += len(own)
    ones = np.ones(len(items), dtype=np.float32)
    return Candidates(items=items, scores=scores, propensity=ones, sources=sources)
