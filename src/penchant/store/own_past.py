"""A person's past as it is read: rows, from which columns are made for those who count, and events for those who look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from penchant.context import Context
from penchant.event import Interaction

PastRow = tuple[str, float, str, float, str | None, str | None]
"""``(item_id, at, kind, value, body, event_id)``; `body` is JSON of what has no column, None for a plain event."""

_decode = msgspec.json.Decoder().decode
_new = object.__new__
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnPast:
    """Events of one person as columns of the same length, oldest first.

    Attributes:
        at: seconds since 1970, UTC.
        contexts: circumstances of each event; None when no event states any, or when they were not asked for.
    """

    item_ids: tuple[str, ...] = ()
    at: tuple[float, ...] = ()
    kinds: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    contexts: tuple[Context, ...] | None = None
    event_ids: tuple[str | None, ...] = ()

    @classmethod
    def of(cls, rows: Sequence[PastRow]) -> OwnPast:
        """From rows, oldest first."""
        if not rows:
            return cls()
        items, at, kinds, values, bodies, event_ids = zip(*rows, strict=True)
        contexts = _contexts(bodies) if any(bodies) else None
        return cls(item_ids=items, at=at, kinds=kinds, values=values, contexts=contexts, event_ids=event_ids)

    def __len__(self) -> int:
        """Number of events."""
        return len(self.item_ids)

    def newest(self, n: int) -> tuple[str, ...]:
        """Names of the newest `n` events, newest first: the ``event_id``, or the item where there is none."""
        named = zip(self.event_ids[: -n - 1 : -1], self.item_ids[: -n - 1 : -1], strict=True)
        return tuple([event_id or item_id for event_id, item_id in named])


def _contexts(bodies: Sequence[str | None]) -> tuple[Context, ...] | None:
    # events of one visit often share a text
    read = {body: _decode(body).get("context") or _NOTHING for body in set(bodies) if body is not None}
    if not any(read.values()):
        return None
    return tuple([_NOTHING if body is None else read[body] for body in bodies])


def interactions_of(user_id: str, rows: Sequence[PastRow]) -> tuple[Interaction, ...]:
    """The same rows as events, in their order."""
    return tuple(
        [
            interaction_of(event_id, user_id, item_id, at, kind, value, body)
            for item_id, at, kind, value, body, event_id in rows
        ]
    )


def interaction_of(
    event_id: str | None, user_id: str, item_id: str, at: float, kind: str, value: float, body: str | None
) -> Interaction:
    """One event.

    Filled in at once: the constructor of a frozen class sets one field after the other, which takes four times as long, and a
    history has up to a thousand of them.
    """
    fields = _decode(body) if body is not None else _NOTHING
    event: Interaction = _new(Interaction)
    event.__dict__.update(
        user_id=user_id,
        item_id=item_id,
        at=at,
        kind=kind,
        value=value,
        context=fields.get("context") or {},
        session_id=fields.get("session_id"),
        recommendation_id=fields.get("recommendation_id"),
        event_id=event_id,
    )
    return event
