"""The result nouns of a ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Found = Literal["lift", "none", "harm", "too few"]
Group = Literal["past", "attributes", "context"]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A difference of ndcg@20 with its interval."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Worth:
    """One line of the ledger.

    Attributes:
        key: unique, such as ``"live"`` or ``"context mood"``.
        group: past, attributes or context.
        name: for people.
        difference, low, high: what ndcg@20 loses without the signal, with its interval; the mean over all people asked.
        level: of the interval; above .95 where many such lines are looked at together.
        with_it, without_it: the two means.
        found: what may be said, from the interval alone.
        validated: whether the validation round had already found a clear gain; None where nothing had to be chosen.
        n_people, n_questions: that the signal could change at all.
        share_known: share of the questions that state a circumstance, None for other signals.
        instead: the model that is best without the signal; None where the same model was asked.
        same_model: the loss of the reference model, where another one is better without the signal.
        gain: circumstances and attributes: against leaving it out altogether, instead of permuting it.
        on_top: circumstances: the same with all other useful ones in place; None where validation found nothing on top.
        alike: circumstances that tell nearly the same.
        done: what was destroyed, in one line.
        verdict: what to make of it, in plain words.
    """

    key: str
    group: Group
    name: str
    difference: float
    low: float
    high: float
    level: float
    with_it: float
    without_it: float
    found: Found
    validated: bool | None
    n_people: int
    n_questions: int
    done: str
    share_known: float | None = None
    instead: str | None = None
    same_model: Gap | None = None
    gain: Gap | None = None
    on_top: Gap | None = None
    alike: tuple[str, ...] = ()
    verdict: str = ""

    @property
    def limit(self) -> float:
        """A lift of this size or more would have shown: half the width of the interval."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """One model: ndcg@20 of the test questions with its interval, and what it costs in processor seconds."""

    name: str
    mean: float
    low: float
    high: float
    fit_cpu_seconds: float
    score_cpu_seconds: float
    answers_per_cpu_second: float
    within: bool
    settings: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One point of a curve, with its interval."""

    label: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What every kind of data in a log is worth.

    Attributes:
        data: name, digest and sizes of the log.
        sampled: what was looked at and asked, in sentences.
        reference: the model that validation found best; all worths are measured with it.
        base: its ndcg@20 on the test questions; hit: how often the answer stands among its first twenty, 0 to 1.
        cheapest: the cheapest model within 5 % of the best.
        freshness, depth, growth: the reference model when events reach it late, when it is told only the newest events of each
            past, and when it was fitted on fewer people.
        growing: what the last step of `growth` brought.
        left_out: what was not looked at, and why.
        summary: the sentences an owner wants first.
        cpu_seconds, wall_seconds: what the examination took.
    """

    data: Mapping[str, Any]
    protocol: Mapping[str, Any]
    sampled: tuple[str, ...]
    reference: str
    base: Point
    hit: float
    worths: tuple[Worth, ...]
    models: tuple[ModelRow, ...]
    cheapest: str
    freshness: tuple[Point, ...]
    depth: tuple[Point, ...]
    growth: tuple[Point, ...]
    growing: Gap | None
    left_out: Mapping[str, str]
    summary: tuple[str, ...]
    n_people: int
    n_questions: int
    seed: int
    cpu_seconds: float
    wall_seconds: float

    def as_json(self) -> dict[str, Any]:
        """All of it in plain values."""
        values = asdict(self)
        values["worths"] = [{**asdict(one), "limit": one.limit} for one in self.worths]
        return values

    def worth(self, key: str) -> Worth | None:
        """The line of this key, or None."""
        return next((one for one in self.worths if one.key == key), None)
