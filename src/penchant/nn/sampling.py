"""Negatives: items that a loss compares the right answer with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Int64 = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class Sampler:
    """Draws item numbers, with the logarithm of the expected number of times each is drawn.

    Attributes:
        cumulative: float64 [I], rising to 1; where a uniform number falls, that item is drawn.
        log_q: float32 [I], log probability of each item in one draw; -inf for items that are never drawn.
    """

    cumulative: np.ndarray[tuple[int], np.dtype[np.float64]]
    log_q: np.ndarray[tuple[int], np.dtype[np.float32]]

    @classmethod
    def of(cls, counts: Int64, *, power: float) -> Sampler:
        """Probabilities in proportion to ``counts ** power``; power 0 draws all items with a count alike.

        Source: Mikolov et al. 2013, "Distributed representations of words and phrases", section 2.2 (power 0.75).
        """
        worth = np.where(counts > 0, np.maximum(counts, 1).astype(np.float64) ** power, 0.0)
        share = worth / worth.sum()
        with np.errstate(divide="ignore"):
            return cls(np.cumsum(share), np.log(share).astype(np.float32))

    def draw(self, n: int, rng: np.random.Generator) -> Int64:
        """`n` item numbers with replacement, int64 [n]; O(n log I)."""
        found = np.searchsorted(self.cumulative, rng.random(n) * self.cumulative[-1], side="right")
        drawn: Int64 = np.minimum(found, len(self.cumulative) - 1).astype(np.int64)
        return drawn

    def draw_beside(self, owner: Int64, taken: Int64, rng: np.random.Generator) -> Int64:
        """An item number for each element of `owner`, int64 [n]: never one that its owner has taken.

        Draws that fall on a taken item are drawn again; an owner who took everything gets what it was dealt.

        Args:
            owner: int64 [n], numbers >= 0.
            taken: int64 [m], rising: ``owner * I + item`` for each taken item.
        """
        n_items, found = len(self.cumulative), self.draw(len(owner), rng)
        left = np.arange(len(owner))
        for _ in range(_MOST_DRAWS):
            left = left[_inside(owner[left] * n_items + found[left], taken)]
            if len(left) == 0:
                break
            found[left] = self.draw(len(left), rng)
        return found


_MOST_DRAWS = 200
"""Somebody who took nine tenths of what is drawn keeps a taken item after so many draws once in 10^9 times."""


def _inside(keys: Int64, taken: Int64) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if len(taken) == 0:
        return np.zeros(len(keys), dtype=np.bool_)
    place = np.minimum(np.searchsorted(taken, keys), len(taken) - 1)
    hit: np.ndarray[tuple[int], np.dtype[np.bool_]] = taken[place] == keys
    return hit
