"""Columns as plain Python values, to compare them."""

from __future__ import annotations

import numpy as np

from penchant.data.features import Categories, Column, Numbers, Tags, Texts


def plain(column: Column) -> list[object]:
    """One comparable value a row: None where missing, texts by name."""
    match column:
        case Categories():
            return [None if code < 0 else column.names.id(int(code)) for code in column.codes]
        case Numbers():
            return [None if np.isnan(value) else float(value) for value in column.values]
        case Tags():
            codes = [column.codes[a:b] for a, b in zip(column.offsets[:-1], column.offsets[1:], strict=True)]
            return [[column.names.id(int(code)) for code in row] for row in codes]
        case Texts():
            return list(column.values.to_list())
    return [[None if np.isnan(x) else float(x) for x in row] for row in column.values]
