"""Events as rows of the log, and back.

A row is ``(type, event_id, user_id, item_id, at, kind, value, body)``. What a question may ask for has a column; the rest is
one JSON text, `body`, which is None for a plain event, so that reading it costs nothing. `value` holds the value of an
interaction, the score of a flag, and for an item 0, or 1 (unavailable) + 2 (deleted).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from penchant.errors import UserError
from penchant.event import Features, Flag, Interaction, ItemUpdate, UserUpdate
from penchant.store.own_past import interaction_of
from penchant.store.protocol import ItemState, Logged, Stored

Row = tuple[int, str | None, str | None, str | None, float, str | None, float, str | None]

TYPES: Mapping[type, int] = {Interaction: 1, ItemUpdate: 2, UserUpdate: 3, Flag: 4}
INTERACTION, ITEM, USER, FLAG = 1, 2, 3, 4

COLUMNS = "type, event_id, user_id, item_id, at, kind, value, body"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def rows_of(events: Sequence[Logged]) -> list[Row]:
    """One row per event; raises UserError for an event that cannot be kept."""
    rows = []
    for event in events:
        make = _MAKERS.get(type(event))
        if make is None:
            raise UserError(f"expected an Interaction, ItemUpdate, UserUpdate or Flag, got {type(event).__name__}")
        row = make(event)
        if row[4] - row[4] != 0 or row[6] - row[6] != 0:  # an infinity or NaN minus itself is NaN
            raise UserError(f"expected finite numbers, got at={row[4]}, value={row[6]}")
        rows.append(row)
    return rows


def encoded(rows: Sequence[Sequence[Any]]) -> bytes:
    """Rows as one JSON array of arrays; raises UserError for text that no backend can keep."""
    data = json_of(rows)
    if b"\\u0000" in data and any("\0" in cell for row in rows for cell in row if isinstance(cell, str)):
        raise UserError("expected text without the character NUL; take it out of ids and texts")
    return data


def json_of(value: Any) -> bytes:
    """`value` as JSON; raises UserError for text that is not Unicode, for numbers too large and for other types."""
    try:
        return _encode(value)
    except UnicodeEncodeError as fault:
        raise not_unicode(fault) from None
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError) as fault:
        raise UserError(f"expected texts, finite numbers and lists of them: {fault}") from None


def not_unicode(fault: UnicodeEncodeError) -> UserError:
    """The refusal of a text with half a surrogate pair, which no backend can keep or look for."""
    return UserError(f"expected Unicode text, got half a surrogate pair: {fault.object[:40]!r}")


def checked_text(text: str, what: str) -> str:
    """The same text when it can be kept; raises UserError otherwise."""
    if "\0" in text:
        raise UserError(f"{what}: expected text without the character NUL")
    json_of(text)
    return text


def body_of(fields: Mapping[str, Any]) -> str:
    """The JSON text of what has no column; raises UserError for what JSON cannot say, such as NaN."""
    data = json_of(fields)
    if b"null" in data:
        _refuse_unwritable(fields)
    if b"\\u0000" in data:
        _refuse_nul(fields)
    return data.decode()


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _refuse_unwritable(fields: Mapping[str, Any]) -> None:
    for leaf in _leaves(fields):
        if isinstance(leaf, float) and not math.isfinite(leaf):
            raise UserError(f"expected finite numbers, got {leaf}")


def _refuse_nul(fields: Mapping[str, Any]) -> None:
    if any("\0" in leaf for leaf in _leaves(fields) if isinstance(leaf, str)):
        raise UserError("expected text without the character NUL; take it out of ids and texts")


# -- to rows -----------------------------------------------------------------------------------------------------------


def _interaction_row(event: Interaction) -> Row:
    body = None
    if event.context or event.session_id is not None or event.recommendation_id is not None:
        fields: dict[str, Any] = {}
        if event.context:
            fields["context"] = event.context
        if event.session_id is not None:
            fields["session_id"] = event.session_id
        if event.recommendation_id is not None:
            fields["recommendation_id"] = event.recommendation_id
        body = body_of(fields)
    return (
        INTERACTION,
        event.event_id,
        event.user_id,
        event.item_id,
        float(event.at),
        event.kind,
        float(event.value),
        body,
    )


def _item_row(event: ItemUpdate) -> Row:
    state = (0.0 if event.available else 1.0) + (2.0 if event.deleted else 0.0)
    body = body_of(event.features) if event.features else None
    return (ITEM, event.event_id, None, event.item_id, float(event.at), None, state, body)


def _user_row(event: UserUpdate) -> Row:
    body = body_of(event.features) if event.features else None
    return (USER, event.event_id, event.user_id, None, float(event.at), None, 0.0, body)


def _flag_row(event: Flag) -> Row:
    if event.subject_kind not in ("user", "item"):
        raise UserError(f'subject_kind: expected "user" or "item", got "{event.subject_kind}"')
    person, item = (event.subject_id, None) if event.subject_kind == "user" else (None, event.subject_id)
    body = body_of({"reasons": event.reasons}) if event.reasons else None
    return (FLAG, event.event_id, person, item, float(event.at), None, float(event.score), body)


_MAKERS: Mapping[type, Callable[[Any], Row]] = {
    Interaction: _interaction_row,
    ItemUpdate: _item_row,
    UserUpdate: _user_row,
    Flag: _flag_row,
}


# -- from rows ---------------------------------------------------------------------------------------------------------


def stored_of(row: Sequence[Any]) -> Stored:
    """The event of ``(offset, *COLUMNS)``."""
    offset, kind_of, event_id, user_id, item_id, at, kind, value, body = row
    event: Logged
    if kind_of == INTERACTION:
        event = interaction_of(event_id, user_id, item_id, at, kind, value, body)
    elif kind_of == ITEM:
        features, state = features_of(body), int(value)
        event = ItemUpdate(
            item_id=item_id,
            at=at,
            features=features,
            available=not state & 1,
            deleted=bool(state & 2),
            event_id=event_id,
        )
    elif kind_of == USER:
        event = UserUpdate(user_id=user_id, at=at, features=features_of(body), event_id=event_id)
    else:
        event = Flag(
            subject_kind="item" if user_id is None else "user",
            subject_id=item_id if user_id is None else user_id,
            at=at,
            score=value,
            reasons=tuple(_decode(body)["reasons"]) if body is not None else (),
            event_id=event_id,
        )
    return Stored(offset=offset, event=event)


def features_of(body: str | None) -> Features:
    """Attributes as they were given; sequences become tuples."""
    if body is None:
        return {}
    found = _decode(body)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


def state_of(stored: Stored) -> ItemState:
    """The state that an item update leads to."""
    update = stored.event
    assert isinstance(update, ItemUpdate)
    return ItemState(
        item_id=update.item_id,
        features=update.features,
        available=update.available,
        deleted=update.deleted,
        at=update.at,
        offset=stored.offset,
    )
