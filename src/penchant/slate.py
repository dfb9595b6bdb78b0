"""The answer: recommended items, the reasons for them, and what happened on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """One item of an answer.

    Attributes:
        rank: 1 is best.
        score: finite; comparable within one answer only.
        sources: names of what proposed the item (a model, ``"popular"``).
        propensity: probability with which the item got its place, in (0, 1].
    """

    item_id: str
    rank: int
    score: float
    sources: tuple[str, ...] = ()
    propensity: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One thing that an answer depends on; `weight` is in the units of its explainer's method."""

    kind: Literal["history", "context", "attribute", "popularity", "exploration"]
    subject: str
    weight: float


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why an item was recommended.

    Attributes:
        covered: share of the score that the reasons account for, in [0, 1].
        counterfactual: ids of events without which the item would not have been recommended; empty if none was found.
    """

    item_id: str
    reasons: tuple[Reason, ...]
    method: str
    covered: float
    counterfactual: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StageTrace:
    """What one stage of the request path did; `removed` maps a rule to the number of items it took away."""

    stage: str
    n_in: int
    n_out: int
    milliseconds: float
    removed: Mapping[str, int] = field(default_factory=dict)
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class Slate:
    """A served list: items best first, and the trace of how they came to be."""

    recommendation_id: str
    items: tuple[Recommendation, ...]
    trace: tuple[StageTrace, ...] = ()
    model_version: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How suspicious a person, item or event is: `score` 0 is ordinary, 1 is certain."""

    subject: str
    score: float
    reasons: tuple[str, ...] = ()
