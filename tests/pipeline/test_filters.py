"""Filters by hand: what they take away, and what they say that they took."""

from __future__ import annotations

import numpy as np

from penchant.index.allowed import Allowed
from penchant.pipeline.filters import Excluded, OnlyCandidates, Seen
from penchant.query import Query
from tests.pipeline.expression.shop import IDS, WORLD
from tests.pipeline.worlds import ask


def filtered(one: Excluded | OnlyCandidates | Seen, query: Query, before: str = "abcdefg") -> tuple[str, int]:
    allowed = Allowed.of(np.asarray([item in before for item in IDS]))
    left = allowed.left
    one.forbid(ask(WORLD, query), allowed)
    shown = "".join(item for item, fine in zip(IDS, allowed.mask.tolist(), strict=True) if fine)
    return shown, left - allowed.left


def test_excluded_items_and_the_one_that_others_are_like() -> None:
    assert filtered(Excluded(), Query()) == ("abcdefg", 0)
    assert filtered(Excluded(), Query(exclude=frozenset({"a", "c", "zzz"}))) == ("bdefg", 2)
    assert filtered(Excluded(), Query(exclude=frozenset({"a"}), similar_to="b"), "acdefg") == ("cdefg", 1)


def test_candidates_are_not_more_than_was_allowed() -> None:
    assert filtered(OnlyCandidates(), Query()) == ("abcdefg", 0)
    assert filtered(OnlyCandidates(), Query(candidates=("a", "a", "g", "zzz")), "abcd") == ("a", 3)
    assert filtered(OnlyCandidates(), Query(candidates=())) == ("", 7)


def test_the_past_goes_only_where_repeats_are_excluded() -> None:
    # ann has events with a, b and g
    assert filtered(Seen(), Query(user_id="ann", at=9e5, repeats="allow")) == ("abcdefg", 0)
    assert filtered(Seen(), Query(user_id="ann", at=9e5, repeats="exclude"), "bcdefg") == ("cdef", 2)
    # the shop's schema excludes repeats
    assert filtered(Seen(), Query(user_id="ann", at=9e5)) == ("cdef", 3)
