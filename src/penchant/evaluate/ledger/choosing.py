"""Strengths of layers, chosen on the validation round."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import Float32, Float64
from penchant.evaluate.ledger.exam import Exam, Score
from penchant.evaluate.ledger.layers import STRENGTHS, Layer, Standing, ranked, standings


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """A strength and the figure of each person with it, float64 [P]."""

    strength: float
    values: Float64

    def gain(self, over: Float64) -> float:
        """Mean gain over other figures of the same people."""
        return float(np.nanmean(self.values - over))


class Rehearsal:
    """The validation round of one model, kept so that many layers can be tried over it.

    Attributes:
        base: the figure of each person without any layer, float64 [P].
    """

    def __init__(self, exam: Exam, score: Score) -> None:
        self.exam = exam
        self._blocks: list[Standing] = list(standings(exam, score))
        self.bare: list[Float32] = [one.scores for one in self._blocks]
        self.base = self.values(self.bare)

    def values(self, scores: list[Float32]) -> Float64:
        """The figure of each person with these log scores, float64 [P]."""
        parts = [ranked(one, block.target) for one, block in zip(scores, self._blocks, strict=True)]
        return self.exam.by_person(np.concatenate(parts))

    def over(self, scores: list[Float32], layer: Layer) -> list[Float32]:
        """The log scores with one more layer."""
        return [one + layer.added(block.rows) for one, block in zip(scores, self._blocks, strict=True)]

    def best(
        self, scores: list[Float32], made: Callable[[float], Layer], strengths: Iterable[float] = STRENGTHS
    ) -> Trial:
        """The best strength of a layer over these log scores."""
        tried = [Trial(strength=s, values=self.values(self.over(scores, made(s)))) for s in strengths]
        return max(tried, key=lambda trial: float(np.nanmean(trial.values)))

    def stack(self, made: dict[str, Callable[[float], Layer]], strengths: dict[str, float]) -> dict[str, float]:
        """Which layers to use together: one after the other, at its own strength or half of it, kept on a clear gain.

        Args:
            made: the layers, the most promising first; strengths: what each is best at alone.
        """
        scores, values = self.bare, self.base
        chosen: dict[str, float] = {}
        for name, make in made.items():
            best = self.best(scores, make, (strengths[name], strengths[name] / 2))
            if clear_gain(best.values, values):
                chosen[name] = best.strength
                scores, values = self.over(scores, make(best.strength)), best.values
        return chosen


def clear_gain(values: Float64, than: Float64, errors: float = 2.0) -> bool:
    """Whether the mean of the people's gains exceeds so many standard errors: smaller gains are mostly luck of the sample."""
    gain = values - than
    gain = gain[np.isfinite(gain)]
    if len(gain) < 2 or not gain.any():
        return False
    return bool(gain.mean() > errors * gain.std(ddof=1) / np.sqrt(len(gain)))
