"""Figures of a running project, read from its log: what it serves, to whom, and whether the world has moved on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from penchant.data.features import Categories
from penchant.event import Impression, Interaction
from penchant.pipeline.asked import World
from penchant.store.protocol import Store

NEWEST = 10_000
"""Newest events, and newest lists, that the figures are made of."""

_SPAN = 86_400.0
"""An event counts as an acceptance of a list for so many seconds after it."""


def status_of(store: Store, world: World | None, trouble: str | None) -> dict[str, Any]:
    """Figures as plain values; shares are in [0, 1], None where there is nothing to take a share of."""
    offset = store.offset()
    events = [s.event for s in store.scan(max(0, offset - NEWEST), offset, types=(Interaction,))]
    choices = [event for event in events if isinstance(event, Interaction)]
    lists = list(store.impressions(last=NEWEST))
    pointer = store.pointer()
    return {
        "offset": offset,
        "model_version": None if world is None else world.version,
        "wanted_version": None if pointer is None else pointer.version,
        "trouble": trouble,
        "catalogue": None if world is None else _catalogue(world),
        "lists": _lists(lists, world),
        "acceptance": acceptance(lists, choices),
        "inputs": None if world is None else drift(choices, world),
    }


def _catalogue(world: World) -> dict[str, Any]:
    return {
        "items": len(world.catalogue.items),
        "fresh_items": len(world.fresh),
        "catalogue_offset": world.catalogue_offset,
        "popularity_offset": world.popularity_offset,
    }


def _lists(lists: list[Impression], world: World | None) -> dict[str, Any]:
    shown = {item for one in lists for item in one.item_ids}
    fallback = sum(bool(one.sources) and one.sources[0] == ("fallback",) for one in lists)
    n_items = 0 if world is None else len(world.catalogue.items)
    return {
        "count": len(lists),
        "coverage": _share(len(shown), n_items),
        "fallback": _share(fallback, len(lists)),
        "empty": _share(sum(not one.item_ids for one in lists), len(lists)),
    }


def acceptance(lists: Iterable[Impression], events: Iterable[Interaction]) -> dict[str, dict[str, Any]]:
    """Source -> places shown, and the share of them whose item the same person chose within a day after the list.

    A place that several sources proposed counts for each of them.
    """
    chosen: dict[tuple[str, str], list[float]] = {}
    for event in events:
        chosen.setdefault((event.user_id, event.item_id), []).append(event.at)
    shown: Counter[str] = Counter()
    accepted: Counter[str] = Counter()
    for one in lists:
        at = one.query.at or 0.0
        for item, sources in zip(one.item_ids, one.sources, strict=False):
            times = chosen.get((one.query.user_id or "", item), ())
            taken = any(at <= time <= at + _SPAN for time in times)
            for source in sources:
                shown[source] += 1
                accepted[source] += taken
    return {source: {"shown": n, "accepted": accepted[source] / n} for source, n in sorted(shown.items())}


def drift(events: list[Interaction], world: World) -> dict[str, Any]:
    """How far the newest events are from the training log: shares of what it never saw, and a distance for each context field.

    The distance is the total variation between the shares of the values, half the sum of absolute differences: 0 is the same, 1
    is nothing in common.
    """
    people = world.model.people.sequences.log.context
    unknown = sum(event.item_id not in world.catalogue.items for event in events)
    fields = {}
    for name, column in people.items():
        if isinstance(column, Categories):
            fields[name] = _field(name, [event.context.get(name) for event in events], column, world)
    return {"events": len(events), "unknown_items": _share(unknown, len(events)), "context": fields}


def _field(name: str, values: list[Any], column: Categories, world: World) -> dict[str, Any]:
    stated = [str(value) for value in values if value is not None]
    new = sum(value not in column.names for value in stated)
    trained = world.model.card.get("context", {}).get(name)
    distance = None
    if trained and stated:
        now = Counter(stated)
        names = trained.keys() | now.keys()
        distance = float(np.sum([abs(trained.get(v, 0.0) - now[v] / len(stated)) for v in names]) / 2)
    return {"stated": _share(len(stated), len(values)), "never_seen": _share(new, len(stated)), "distance": distance}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
