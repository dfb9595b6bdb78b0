"""The people of a model folder as events."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from penchant.data.features import Categories
from penchant.event import Interaction, UserUpdate
from penchant.models.base import Model


def events_of(model: Model) -> Iterator[Interaction | UserUpdate]:
    """All events that the folder keeps, by rising time."""
    log, kinds = model.people.sequences.log, list(model.catalogue.schema.kinds)
    digest = model.card["data"]["digest"]
    for row in range(len(log)):
        context: dict[str, str | float] = {}
        for name, column in log.context.items():
            if isinstance(column, Categories):
                if column.codes[row] >= 0:
                    context[name] = column.names.id(int(column.codes[row]))
            elif np.isfinite(column.values[row]):
                context[name] = float(column.values[row])
        yield Interaction(
            user_id=model.people.users.id(int(log.user[row])),
            item_id=model.catalogue.items.id(int(log.item[row])),
            at=int(log.at[row]) / 1000,
            kind=kinds[log.kind[row]],
            value=float(log.value[row]),
            context=context,
            event_id=f"log:{digest}:{row}",
        )
