"""Small simulated worlds whose truth is known, built in a moment, for checks of models."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from penchant.data.arrays import Float32, Float64, Nums, frozen
from penchant.data.dataset import Dataset
from penchant.data.features import Categories, FeatureTable, Tags, Texts
from penchant.data.interactions import Interactions
from penchant.data.schema import Field, Schema
from penchant.data.strings import Strings
from penchant.data.vocabulary import Vocabulary
from penchant.rng import generator

N_PEOPLE = 200
N_STEPS = 40
N_CHOSEN = 40
"""Items that people choose; the first half belongs to one taste, the second half to the other."""
NEVER_CHOSEN = ("quiet-new", "loud-new")
"""Items of the catalogue without any event."""

_START_MS = 1_735_689_600_000  # 2025-01-01 00:00 UTC
_DAY_MS = 86_400_000
_SUCCESSOR, _AGAIN = 0.35, 0.2
_OWN_TASTE = 0.9
_FORGET = 0.8


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """A log, and how likely each item really was at each event.

    Attributes:
        data: the whole log.
        n_train: events of it that models are fitted on; the later ones are questions.
        truth: float32 [events after n_train, n_items], true probability of each item; the best order there can be.
    """

    data: Dataset
    n_train: int
    truth: Float32

    @property
    def train(self) -> Dataset:
        """The first events, which models are fitted on; the same people and items."""
        return self.data.take(slice(0, self.n_train))


def taste_world(seed: int = 7) -> World:
    """200 people, 42 items, 8,000 events in 40 days; repeats are allowed.

    Each person has one of two tastes. A choice is the successor of the last choice in a ring of its taste (35 %), a choice of
    the own past, newer ones likelier (20 %), or drawn by taste (45 %): nine in ten from the own half of the items, where some
    items are more popular. So order, repeats, taste and attributes all carry signal. The person's attribute `age` and the
    context field `place` carry none. Two items are never chosen.
    """
    rng = generator(seed, "taste world")
    taste = np.arange(N_PEOPLE, dtype=np.int32) % np.int32(2)
    by_taste = _by_taste(taste, rng)
    past = np.zeros((N_PEOPLE, N_CHOSEN))
    chosen = np.zeros((N_STEPS, N_PEOPLE), dtype=np.int32)
    truth = np.zeros((N_STEPS, N_PEOPLE, N_CHOSEN))
    everyone = np.arange(N_PEOPLE)
    for step in range(N_STEPS):
        truth[step] = by_taste if step == 0 else _mixed(by_taste, past, chosen[step - 1])
        cumulated = truth[step].cumsum(axis=1)
        drawn = (rng.random(N_PEOPLE)[:, None] * cumulated[:, -1:] > cumulated).sum(axis=1)
        chosen[step] = drawn
        past *= _FORGET
        past[everyone, drawn] += 1.0
    return _world(chosen, truth, rng)


def _by_taste(taste: Nums, rng: np.random.Generator) -> Float64:
    """Probability of each item for each person when nothing happened yet, float64 [people, items]."""
    half = N_CHOSEN // 2
    popular = rng.permuted(np.linspace(1.0, 3.0, half))
    popular /= popular.sum()
    own = np.where(taste[:, None] == np.arange(N_CHOSEN)[None, :] // half, _OWN_TASTE, 1 - _OWN_TASTE)
    chances: Float64 = own * np.tile(popular, 2)
    return chances


def _mixed(by_taste: Float64, past: Float64, last: Nums) -> Float64:
    half = N_CHOSEN // 2
    successor = np.zeros_like(by_taste)
    successor[np.arange(len(last)), last // half * half + (last % half + 1) % half] = 1.0
    again = past / past.sum(axis=1, keepdims=True)
    mixed: Float64 = _SUCCESSOR * successor + _AGAIN * again + (1 - _SUCCESSOR - _AGAIN) * by_taste
    return mixed


def _world(chosen: Nums, truth: Float64, rng: np.random.Generator) -> World:
    """One event a person and day, at a random moment of the day."""
    n = N_STEPS * N_PEOPLE
    at = (_START_MS + np.arange(N_STEPS)[:, None] * _DAY_MS + rng.integers(0, _DAY_MS, (N_STEPS, N_PEOPLE))).ravel()
    order = np.argsort(at, kind="stable")
    log = Interactions(
        user=frozen(np.tile(np.arange(N_PEOPLE, dtype=np.int32), N_STEPS)[order]),
        item=frozen(chosen.ravel()[order]),
        at=frozen(at[order]),
        kind=frozen(np.zeros(n, dtype=np.int8)),
        value=frozen(np.ones(n, dtype=np.float32)),
        context={"place": _categories(rng.integers(0, 2, n), ("home", "work"))},
    )
    names = [f"{'quiet' if i < N_CHOSEN // 2 else 'loud'}-{i:02d}" for i in range(N_CHOSEN)] + list(NEVER_CHOSEN)
    data = Dataset(
        schema=_schema(),
        users=Vocabulary.of(f"person-{u:03d}" for u in range(N_PEOPLE)),
        items=Vocabulary.of(names),
        interactions=log,
        user_features=FeatureTable(
            n_rows=N_PEOPLE, columns={"age": _categories(rng.integers(0, 3, N_PEOPLE), ("young", "grown", "old"))}
        ),
        item_features=_item_features(names),
        name="taste world",
    )
    n_train = n * 4 // 5
    probability = np.zeros((n, len(names)), dtype=np.float32)
    probability[:, :N_CHOSEN] = truth.reshape(n, N_CHOSEN)[order]
    return World(data=data, n_train=n_train, truth=frozen(probability[n_train:]))


def _schema() -> Schema:
    return Schema(
        repeats="allow",
        title="title",
        context={"place": Field(kind="category")},
        item_attributes={
            "title": Field(kind="text"),
            "genre": Field(kind="category"),
            "tags": Field(kind="tags"),
        },
        user_attributes={"age": Field(kind="category")},
    )


def _item_features(names: list[str]) -> FeatureTable:
    """A title, a genre (the taste) and tags (the genre, and a group of five neighbours in the ring)."""
    genres = [name.partition("-")[0] for name in names]
    tags = [[genre, f"group-{i % (N_CHOSEN // 2) // 5}"] for i, genre in enumerate(genres)]
    titles = [f"{genre} song {name.partition('-')[2]}" for genre, name in zip(genres, names, strict=True)]
    return FeatureTable(
        n_rows=len(names),
        columns={"title": Texts(Strings.of(titles)), "genre": Categories.of(genres), "tags": Tags.of(tags)},
    )


def _categories(codes: np.ndarray, names: tuple[str, ...]) -> Categories:
    return Categories(frozen(codes.astype(np.int32)), Vocabulary.of(names))


def shuffled(world: World, seed: int = 7) -> World:
    """The same world with its items dealt out anew among all events: popularity stays, every other signal is gone."""
    log = world.data.interactions
    item = generator(seed, "shuffled world").permutation(log.item)
    share = np.bincount(item, minlength=world.data.n_items) / len(item)
    truth = np.tile(share.astype(np.float32), (len(world.truth), 1))
    data = replace(world.data, interactions=replace(log, item=frozen(item)), name=f"{world.data.name}, shuffled")
    return World(data=data, n_train=world.n_train, truth=frozen(truth))
