"""The toy world of hand-computed tests: 6 people, 8 items, 20 events in six days.

row day   person item kind mood          row day   person item kind mood
 0  0.00  ann    a    view calm          10  3.00  eve    d    view -
 1  0.25  bob    a    view calm          11  3.25  bob    d    view lively
 2  0.50  ann    b    view calm          12  3.50  ann    a    view calm      (a repeat)
 3  1.00  cid    b    view lively        13  4.00  eve    e    buy  lively
 4  1.25  bob    b    view calm          14  4.25  cid    a    view calm
 5  1.50  ann    c    buy  calm          15  4.50  dee    d    buy  lively    (a repeat)
 6  2.00  cid    c    view lively        16  5.00  bob    c    view calm
 7  2.25  dee    d    view lively        17  5.25  eve    g    view -
 8  2.50  dee    e    view lively        18  5.50  ann    d    view lively
 9  2.50  dee    f    view lively        19  6.00  cid    e    view calm
(rows 8 and 9 share an instant: a basket)

In order: ann a b c a d | bob a b d c | cid b c a e | dee d (e f) d | eve d e g | fay nothing.
People an item: a 3, b 3, c 3, d 4, e 3, f 1, g 1, h 0. Weights: view 1, buy 3.

person group     item title            genres
ann    young     a    Silver Rain      folk
bob    young     b    Silver River     folk, slow
cid    old       c    Old Rain         folk
dee    old       d    Night Drive      rock
eve    -         e    Night Train      rock, loud
fay    old       f    Loud Engine      rock, loud
                 g    Morning Bird     slow
                 h    Silver Morning   folk, slow
"""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import MS_PER_DAY, frozen
from penchant.data.dataset import Dataset
from penchant.data.features import Categories, Column, FeatureTable, Tags, Texts
from penchant.data.interactions import Interactions
from penchant.data.schema import EventKind, Field, Schema
from penchant.data.strings import Strings
from penchant.data.vocabulary import Vocabulary

START = 1_736_121_600.0
"""Day 0: Monday 2025-01-06 00:00 UTC, in seconds since 1970."""

PEOPLE = ("ann", "bob", "cid", "dee", "eve", "fay")
ITEMS = ("a", "b", "c", "d", "e", "f", "g", "h")

_EVENTS = """
    0.00 ann a view calm, 0.25 bob a view calm, 0.50 ann b view calm, 1.00 cid b view lively,
    1.25 bob b view calm, 1.50 ann c buy calm, 2.00 cid c view lively, 2.25 dee d view lively,
    2.50 dee e view lively, 2.50 dee f view lively, 3.00 eve d view -, 3.25 bob d view lively,
    3.50 ann a view calm, 4.00 eve e buy lively, 4.25 cid a view calm, 4.50 dee d buy lively,
    5.00 bob c view calm, 5.25 eve g view -, 5.50 ann d view lively, 6.00 cid e view calm
"""

_GROUPS = ("young", "young", "old", "old", None, "old")
_TITLES = (
    "Silver Rain", "Silver River", "Old Rain", "Night Drive", "Night Train", "Loud Engine", "Morning Bird",
    "Silver Morning",
)  # fmt: skip
_GENRES = ("folk", "folk|slow", "folk", "rock", "rock|loud", "rock|loud", "slow", "folk|slow")


def day(n: float) -> float:
    """The moment `n` days after the start, in seconds since 1970 (UTC), as a query takes it."""
    return START + n * 86_400


def toy_schema() -> Schema:
    """Two event kinds, a context field, attributes of people and items; repeats are allowed."""
    return Schema(
        repeats="allow",
        title="title",
        kinds={"view": EventKind(weight=1.0), "buy": EventKind(weight=3.0)},
        context={"mood": Field(kind="category")},
        item_attributes={"title": Field(kind="text"), "genre": Field(kind="tags")},
        user_attributes={"group": Field(kind="category")},
    )


def toy_dataset() -> Dataset:
    """The log of the table above; people and items are numbered in alphabetical order."""
    rows = [event.split() for event in _EVENTS.split(",")]
    kinds = list(toy_schema().kinds)
    days = np.asarray([float(row[0]) for row in rows])
    moods = Categories.of([None if row[4] == "-" else row[4] for row in rows])
    log = Interactions(
        user=frozen(np.asarray([PEOPLE.index(row[1]) for row in rows], dtype=np.int32)),
        item=frozen(np.asarray([ITEMS.index(row[2]) for row in rows], dtype=np.int32)),
        at=frozen(int(START) * 1000 + np.rint(days * MS_PER_DAY).astype(np.int64)),
        kind=frozen(np.asarray([kinds.index(row[3]) for row in rows], dtype=np.int8)),
        value=frozen(np.ones(len(rows), dtype=np.float32)),
        context={"mood": moods},
    )
    items: dict[str, Column] = {"title": Texts(Strings.of(_TITLES)), "genre": Tags.of([g.split("|") for g in _GENRES])}
    return Dataset(
        schema=toy_schema(),
        users=Vocabulary.of(PEOPLE),
        items=Vocabulary.of(ITEMS),
        interactions=log,
        user_features=FeatureTable(n_rows=len(PEOPLE), columns={"group": Categories.of(_GROUPS)}),
        item_features=FeatureTable(n_rows=len(ITEMS), columns=items),
        name="toy",
    )
