"""What the service answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from penchant.errors import UserError
from penchant.event import Impression, Interaction
from penchant.slate import Slate


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What became of one event; `reason` says what was expected, what came and what to do, for a rejected one."""

    status: Literal["accepted", "duplicate", "rejected"]
    event_id: str | None = None
    offset: int = 0
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Served:
    """An answer, and what was made of the question.

    Attributes:
        at: the moment that was answered for, seconds since 1970, UTC.
        log_offset: how much of the log the answer knew.
        context_used: the circumstances that the model was told.
        context_ignored: field -> why it changed nothing.
        cold: ids of the answer that no training has seen.
        titles: item id -> title, for those that have one.
        fallback: whether the list came from the fallback.
        history: ids of the newest events (``event_id``, else the item) that the answer was made from, newest first.
        unknown_items: ids in the question that the catalogue does not hold.
    """

    slate: Slate
    at: float
    log_offset: int
    context_used: Mapping[str, str | float] = field(default_factory=dict)
    context_ignored: Mapping[str, str] = field(default_factory=dict)
    cold: frozenset[str] = frozenset()
    titles: Mapping[str, str] = field(default_factory=dict)
    fallback: bool = False
    history: tuple[str, ...] = ()
    unknown_items: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Why:
    """A served list, drawn again.

    Attributes:
        impression: what was kept when it was served.
        history: the person's events as the answer knew them, oldest first.
        again: the list drawn again from the kept question, that history, that model and that seed.
        same: whether items, order and scores are exactly those that were served.
    """

    impression: Impression
    history: tuple[Interaction, ...]
    again: Slate
    same: bool


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What forgetting a person did.

    Attributes:
        places: each place that was cleaned, in words.
        rows: rows removed by place.
        trained_versions: model versions whose training saw the person.
        refit: what ends that: in words.
        outside: places that this service cannot clean, in words.
    """

    user_id: str
    at: float
    places: tuple[str, ...]
    rows: Mapping[str, int]
    trained_versions: tuple[str, ...]
    refit: str
    outside: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """One version that can be served."""

    version: str
    model: str
    current: bool
    added_at: float
    trained_to: int
    card: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Refitted:
    """What became of a refit.

    Attributes:
        model: the new version, served from now on; None where the gate did not let it in, or another was activated meanwhile.
        found: what was learned from and what the gate found, in plain values, with a `reason` in words.
    """

    model: ModelInfo | None
    found: Mapping[str, Any]


class NotReady(UserError):
    """No model is served yet."""


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """Whether requests can be answered, and if not, why."""

    ready: bool
    version: str | None
    reasons: Sequence[str] = ()
