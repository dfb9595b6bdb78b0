"""Randomness is explicit: every random draw comes from a Generator made here from a seed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.random import Generator


def generator(seed: int, *purpose: str) -> Generator:
    """A numpy Generator for `seed`.

    Args:
        seed: any integer >= 0.
        purpose: words that name what the draws are for. Different purposes give independent streams, so that adding a draw
            in one place does not change the draws of another. Without a purpose the stream is that of
            ``numpy.random.default_rng(seed)``, as published protocols use it.
    """
    import numpy as np

    if not purpose:
        return np.random.default_rng(seed)
    return np.random.default_rng([seed, stable_hash(*purpose)])


def for_request(seed: int, recommendation_id: str) -> Generator:
    """The Generator of one served list: the same id draws the same list again."""
    return generator(seed, "request", recommendation_id)


def stable_hash(*words: str) -> int:
    """A 64-bit number >= 0 that depends on `words` alone, the same in every process (unlike ``hash``)."""
    digest = hashlib.blake2b("\x1f".join(words).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
