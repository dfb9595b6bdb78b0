"""A catalogue that grows while it is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from penchant.data.arrays import frozen
from penchant.data.catalogue import Catalogue
from penchant.data.features import Categories, Column, FeatureTable, Numbers, Tags, Texts
from penchant.data.profiles import _column_of, stacked
from penchant.data.schema import Field
from penchant.data.strings import Strings


def grown(catalogue: Catalogue, updates: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    """The catalogue with newer attributes of some items, and with those that it did not know behind the others."""
    if not updates:
        return catalogue
    items, n = catalogue.items.extended(updates), len(catalogue.items)
    source = np.arange(len(items))
    source[items.numbers(updates)[0]] = n + np.arange(len(updates))
    columns = {}
    for name, column in catalogue.item_features.columns.items():
        newer = _column_of(name, column, [features.get(name) for features in updates.values()])
        columns[name] = stacked(column, newer).take(source)
    return replace(catalogue, items=items, item_features=FeatureTable(n_rows=len(items), columns=columns))


def table_of(rows: Sequence[Mapping[str, Any]], declared: Mapping[str, Field]) -> FeatureTable:
    """Plain values as columns."""
    columns: dict[str, Column] = {}
    for name, spec in declared.items():
        values = [row.get(name) for row in rows]
        if spec.kind == "category":
            columns[name] = Categories.of([None if v is None else str(v) for v in values])
        elif spec.kind in ("number", "cycle"):
            columns[name] = Numbers(frozen(np.asarray([np.nan if v is None else v for v in values], dtype=np.float32)))
        elif spec.kind == "tags":
            columns[name] = Tags.of([[] if v is None else [v] if isinstance(v, str) else list(v) for v in values])
        elif spec.kind == "text":
            columns[name] = Texts(Strings.of(["" if v is None else str(v) for v in values]))
    return FeatureTable(n_rows=len(rows), columns=columns)
