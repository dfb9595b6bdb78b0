"""Judging one trial on growing shares of the validation people, and giving it up once it is plainly worse than the leader.

Why a rule of our own and not one of optuna's pruners: the halving and median pruners compare means and know nothing of pairs.
The Wilcoxon pruner is paired as this is, but it tests ranks, while the choice is made by the mean, and it wants the value of
every person as a line of the journal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import Float64, Nums
from penchant.data.questions import Questions
from penchant.evaluate.validation import Validation, judged, standard_errors
from penchant.log import SILENT
from penchant.models.base import Model
from penchant.rng import generator

SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)
"""Shares of the people after which a trial is compared with the leader."""

LEAST_PEOPLE = 40
"""No comparison over fewer people."""

HOPELESS = -1.64
"""A trial ends when its mean gain over the leader lies so many standard errors below 0: one chance in twenty at each look
that an equal one is lost."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Race:
    """The people in a fixed random order, in rounds.

    Attributes:
        people: int32 [P], in the order in which they are asked.
        rounds: the questions of each round.
        ends: how many people have been asked after each round; the last is P.
    """

    validation: Validation
    people: Nums
    rounds: tuple[Questions, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, validation: Validation) -> Race:
        """The order comes from the protocol's seed."""
        seed = validation.protocol.seed
        people = generator(seed, "order of people").permutation(np.sort(validation.people)).astype(np.int32)
        sizes = {int(np.ceil(share * len(people))) for share in SHARES}
        ends = tuple(sorted(size for size in sizes if size >= LEAST_PEOPLE or size == len(people)))
        rounds = (
            validation.questions.of_people(people[low:high]) for low, high in zip((0, *ends[:-1]), ends, strict=True)
        )
        return cls(validation=validation, people=people, rounds=tuple(rounds), ends=ends)

    def run(self, model: Model, leader: Float64 | None) -> Float64:
        """The values of as many people as it takes: float64 [P], or fewer where the model was given up; no leader: everybody.

        Args:
            leader: float64 [P], the values of the settings to beat, in the order of `people`.
        """
        values = np.zeros(0)
        low = 0
        for questions, high in zip(self.rounds, self.ends, strict=True):
            people = self.people[low:high]
            asked = judged(model, questions, people, self.validation.protocol, SILENT, model.name())
            values = np.append(values, asked)
            low = high
            if leader is not None and standard_errors(values, leader[:high]) < HOPELESS:
                break
        return values
