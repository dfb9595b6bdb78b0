"""The pasts that queries bring with them, in numbers, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, compress

import numpy as np

from penchant.context import Context
from penchant.data.arrays import AnyArray, Float32, Int64, Kinds, Nums, frozen
from penchant.data.catalogue import Catalogue
from penchant.data.features import Categories, Numbers
from penchant.data.profiles import context_columns
from penchant.data.schema import Schema
from penchant.data.sequences import Histories
from penchant.data.vocabulary import MISSING
from penchant.errors import UnknownName
from penchant.query import PastColumns

_NO_CONTEXT: Context = {}
_Told = tuple[Nums, Int64, Kinds, Float32, Sequence[Context]]
"""Items, moments, kinds, values and circumstances of one past."""


def told_pasts(
    told: Sequence[PastColumns],
    at: Int64,
    catalogue: Catalogue,
    like: Mapping[str, Categories | Numbers],
    unknown: list[str],
) -> Histories:
    """What B queries say of their pasts, each oldest first; nothing where a query says nothing.

    Args:
        at: moments of the queries, milliseconds, int64 [B]; events at or after them are dropped.
        like: circumstances that are known of events, with their categories.
        unknown: takes the items that the catalogue does not hold; their events are dropped.

    Raises:
        UnknownName: an undeclared context field, or an undeclared kind of an event with a known item.
    """
    parts = [_of_one(one, now, catalogue, unknown) for one, now in zip(told, at.tolist(), strict=True)]
    if len(parts) == 1:
        item, moments, kind, value, contexts = parts[0]
    else:
        item, moments, kind, value = (
            np.concatenate([empty, *(part[i] for part in parts)]) for i, empty in enumerate(_EMPTY)
        )
        contexts = list(chain.from_iterable(part[-1] for part in parts))
    return Histories(
        offsets=frozen(np.asarray([0, *accumulate([len(part[0]) for part in parts])], dtype=np.int64)),
        item=frozen(item),
        at=frozen(moments),
        kind=frozen(kind),
        value=frozen(value),
        context=context_columns(like, contexts, catalogue.schema),
    )


_EMPTY: tuple[AnyArray, ...] = tuple(np.zeros(0, dtype=of) for of in (np.int32, np.int64, np.int8, np.float32))


def _of_one(told: PastColumns, now: int, catalogue: Catalogue, unknown: list[str]) -> _Told:
    codes, schema = catalogue.items.codes(told.item_ids), catalogue.schema
    contexts = _contexts(told, schema)
    at: Sequence[float] = told.at if None not in told.at else _timed(told.at, now)  # type: ignore[assignment]
    kinds, values = told.kinds, told.values
    if MISSING in codes:
        known = [code != MISSING for code in codes]
        unknown.extend(text for text, code in zip(told.item_ids, codes, strict=True) if code == MISSING)
        codes, at, kinds = list(compress(codes, known)), list(compress(at, known)), list(compress(kinds, known))
        values, contexts = list(compress(values, known)), list(compress(contexts, known))
    item = np.asarray(codes, dtype=np.int32)
    moments = np.rint(np.asarray(at, dtype=np.float64) * 1000).astype(np.int64)
    kind, value = _numbers_of(kinds, schema), np.asarray(values, dtype=np.float32)
    if (moments[1:] < moments[:-1]).any():
        order = np.argsort(moments, kind="stable")
        item, moments, kind, value = item[order], moments[order], kind[order], value[order]
        contexts = [contexts[place] for place in order.tolist()]
    if len(moments) and moments[-1] >= now:
        n = int(np.searchsorted(moments, now))
        item, moments, kind, value, contexts = item[:n], moments[:n], kind[:n], value[:n], contexts[:n]
    return item, moments, kind, value, contexts


def _timed(at: Sequence[float | None], now: int) -> list[float]:
    """Seconds; events without a time lie just before `now` (milliseconds), in their order."""
    return [(now + place) / 1000 if one is None else one for place, one in enumerate(at, start=-len(at))]


def _numbers_of(kinds: Sequence[str | None], schema: Schema) -> Kinds:
    numbers = {kind: _number(kind, schema) for kind in dict.fromkeys(kinds)}
    if not any(numbers.values()):
        return np.zeros(len(kinds), dtype=np.int8)
    return np.asarray([numbers[kind] for kind in kinds], dtype=np.int8)


def _number(kind: str | None, schema: Schema) -> int:
    if kind is not None:
        return schema.kind_number(kind)
    if not schema.kinds:
        raise UnknownName("event kind", "", [])
    return 0


def _contexts(told: PastColumns, schema: Schema) -> Sequence[Context]:
    if told.contexts is None:
        return (_NO_CONTEXT,) * len(told)
    for name in dict.fromkeys(chain.from_iterable(told.contexts)):
        schema.context_field(name)
    return told.contexts
