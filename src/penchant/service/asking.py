"""From a question in words to what the request path works on: who, with which past, in which world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from typing import Any

import numpy as np

from penchant.context import Context
from penchant.data.arrays import Bool, Nums, frozen
from penchant.data.schema import Schema
from penchant.pipeline.asked import Asked, World
from penchant.query import PastColumns, Query
from penchant.rng import for_request
from penchant.store.own_past import OwnPast
from penchant.store.protocol import Store

Chosen = Callable[[Sequence[str], str | None], Iterable[str]]
"""Which of some items the person has an event with, of one kind where one is given."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the log says of the person who asks.

    Attributes:
        past: what an answer is made from, oldest first.
        whole: whether that is all of the past.
        features: attributes of the person.
    """

    past: OwnPast = OwnPast()
    whole: bool = True
    features: dict[str, Any] | None = None


def known(store: Store, query: Query, upto: int, last: int, schema: Schema) -> Known:
    """The person's newest `last` events before the query's `at`, as of an offset, and the attributes.

    What the schema declares none of, circumstances or attributes, is not read.
    """
    if query.user_id is None:
        return Known()
    past = OwnPast()
    if query.history is None:
        contexts = bool(schema.context)
        past = store.past(query.user_id, before=query.at, upto=upto, last=last, contexts=contexts)
    update = store.user(query.user_id, upto=upto) if schema.user_attributes else None
    return Known(past=past, whole=len(past) < last, features=dict(update.features) if update else None)


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
    history = query.history if query.history is not None else told(person.past, schema)
    features = {name: value for name, value in (person.features or {}).items() if name in schema.user_attributes}
    full = replace(query, history=history, features={**features, **query.features})
    for_model = full
    if full.where is not None or full.similar_to is not None:
        for_model = replace(full, where=None, similar_to=None)
    encoded = world.model.encode([for_model])
    past = encoded.batch.history
    kinds = list(schema.kinds)
    seen, found = np.unique(past.item), sorted(set(past.kind.tolist()))
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


def told(past: OwnPast, schema: Schema) -> PastColumns:
    """Events as the past of a query; what the served schema does not declare is left out, as another model may not know it."""
    kinds, declared = schema.kinds, schema.context.keys()
    contexts = past.contexts
    if contexts is not None:
        contexts = tuple([_declared(context, declared) for context in contexts])
    if kinds.keys() >= set(past.kinds):
        return PastColumns(
            item_ids=past.item_ids, at=past.at, kinds=past.kinds, values=past.values, contexts=contexts
        )  # fmt: skip
    kept = [kind in kinds for kind in past.kinds]
    return PastColumns(
        item_ids=tuple(compress(past.item_ids, kept)),
        at=tuple(compress(past.at, kept)),
        kinds=tuple(compress(past.kinds, kept)),
        values=tuple(compress(past.values, kept)),
        contexts=None if contexts is None else tuple(compress(contexts, kept)),
    )


def _declared(context: Context, declared: AbstractSet[str]) -> Context:
    if not context or context.keys() <= declared:
        return context
    return {name: value for name, value in context.items() if name in declared}


def _in_numbers(world: World, chosen_before: Chosen) -> Callable[[Nums, str | None], Bool]:
    items = world.catalogue.items

    def which(numbers: Nums, kind: str | None) -> Bool:
        ids = items.ids_of(numbers)
        found = set(chosen_before(ids, kind))
        return frozen(np.asarray([item in found for item in ids], dtype=np.bool_))

    return which
