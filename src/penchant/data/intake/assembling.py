"""From rows of numbers and attribute files to a dataset: final numbers, vocabularies, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import AnyArray, Bool, Kinds, Nums, frozen
from penchant.data.features import Categories, FeatureTable, Numbers
from penchant.data.intake.attributes import AttributeRows, attribute_table
from penchant.data.intake.cells import packed
from penchant.data.intake.collecting import Rows
from penchant.data.intake.numbering import DistinctIds, in_order_of_use
from penchant.data.interactions import Interactions
from penchant.data.schema import Field
from penchant.data.vocabulary import Vocabulary


@dataclass(frozen=True, kw_only=True, eq=False)
class Described:
    """An attribute file whose ids have been coded.

    Attributes:
        codes: int32 [rows], code of each row's id in the numbering of people or items.
        columns: attribute -> (column of the file, declaration).
    """

    rows: AttributeRows
    codes: Nums
    columns: Mapping[str, tuple[str, Field]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Numbered:
    """People or items with their final numbers.

    Attributes:
        number: int32 [n_texts+1], place of a distinct id -> final number, -1 for one that is not used; the last entry is -1.
        n_used: how many of them occur in events; those have the lowest numbers.
    """

    vocabulary: Vocabulary
    number: Nums
    n_used: int
    table: FeatureTable
    warnings: tuple[str, ...] = ()


def numbered(ids: DistinctIds, places: Nums, described: Described | None) -> Numbered:
    """Numbers by the first event in (time, row) order, then those of the attribute file alone in its order."""
    n_texts = len(ids.texts)
    order = in_order_of_use(places, n_texts)
    n_used = len(order)
    rows = None if described is None else places_of(described, ids)
    if rows is not None:
        known = np.zeros(n_texts + 1, dtype=np.bool_)
        known[order] = True
        order = np.concatenate([order, in_order_of_use(np.where(known[rows], -1, rows).astype(np.int32), n_texts)])
    number = np.full(n_texts + 1, -1, dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    table, warnings = FeatureTable(n_rows=len(order)), list[str]()
    if described is not None and rows is not None:
        table, warnings = attribute_table(described.rows, number[rows], len(order), described.columns)
        warnings += _doubts(described.rows.source.name, number[rows], n_used)
    return Numbered(
        vocabulary=Vocabulary(packed(ids.texts.gather(order))),
        number=number,
        n_used=n_used,
        table=table,
        warnings=tuple(warnings),
    )


def places_of(described: Described, ids: DistinctIds) -> Nums:
    """The place of each row's id among the distinct ids, int32 [rows]; -1 for rows that cannot be used."""
    place = np.append(ids.place, np.int32(-1))[described.codes]
    fault = np.append(ids.faults, np.uint8(1))[described.codes]
    return np.where((fault > 0) | (described.rows.faults > 0), -1, place).astype(np.int32)


def _doubts(name: str, numbers: Nums, n_used: int) -> list[str]:
    used = numbers[numbers >= 0]
    doubts = []
    twice = len(used) - len(np.unique(used))
    if twice:
        doubts.append(f"{name}: {twice:,} rows have an id that comes again; of such rows the last one counts")
    if len(used) and not bool((used < n_used).any()):
        doubts.append(f"{name}: none of its ids occurs in the events; compare how the ids are written")
    return doubts


def interactions(
    rows: Rows, columns: dict[str, AnyArray], users: Numbered, items: Numbered, kind: Kinds
) -> Interactions:
    """The log in final numbers. Takes the columns out of `columns` one by one, so that few exist twice."""
    n = len(rows.row)
    context: dict[str, Categories | Numbers] = {}
    for key in [key for key in columns if key.startswith("context:")]:
        name, column = key.removeprefix("context:"), columns.pop(key)
        context[name] = _as_categories(column, rows.ids[key]) if key in rows.ids else Numbers(frozen(column))
    split = columns.pop("split", None)
    session = columns.pop("session", None)
    value = columns.pop("value", None)
    order = columns.pop("order", None)
    at = columns.pop("at", None)
    return Interactions(
        user=frozen(users.number[columns.pop("user")]),
        item=frozen(items.number[columns.pop("item")]),
        at=frozen(at if at is not None else np.arange(n, dtype=np.int64)),
        kind=frozen(kind),
        value=frozen(value if value is not None else np.ones(n, dtype=np.float32)),
        context=context,
        session=None
        if session is None
        else frozen(_as_categories(session, rows.ids["session"]).codes.astype(np.int64)),
        order=None if order is None else frozen(order),
        extra={} if split is None else {"split": _as_categories(split, rows.ids["split"])},
    )


def kind_numbers(places: Nums | None, ids: DistinctIds | None, names: Sequence[str], n: int) -> Kinds:
    """The number of each event's kind, int8 [n]; 0 where the log has no such column."""
    if places is None or ids is None:
        return np.zeros(n, dtype=np.int8)
    position = {name: i for i, name in enumerate(names)}
    number = np.asarray([position.get(text, -1) for text in ids.texts.to_list()], dtype=np.int8)
    found: Kinds = number[places]
    return found


def _as_categories(places: Nums, ids: DistinctIds) -> Categories:
    order = in_order_of_use(places, len(ids.texts))
    number = np.full(len(ids.texts) + 1, -1, dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return Categories(frozen(number[places]), Vocabulary(packed(ids.texts.gather(order))))


def attribute_faults(described: Described, ids: DistinctIds, blank: int) -> tuple[AnyArray, AnyArray]:
    """Lines and rule numbers of the rows of an attribute file that cannot be used."""
    faults = described.rows.faults.copy()
    by_id = np.append(ids.faults, np.uint8(blank))[described.codes]
    found: Bool = (faults == 0) & (by_id > 0)
    faults[found] = by_id[found]
    bad = np.flatnonzero(faults)
    return described.rows.lines[bad], faults[bad]
