"""What must not be retrieved for this question. All forbid in one place; retrievers look only at the rest."""

from __future__ import annotations

import numpy as np

from penchant.index.allowed import Allowed
from penchant.pipeline.asked import Asked


class Excluded:
    """Items that the question excludes, and the one that others like it are asked for."""

    name = "excluded"
    fails_closed = False

    def forbid(self, asked: Asked, allowed: Allowed) -> None:
        """O(excluded)."""
        allowed.forbid(asked.encoded.excluded[0])
        if asked.like is not None:
            allowed.forbid(np.asarray([asked.like], dtype=np.int32))


class OnlyCandidates:
    """All items beside the candidates, where the question names some."""

    name = "candidates"
    fails_closed = False

    def forbid(self, asked: Asked, allowed: Allowed) -> None:
        """O(n_items) where there are candidates."""
        candidates = asked.encoded.candidates[0]
        if candidates is not None:
            allowed.keep_only(candidates)


class Seen:
    """Items of the person's past, where repeats are excluded."""

    name = "seen"
    fails_closed = False

    def forbid(self, asked: Asked, allowed: Allowed) -> None:
        """O(seen)."""
        if asked.excludes_seen:
            allowed.forbid(asked.seen)


STANDARD = (Excluded(), OnlyCandidates(), Seen())
"""The filters of every question; what is withheld from everybody is left out before them."""
