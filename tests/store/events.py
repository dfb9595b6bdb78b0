"""Small events for tests of the store."""

from __future__ import annotations

from typing import Any

from penchant.event import Impression, Interaction
from penchant.query import Query


def play(user: str, item: str, at: float, event_id: str | None = None, **more: Any) -> Interaction:
    """An interaction."""
    return Interaction(user_id=user, item_id=item, at=at, event_id=event_id, **more)


def shown(recommendation_id: str, user: str | None, at: float, *items: str) -> Impression:
    """A served list."""
    return Impression(
        recommendation_id=recommendation_id,
        query=Query(user_id=user, at=at),
        item_ids=items,
        propensities=(1.0,) * len(items),
        model_version="v1",
        log_offset=7,
        seed=3,
        scores=(0.1,) * len(items),
        sources=(("popular",),) * len(items),
    )
