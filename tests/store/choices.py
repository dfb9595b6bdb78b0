"""Events of people whose items are looked for, and what plain Python finds among them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from penchant.event import Interaction
from penchant.store.project import ProjectStore
from tests.store.events import play

PEOPLE, ITEMS, KINDS = ("ann", "bea", "cid"), tuple(f"i{n}" for n in range(400)), ("view", "buy")


def drawn(n: int, seed: int) -> list[Interaction]:
    """Events of three people; times mostly rise, one in ten comes late, and many are the same."""
    rng = np.random.default_rng(seed)
    at = np.where(rng.random(n) < 0.1, rng.integers(0, n, n), np.arange(n)) // 3
    people, kinds = rng.choice(3, n, p=(0.8, 0.15, 0.05)), rng.integers(0, 2, n)
    items = rng.integers(0, len(ITEMS), n)
    return [
        play(PEOPLE[who], ITEMS[item], float(when), kind=KINDS[kind])
        for who, item, when, kind in zip(people.tolist(), items.tolist(), at.tolist(), kinds.tolist(), strict=True)
    ]


def check(store: ProjectStore, events: Sequence[Interaction], rng: np.random.Generator) -> None:
    """`events` are all of the log, in its order."""
    for person in PEOPLE:
        before, upto = float(rng.integers(0, len(events) // 3 + 2)), int(rng.integers(0, len(events) + 1))
        for kinds in (None, ["buy"], ["buy", "view"]):
            own = [
                event.item_id
                for event in events[:upto]
                if event.user_id == person and event.at < before and (kinds is None or event.kind in kinds)
            ]
            assert store.chosen_among(person, ITEMS, before=before, upto=upto, kinds=kinds) == set(own)
