"""A shop of seven items with something missing in every column, and questions in it.

id   brand   price  genre         title          made in
a    acme     1.5   jazz, slow    Blue Night     de
b    acme    10     rock          acme           fr
c    -       20     -             -              de
d    bolt    -      jazz          Jazz           -
e    bolt    10     loud, rock    e              it
f    -       -      -             Blue Night     de
g    jazz     0.1   slow          bolt           fr
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from penchant.data.arrays import frozen
from penchant.data.dataset import Dataset
from penchant.data.features import Categories, Column, FeatureTable, Numbers, Tags, Texts
from penchant.data.interactions import Interactions
from penchant.data.schema import EventKind, Field, Schema
from penchant.data.strings import Strings
from penchant.data.vocabulary import Vocabulary
from penchant.models.popular import Popular
from penchant.pipeline.asked import Asked
from penchant.query import Query
from tests.pipeline.worlds import ask, world_of

IDS = ("a", "b", "c", "d", "e", "f", "g")
BRANDS = ("acme", "acme", None, "bolt", "bolt", None, "jazz")
PRICES = (1.5, 10.0, 20.0, None, 10.0, None, 0.1)
GENRES = (("jazz", "slow"), ("rock",), (), ("jazz",), ("loud", "rock"), (), ("slow",))
TITLES = ("Blue Night", "acme", None, "Jazz", "e", "Blue Night", "bolt")
MADE_IN = ("de", "fr", "de", None, "it", "de", "fr")
ROWS: list[dict[str, Any]] = [
    {"id": i, "brand": b, "price": p, "genre": frozenset(g), "title": t, "made in": m}
    for i, b, p, g, t, m in zip(IDS, BRANDS, PRICES, GENRES, TITLES, MADE_IN, strict=True)
]
SEEN = {"view": {"a", "b"}, "buy": {"b", "g"}}

SCHEMA = Schema(
    kinds={"view": EventKind(), "buy": EventKind(), "play": EventKind()},
    context={"mood": Field(kind="category"), "budget": Field(kind="number")},
    item_attributes={
        "brand": Field(kind="category"),
        "price": Field(kind="number"),
        "genre": Field(kind="tags"),
        "title": Field(kind="text"),
        "made in": Field(kind="category"),
        "sound": Field(kind="vector"),
    },
    user_attributes={"group": Field(kind="category"), "age": Field(kind="number"), "likes": Field(kind="tags")},
)


def shop() -> Dataset:
    """One person, who viewed a and b, and bought b and g."""
    log = Interactions(
        user=frozen(np.zeros(4, dtype=np.int32)),
        item=frozen(np.asarray([0, 1, 1, 6], dtype=np.int32)),
        at=frozen(np.arange(4, dtype=np.int64) * 86_400_000),
        kind=frozen(np.asarray([0, 0, 1, 1], dtype=np.int8)),
        value=frozen(np.ones(4, dtype=np.float32)),
        context={
            "mood": Categories.of(["calm", None, "calm", "jazz"]),
            "budget": Numbers(frozen(np.asarray([1, 2, np.nan, 3], dtype=np.float32))),
        },
    )
    items: dict[str, Column] = {
        "brand": Categories.of(BRANDS),
        "price": Numbers(frozen(np.asarray([np.nan if p is None else p for p in PRICES], dtype=np.float32))),
        "genre": Tags.of(GENRES),
        "title": Texts(Strings.of([t or "" for t in TITLES])),
        "made in": Categories.of(MADE_IN),
    }
    people: dict[str, Column] = {
        "group": Categories.of(["young"]),
        "age": Numbers(frozen(np.asarray([30], dtype=np.float32))),
        "likes": Tags.of([["jazz", "rock"]]),
    }
    return Dataset(
        schema=SCHEMA,
        users=Vocabulary.of(["ann"]),
        items=Vocabulary.of(IDS),
        interactions=log,
        user_features=FeatureTable(n_rows=1, columns=people),
        item_features=FeatureTable(n_rows=7, columns=items),
        name="shop",
    )


WORLD = world_of(Popular().fit(shop()))


def question(
    context: Mapping[str, str | float] | None = None,
    features: Mapping[str, Any] | None = None,
    user: str | None = "ann",
) -> Asked:
    return ask(WORLD, Query(user_id=user, at=10 * 86_400.0, context=context or {}, features=features or {}))
