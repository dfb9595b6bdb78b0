"""What happened: the five kinds of event, with external ids (strings) and seconds since 1970 (UTC)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

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
        query: as it was answered: `at` is set, and `history` is None where it was read from the log.
        propensities: probability with which each item got its place, in (0, 1], same length as `item_ids`.
        log_offset: how much of the event log the answer knew.
        seed: the seed of the service when the list was drawn.
        catalogue_offset: how much of the log its catalogue (new items, attributes) knew.
        popularity_offset: how much of the log its popularity knew.
        pipeline: key of the request path's settings.
        scores: of the items, same length.
        sources: what proposed each item, same length.
    """

    recommendation_id: str
    query: Query
    item_ids: tuple[str, ...]
    propensities: tuple[float, ...]
    model_version: str
    log_offset: int
    seed: int
    catalogue_offset: int = 0
    popularity_offset: int = 0
    pipeline: str = ""
    scores: tuple[float, ...] = ()
    sources: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class ItemUpdate:
    """An item appeared, changed its attributes, or became (un)available at `at` (seconds since 1970, UTC).

    Attributes:
        features: all attributes from now on; those of the update before are replaced.
        available: False keeps it out of lists for a while.
        deleted: it is gone: neither shown nor described.
    """

    item_id: str
    at: float
    features: Features = field(default_factory=dict)
    available: bool = True
    deleted: bool = False
    event_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class UserUpdate:
    """A person's attributes became known or changed at `at` (seconds since 1970, UTC); they replace those before."""

    user_id: str
    at: float
    features: Features = field(default_factory=dict)
    event_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Flag:
    """A judgement about a person or an item, such as "looks like a bot"; the newest one of a subject counts.

    Attributes:
        score: 0 is ordinary (and lifts an earlier flag), 1 is certain.
    """

    subject_kind: Literal["user", "item"]
    subject_id: str
    at: float
    score: float
    reasons: tuple[str, ...] = ()
    event_id: str | None = None


Event = Interaction | Impression | ItemUpdate | UserUpdate | Flag
