"""Circumstances laid over the scores of a model: each field adds strength x log lift to the log of the score.

With several fields that is naive Bayes over a model's scores, the `context_lift` of `penchant.models.circumstances`, but with a
strength for each field, so that each can be measured alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import Bool, Float32, Float64, Int64, Nums
from penchant.evaluate.ledger.exam import METRIC, TRUTH, Block, Exam, Score
from penchant.metrics.ranking import single_target

STRENGTHS = (0.15, 0.3, 0.6, 1.0)
"""Strengths that validation chooses from."""

_LEAST = np.float32(1e-20)
_UNSCORED, _FORBIDDEN = np.float32(-1e30), np.float32(-np.inf)
_CHUNK_CELLS = 8_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """One field at one strength: `table` float32 [values + 1, n_items], `codes` int32 [Q] (-1: not known)."""

    table: Float32
    codes: Nums
    strength: float

    def added(self, rows: Int64) -> Float32:
        """What it adds to the log scores of the questions `rows`, float32 [B, n_items]."""
        found: Float32 = self.table[self.codes[rows]] * np.float32(self.strength)
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """The log scores of a block of questions, float32 [B, n_items]: items that may not stand in the ranking have -inf."""

    rows: Int64
    target: Nums
    scores: Float32


def standings(exam: Exam, score: Score) -> Iterator[Standing]:
    """The log of a model's scores, as shares of the greatest; 0 and less stand below all positive ones, unscored items last."""
    for block in exam.blocks():
        yield standing(score(TRUTH.batch(exam.questions, block.rows)), block)


def standing(scores: Float32, block: Block) -> Standing:
    """One block of scores as a `Standing`."""
    with np.errstate(invalid="ignore"):
        peak = np.fmax.reduce(scores, axis=1)
        size = np.where(peak > 0, peak, 1.0).astype(np.float32)[:, None]
        share = scores / size
        logs = np.where(share > 0, np.log(np.maximum(share, _LEAST)), -60 + 10 * np.maximum(share, -3))
    logs[np.isnan(scores)] = _UNSCORED
    logs[~block.allowed] = _FORBIDDEN
    return Standing(rows=block.rows, target=block.target, scores=logs.astype(np.float32))


def ranked(scores: Float32, target: Nums) -> Float64:
    """The metric of each question, float64 [B], from log scores."""
    own = scores[np.arange(len(scores)), target][:, None]
    above = (scores > own).sum(axis=1, dtype=np.int64)
    tied = (scores == own).sum(axis=1, dtype=np.int64) - 1
    return single_target(above, tied, [METRIC])[str(METRIC)]


def with_layers(one: Standing, layers: Sequence[Layer]) -> Float32:
    """The log scores with these layers over them."""
    total = one.scores
    for layer in layers:
        total = total + layer.added(one.rows)
    return total


@dataclass(frozen=True, kw_only=True, eq=False)
class Others:
    """Other moments of the same person, as values of one field: triples of a question, a value and its share.

    Attributes:
        question: int64 [T], rising; value: int32 [T]; share: float64 [T], of one question they add up to 1.
        varies: bool [Q], whether the question has more than one value, its own being known.
    """

    question: Int64
    value: Nums
    share: Float64
    varies: Bool


def others(user: Nums, codes: Nums, moments_user: Nums, moments_codes: Nums) -> Others:
    """What a field says at all moments of each question's person: what a random permutation of them would put there.

    A permutation within the person gives each question each of the person's values as often as the person has it, so the mean
    over all permutations is a mean over values.

    Args:
        user, codes: int32 [Q], of the questions.
        moments_user, moments_codes: int32 [M], all moments of these people that may change places.
    """
    known = moments_codes >= 0
    pairs, count = np.unique(
        moments_user[known].astype(np.int64) << 32 | moments_codes[known].astype(np.int64), return_counts=True
    )
    person, value = pairs >> 32, (pairs & 0xFFFFFFFF).astype(np.int32)
    low, high = np.searchsorted(person, user, side="left"), np.searchsorted(person, user, side="right")
    varies = (codes >= 0) & (high - low > 1)
    length = np.where(varies, high - low, 0)
    question = np.repeat(np.arange(len(user), dtype=np.int64), length)
    place = np.arange(len(question)) - np.repeat(np.cumsum(length) - length, length) + np.repeat(low, length)
    weight = count[place].astype(np.float64)
    total = np.bincount(question, weights=weight, minlength=len(user))
    return Others(question=question, value=value[place], share=weight / total[question], varies=varies)


def permuted(one: Standing, rest: Float32, layer: Layer, elsewhere: Others, true: Float64) -> Float64:
    """The mean metric over all permutations of the layer's field within each person, float64 [B].

    Args:
        rest: float32 [B, n_items], the log scores with everything but the layer.
        true: float64 [B], the metric with the true values; it stands where nothing varies.
    """
    found = true.copy()
    start = np.searchsorted(elsewhere.question, one.rows[0])
    end = np.searchsorted(elsewhere.question, one.rows[-1], side="right")
    local = elsewhere.question[start:end] - one.rows[0]
    value, share = elsewhere.value[start:end], elsewhere.share[start:end]
    found[elsewhere.varies[one.rows]] = 0.0
    size = max(1, _CHUNK_CELLS // rest.shape[1])
    for low in range(0, len(local), size):
        part = slice(low, low + size)
        which = local[part]
        scores = rest[which] + layer.table[value[part]] * np.float32(layer.strength)
        np.add.at(found, which, share[part] * ranked(scores, one.target[which]))
    return found
