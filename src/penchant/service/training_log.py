"""The log of a store as a dataset to fit on: what the service wrote down is what the next model learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from penchant.data.arrays import frozen
from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.features import Categories, Numbers
from penchant.data.growing import grown, table_of
from penchant.data.interactions import Interactions
from penchant.data.schema import Schema
from penchant.data.vocabulary import Vocabulary
from penchant.event import Features, Interaction, UserUpdate
from penchant.log import Reporter
from penchant.service.journal import item_updates
from penchant.store.protocol import Store


@dataclass(kw_only=True)
class _Rows:
    """Columns of the log as lists."""

    user: list[str] = field(default_factory=list)
    item: list[str] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    context: list[Mapping[str, Any]] = field(default_factory=list)
    people: dict[str, Features] = field(default_factory=dict)


def dataset_of(
    store: Store, catalogue: Catalogue, upto: int, *, updates_after: int, suspicion: float, reporter: Reporter
) -> Dataset:
    """All interactions up to an offset, sorted by time; items are those of `catalogue`, its later updates, and all chosen ones.

    Args:
        catalogue: of the model that is served; its item attributes stay where no update after `updates_after` replaces them.
        suspicion: people with a flag of at least this score are left out.
    """
    schema = catalogue.schema
    flagged = {
        who for (kind, who), flag in store.flags(upto=upto).items() if kind == "user" and flag.score >= suspicion
    }
    rows = _read(store, schema, upto, flagged, reporter)
    full = grown(catalogue, item_updates(store, updates_after, upto), strict=False)
    unknown: dict[str, Features] = {item: {} for item in dict.fromkeys(rows.item) if item not in full.items}
    full = grown(full, unknown) if unknown else full
    users = Vocabulary.of(dict.fromkeys([*rows.user, *rows.people]))
    features: Sequence[Features] = [rows.people.get(user, {}) for user in users]
    return Dataset(
        schema=schema,
        users=users,
        items=full.items,
        interactions=_interactions(rows, users, full.items, schema),
        user_features=table_of(features, schema.user_attributes),
        item_features=full.item_features,
        timed=True,
        name="store",
    )


def _read(store: Store, schema: Schema, upto: int, flagged: set[str], reporter: Reporter) -> _Rows:
    rows, kinds = _Rows(), {name: number for number, name in enumerate(schema.kinds)}
    for stored in store.scan(0, upto, types=(Interaction, UserUpdate)):
        if stored.offset % 10_000 == 0:
            reporter.progress("reading the log", stored.offset, upto)
        match stored.event:
            case UserUpdate(user_id=user) if user not in flagged:
                rows.people[user] = stored.event.features
            case Interaction(user_id=user, kind=kind) if user not in flagged and kind in kinds:
                event = stored.event
                rows.user.append(user)
                rows.item.append(event.item_id)
                rows.at.append(round(event.at * 1000))
                rows.kind.append(kinds[kind])
                rows.value.append(event.value)
                rows.context.append(event.context)
    return rows


def _interactions(rows: _Rows, users: Vocabulary, items: Vocabulary, schema: Schema) -> Interactions:
    at = np.asarray(rows.at, dtype=np.int64)
    order = np.argsort(at, kind="stable")
    context: dict[str, Categories | Numbers] = {}
    for name, spec in schema.context.items():
        values = [stated.get(name) for stated in rows.context]
        if spec.kind == "category":
            column: Categories | Numbers = Categories.of([None if v is None else str(v) for v in values])
        else:
            column = Numbers(np.asarray([np.nan if v is None else float(v) for v in values], dtype=np.float32))
        context[name] = column.take(order)
    return Interactions(
        user=frozen(users.numbers(rows.user)[0][order]),
        item=frozen(items.numbers(rows.item)[0][order]),
        at=frozen(at[order]),
        kind=frozen(np.asarray(rows.kind, dtype=np.int8)[order]),
        value=frozen(np.asarray(rows.value, dtype=np.float32)[order]),
        context=context,
    )
