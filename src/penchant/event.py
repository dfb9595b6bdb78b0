"""What happened: the four kinds of event, with external ids (strings) and seconds since 1970 (UTC)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from penchant.context import Context
from penchant.query import Query

Features = Mapping[str, str | float | Sequence[str] | Sequence[float]]
"""Attribute name -> value: a category or text (str), a number, tags (strings) or a vector (floats)."""


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """A person did something with an item.

    Attributes:
        at: seconds since 1970, UTC.
        kind: event kind as declared in the schema, such as ``"view"`` or ``"buy"``.
        value: what the kind's meaning says (a rating, seconds played, a quantity).
    """

    user_id: str
    item_id: str
    at: float
    kind: str = "view"
    value: float = 1.0
    context: Context = field(default_factory=dict)
    session_id: str | None = None
    recommendation_id: str | None = None
    event_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Impression:
    """A list that was shown, with all it takes to draw it again.

    Attributes:
        propensities: probability with which each item got its place, in (0, 1], same length as `item_ids`.
        log_offset: how much of the event log the answer knew.
        seed: the seed of the service when the list was drawn.
    """

    recommendation_id: str
    query: Query
    item_ids: tuple[str, ...]
    propensities: tuple[float, ...]
    model_version: str
    log_offset: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class ItemUpdate:
    """An item appeared, changed its attributes, or became (un)available at `at` (seconds since 1970, UTC)."""

    item_id: str
    at: float
    features: Features = field(default_factory=dict)
    available: bool = True


@dataclass(frozen=True, kw_only=True)
class UserUpdate:
    """A person's attributes became known or changed at `at` (seconds since 1970, UTC)."""

    user_id: str
    at: float
    features: Features = field(default_factory=dict)


Event = Interaction | Impression | ItemUpdate | UserUpdate
