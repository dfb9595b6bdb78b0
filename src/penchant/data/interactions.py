"""The log itself: columns of equal length, sorted by time, read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from penchant.data.arrays import AnyArray, Float32, Int64, Kinds, Nums, frozen
from penchant.data.features import Categories, Numbers

_MOST_VALUES = 200
"""A field with more values names things, not circumstances."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Interactions:
    """N events in stable order: by `at`, and by the original row among equals.

    Attributes:
        user: int32 [N], number of the person.
        item: int32 [N], number of the item.
        at: int64 [N], milliseconds since 1970 (UTC), never falling.
        kind: int8 [N], number of the event kind in the schema.
        value: float32 [N], what the kind's meaning says; 1 where the log has no such column.
        context: circumstances of each event, by field name.
        session: int64 [N], number of the session, or None when the log has none.
        order: int64 [N], place of the event in its person's own order where a file names such a column, else None.
        extra: columns kept for protocols, such as a published ``split``.
    """

    user: Nums
    item: Nums
    at: Int64
    kind: Kinds
    value: Float32
    context: Mapping[str, Categories | Numbers] = field(default_factory=dict)
    session: Int64 | None = None
    order: Int64 | None = None
    extra: Mapping[str, Categories | Numbers] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Checks lengths and the order of time."""
        n = len(self.user)
        parts: dict[str, object] = {"item": self.item, "at": self.at, "kind": self.kind, "value": self.value}
        parts |= {name: part for name, part in (("session", self.session), ("order", self.order)) if part is not None}
        parts |= dict(self.context) | dict(self.extra)
        for name, part in parts.items():
            if len(part) != n:  # type: ignore[arg-type]
                raise ValueError(f"interactions: column {name} has {len(part)} rows, expected {n}")  # type: ignore[arg-type]
        if n > 1 and bool((np.diff(self.at) < 0).any()):
            raise ValueError("interactions: rows must be sorted by time")

    def __len__(self) -> int:
        """Number of events."""
        return len(self.user)

    def context_of(self, row: int) -> dict[str, str | float]:
        """The circumstances of one event, in words; what is missing is left out."""
        stated: dict[str, str | float] = {}
        for name, column in self.context.items():
            if isinstance(column, Categories):
                if column.codes[row] >= 0:
                    stated[name] = column.names.id(int(column.codes[row]))
            elif not np.isnan(column.values[row]):
                stated[name] = float(column.values[row])
        return stated

    def context_shares(self) -> dict[str, dict[str, float]]:
        """Field -> value -> share of the events that state the field; fields of many values, or of numbers, are left out."""
        found = {}
        for name, column in self.context.items():
            if isinstance(column, Categories) and 0 < len(column.names) <= _MOST_VALUES:
                counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.names))
                if counts.any():
                    found[name] = dict(zip(column.names, (counts / counts.sum()).tolist(), strict=True))
        return found

    def take(self, rows: AnyArray | slice) -> Interactions:
        """The events at `rows` (rising int [m], boolean [N] or a slice)."""
        index = np.arange(len(self))[rows] if not isinstance(rows, slice) and rows.dtype == np.bool_ else rows
        picked = np.arange(len(self))[index] if isinstance(index, slice) else index
        return Interactions(
            user=frozen(self.user[index]),
            item=frozen(self.item[index]),
            at=frozen(self.at[index]),
            kind=frozen(self.kind[index]),
            value=frozen(self.value[index]),
            context={name: column.take(picked) for name, column in self.context.items()},
            session=None if self.session is None else frozen(self.session[index]),
            order=None if self.order is None else frozen(self.order[index]),
            extra={name: column.take(picked) for name, column in self.extra.items()},
        )
