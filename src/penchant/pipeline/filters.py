"""What must not be retrieved for this question. All work on one mask of the catalogue; retrievers look only at the rest."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Bool
from penchant.pipeline.asked import Asked


class Withheld:
    """Items that are unavailable or deleted."""

    name = "withheld"
    fails_closed = False

    def forbid(self, asked: Asked, allowed: Bool) -> None:
        """O(n_items)."""
        np.greater(allowed, asked.withheld, out=allowed)


class Excluded:
    """Items that the question excludes, and the one that others like it are asked for."""

    name = "excluded"
    fails_closed = False

    def forbid(self, asked: Asked, allowed: Bool) -> None:
        """O(excluded)."""
        allowed[asked.encoded.excluded[0]] = False
        if asked.like is not None:
            allowed[asked.like] = False


class OnlyCandidates:
    """All items beside the candidates, where the question names some."""

    name = "candidates"
    fails_closed = False

    def forbid(self, asked: Asked, allowed: Bool) -> None:
        """O(n_items) where there are candidates."""
        candidates = asked.encoded.candidates[0]
        if candidates is not None:
            kept = allowed[candidates]
            allowed[:] = False
            allowed[candidates] = kept


class Seen:
    """Items of the person's past, where repeats are excluded."""

    name = "seen"
    fails_closed = False

    def forbid(self, asked: Asked, allowed: Bool) -> None:
        """O(seen)."""
        if asked.excludes_seen:
            allowed[asked.seen] = False


STANDARD = (Withheld(), Excluded(), OnlyCandidates(), Seen())
"""The filters of every question."""
