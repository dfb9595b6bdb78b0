"""What holds of every list whatever the stages did: looked at on the final items, not on trust in filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from penchant.data.arrays import Bool, Nums
from penchant.pipeline.asked import Asked
from penchant.pipeline.stages import Candidates

_CELLS = 200_000
"""Comparisons that are cheaper than sorting."""

Holds = Callable[[Nums], Bool]
"""Which of some items the filter expression holds for, bool [n]."""


def kept_by_contract(
    asked: Asked, ranked: Candidates, k: int, where: Holds | None
) -> tuple[Candidates, Mapping[str, int]]:
    """The first `k` of `ranked` that may be shown, and how many others stood before them, by rule.

    Never an item that is withheld or excluded, never one of the past under ``repeats="exclude"``, never the one that others
    like it were asked for, none beside the candidates where the question names some, none twice, only finite scores.
    """
    head = ranked.take(slice(k))
    fine, removed = _may_be_shown(asked, head, where)
    if fine.all():
        return head, removed
    fine, removed = _may_be_shown(asked, ranked, where)
    return ranked.take(np.flatnonzero(fine)[:k]), removed


def _may_be_shown(asked: Asked, ranked: Candidates, where: Holds | None) -> tuple[Bool, dict[str, int]]:
    items = ranked.items
    fine = np.isfinite(ranked.scores)
    removed = {"no score": int(len(items) - np.count_nonzero(fine))}

    def rule(name: str, keep: Bool) -> None:
        if keep.all():
            return
        before = np.count_nonzero(fine)
        np.logical_and(fine, keep, out=fine)
        removed[name] = int(before - np.count_nonzero(fine))

    if len(set(items.tolist())) < len(items):
        first = np.zeros(len(items), dtype=np.bool_)
        first[np.unique(items, return_index=True)[1]] = True
        rule("twice", first)
    rule("withheld", ~asked.withheld[items])
    excluded, candidates = asked.encoded.excluded[0], asked.encoded.candidates[0]
    if len(excluded):
        rule("excluded", ~among(items, excluded))
    if candidates is not None:
        rule("candidates", among(items, candidates))
    if asked.excludes_seen:
        rule("seen", ~among(items, asked.seen))
    if asked.like is not None:
        rule("itself", items != asked.like)
    if where is not None:
        rule("where", where(items))
    if asked.excludes_seen and asked.chosen_before is not None and fine.any():
        # it looks into the log, so it is asked last and about few
        keep = np.ones(len(items), dtype=np.bool_)
        keep[fine] = ~asked.chosen_before(items[fine], None)
        rule("seen long ago", keep)
    return fine, removed


def among(items: Nums, others: Nums) -> Bool:
    """Whether each of `items` is one of `others`, bool [n]."""
    if len(others) == 0:
        return np.zeros(len(items), dtype=np.bool_)
    if len(items) * len(others) <= _CELLS:
        return np.asarray((items[:, None] == others).any(axis=1))
    return np.isin(items, others)
