"""What the service knows in plain values, for people who ask for it and for programs that read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from penchant.data.catalogue import Catalogue
from penchant.data.features import Categories, Numbers, Tags, Texts
from penchant.event import Flag, Impression, Interaction, ItemUpdate, UserUpdate
from penchant.store.protocol import Stored

_NAMES: dict[type, str] = {Interaction: "event", ItemUpdate: "item", UserUpdate: "user", Flag: "flag"}


def record(part: Stored | Impression) -> Mapping[str, Any]:
    """One kept thing: its `type`, its `offset` where it has one, and its fields; times in seconds since 1970, UTC."""
    if isinstance(part, Impression):
        fields = asdict(part)
        fields["query"] = {name: value for name, value in fields["query"].items() if value not in (None, (), {})}
        fields["query"]["exclude"] = sorted(part.query.exclude)
        return {"type": "recommendation", **fields}
    return {"type": _NAMES[type(part.event)], "offset": part.offset, **_without_nothing(asdict(part.event))}


def _without_nothing(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value != {}}


def item_features(catalogue: Catalogue, number: int) -> dict[str, Any]:
    """The attributes of an item number as plain values; missing ones, and vectors, are left out."""
    found: dict[str, Any] = {}
    for name, column in catalogue.item_features.columns.items():
        match column:
            case Categories() if column.codes[number] >= 0:
                found[name] = column.names.id(int(column.codes[number]))
            case Numbers() if np.isfinite(column.values[number]):
                found[name] = float(column.values[number])
            case Tags():
                codes = column.codes[column.offsets[number] : column.offsets[number + 1]]
                if len(codes):
                    found[name] = [column.names.id(int(code)) for code in codes]
            case Texts() if column.values[number]:
                found[name] = column.values[number]
    return found
