"""From a question in words to what the request path works on: who, with which past, in which world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from penchant.data.arrays import Bool, Nums, frozen
from penchant.data.schema import Schema
from penchant.event import Interaction
from penchant.pipeline.asked import Asked, World
from penchant.query import Past, Query
from penchant.rng import for_request
from penchant.store.protocol import Store

Chosen = Callable[[Sequence[str], str | None], Iterable[str]]
"""Which of some items the person has an event with, of one kind where one is given."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the log says of the person who asks.

    Attributes:
        events: the past that an answer is made from, oldest first.
        whole: whether that is all of the past.
        features: attributes of the person.
    """

    events: tuple[Interaction, ...] = ()
    whole: bool = True
    features: dict[str, Any] | None = None


def known(store: Store, query: Query, upto: int, last: int, *, attributes: bool) -> Known:
    """The person's newest `last` events before the query's `at`, as of an offset, and the attributes."""
    if query.user_id is None:
        return Known()
    events: tuple[Interaction, ...] = ()
    if query.history is None:
        events = store.history(query.user_id, before=query.at, upto=upto, last=last)
    update = store.user(query.user_id, upto=upto) if attributes else None
    return Known(events=events, whole=len(events) < last, features=dict(update.features) if update else None)


def asked(
    world: World,
    query: Query,
    person: Known,
    withheld: Bool,
    *,
    seed: int,
    recommendation_id: str,
    exact: bool = False,
    chosen_before: Chosen | None = None,
) -> Asked:
    """The question in numbers; raises UnknownName for an undeclared context field, attribute or kind in the query."""
    schema = world.catalogue.schema
    history = query.history if query.history is not None else pasts(person.events, schema)
    features = {name: value for name, value in (person.features or {}).items() if name in schema.user_attributes}
    full = replace(query, history=history, features={**features, **query.features})
    encoded = world.model.encode([replace(full, where=None, similar_to=None)])
    past = encoded.batch.history
    kinds = list(schema.kinds)
    seen, found = np.unique(past.item), np.flatnonzero(np.bincount(past.kind)).tolist()
    one = len(found) == 1
    by_kind = {kinds[k]: seen if one else np.unique(past.item[past.kind == k]) for k in found}
    return Asked(
        query=full,
        encoded=encoded,
        world=world,
        withheld=withheld,
        seen=seen,
        seen_by_kind=by_kind,
        draw=partial(for_request, seed, recommendation_id),
        exact=exact,
        chosen_before=None if chosen_before is None or person.whole else _in_numbers(world, chosen_before),
    )


def pasts(events: Iterable[Interaction], schema: Schema) -> tuple[Past, ...]:
    """Events as the past of a query; what the served schema does not declare is left out, as another model may not know it."""
    declared = schema.context.keys()
    return tuple([_past(event, declared) for event in events if event.kind in schema.kinds])


def _past(event: Interaction, declared: AbstractSet[str]) -> Past:
    """Filled in at once: the constructor checks what the log has checked, and a history has up to a thousand of them."""
    past: Past = object.__new__(Past)
    context = event.context
    if context and not context.keys() <= declared:
        context = {name: value for name, value in context.items() if name in declared}
    past.__dict__.update(item_id=event.item_id, at=event.at, kind=event.kind, value=event.value, context=context)
    return past


def _in_numbers(world: World, chosen_before: Chosen) -> Callable[[Nums, str | None], Bool]:
    items = world.catalogue.items

    def which(numbers: Nums, kind: str | None) -> Bool:
        ids = items.ids_of(numbers)
        found = set(chosen_before(ids, kind))
        return frozen(np.asarray([item in found for item in ids], dtype=np.bool_))

    return which
