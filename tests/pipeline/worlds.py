"""Questions about small worlds, as a service would ask them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from penchant.data.arrays import Bool, Float32, Nums, frozen
from penchant.index.allowed import Allowed
from penchant.index.protocol import VectorIndex
from penchant.models.base import Model
from penchant.pipeline.asked import Asked, World
from penchant.pipeline.stages import Candidates
from penchant.query import Query
from penchant.rng import generator


def world_of(model: Model, *, index: VectorIndex | None = None, fresh: Sequence[int] = ()) -> World:
    """A fitted model as it is served."""
    return World(version="v1", model=model, index=index, fresh=frozen(np.asarray(fresh, dtype=np.int32)))


def ask(world: World, query: Query, *, withheld: Sequence[str] = (), exact: bool = False, seed: int = 7) -> Asked:
    """A question; what the person has seen is the past that the model would look at."""
    encoded = world.model.encode([replace(query, where=None, similar_to=None)])
    past = encoded.batch.history
    kinds = list(world.catalogue.schema.kinds)
    mask: Bool = np.zeros(len(world.catalogue.items), dtype=np.bool_)
    mask[world.catalogue.items.numbers(withheld)[0]] = True
    return Asked(
        query=query,
        encoded=encoded,
        world=world,
        withheld=frozen(mask),
        seen=np.unique(past.item),
        seen_by_kind={kinds[k]: np.unique(past.item[past.kind == k]) for k in np.unique(past.kind).tolist()},
        draw=lambda: generator(seed, "tests"),
        exact=exact,
    )


class FixedScores:
    """A ranker that says what it was told: a score an item number."""

    name = "fixed"

    def __init__(self, scores: Sequence[float]) -> None:
        self.scores = np.asarray(scores, dtype=np.float32)

    def rank(self, asked: Asked, items: Nums) -> Float32:
        return self.scores[items]


class Fixed:
    """A retriever of given items."""

    name = "fixed"

    def __init__(self, items: Sequence[int]) -> None:
        self.items = np.asarray(items, dtype=np.int32)

    def retrieve(self, asked: Asked, allowed: Allowed | None, n: int) -> tuple[Nums, Float32]:
        return self.items, np.full(len(self.items), np.nan, dtype=np.float32)


class Broken:
    """Any stage at all; it fails in every way there is."""

    name = "broken"

    def __init__(self, fails_closed: bool = False) -> None:
        self.fails_closed = fails_closed

    def retrieve(self, asked: Asked, allowed: Allowed | None, n: int) -> tuple[Nums, Float32]:
        raise RuntimeError("no retrieval today")

    def forbid(self, asked: Asked, allowed: Allowed) -> None:
        raise RuntimeError("no filter today")

    def rank(self, asked: Asked, items: Nums) -> Float32:
        raise RuntimeError("no ranks today")

    def rerank(self, asked: Asked, ranked: Candidates, k: int) -> Candidates:
        raise RuntimeError("no order today")
