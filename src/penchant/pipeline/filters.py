"""What must not be retrieved for this question. All work on one mask of the catalogue; retrievers look only at the rest."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Bool, Nums
from penchant.pipeline.asked import Asked


class Excluded:
    """Items that the question excludes, and the one that others like it are asked for."""

    name = "excluded"
    fails_closed = False

    def forbid(self, asked: Asked, allowed: Bool) -> int:
        """O(excluded)."""
        gone = take_away(allowed, asked.encoded.excluded[0])
        if asked.like is not None:
            gone += take_away(allowed, np.asarray([asked.like], dtype=np.int32))
        return gone


class OnlyCandidates:
    """All items beside the candidates, where the question names some."""

    name = "candidates"
    fails_closed = False

    def forbid(self, asked: Asked, allowed: Bool) -> int:
        """O(n_items) where there are candidates."""
        candidates = asked.encoded.candidates[0]
        if candidates is None:
            return 0
        before = int(np.count_nonzero(allowed))
        kept = allowed[candidates]
        allowed[:] = False
        allowed[candidates] = kept
        return before - int(np.count_nonzero(kept))


class Seen:
    """Items of the person's past, where repeats are excluded."""

    name = "seen"
    fails_closed = False

    def forbid(self, asked: Asked, allowed: Bool) -> int:
        """O(seen)."""
        return take_away(allowed, asked.seen) if asked.excludes_seen else 0


def take_away(allowed: Bool, items: Nums) -> int:
    """Sets the distinct `items` to False, and counts those that were not yet."""
    gone = int(np.count_nonzero(allowed[items]))
    allowed[items] = False
    return gone


STANDARD = (Excluded(), OnlyCandidates(), Seen())
"""The filters of every question; what is withheld from everybody is left out before them."""
