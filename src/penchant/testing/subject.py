"""A model under test: fitted once a world and shared by all checks, with the questions it is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from penchant.data.arrays import Float32
from penchant.data.features import Categories
from penchant.models.base import Model
from penchant.query import Past, Query
from penchant.testing.worlds import World, shuffled

RELATIVE = 1e-5
"""Two scores are the same when they differ by no more than this part of the greatest score of their query."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """What the checks share.

    Attributes:
        make: makes a fresh, unfitted model with the settings under test.
        world: where it is fitted and asked.
        finds_signal: whether it is expected to beat windowed popularity in `world`.
        share: part of the way from windowed popularity to the optimum that it must at least go there.
        history_only: whether a stranger with a person's history and attributes gets that person's answer.
        uses_context: whether the declared context may change a score.
    """

    make: Callable[[], Model]
    world: World
    finds_signal: bool = True
    share: float = 0.1
    history_only: bool = True
    uses_context: bool = False

    @cached_property
    def model(self) -> Model:
        """The model fitted on the training part of the world."""
        return self.make().fit(self.world.train)

    @cached_property
    def null_world(self) -> World:
        """The world with its items dealt out anew."""
        return shuffled(self.world)

    @cached_property
    def null_model(self) -> Model:
        """The model fitted on the training part of the shuffled world."""
        return self.make().fit(self.null_world.train)

    @property
    def now(self) -> float:
        """The moment after the training part, seconds since 1970."""
        return float(self.world.data.interactions.at[self.world.n_train - 1]) / 1000 + 1.0

    @property
    def person(self) -> str:
        """Somebody with many events in the training part."""
        train = self.world.train
        return train.users.id(int(np.argmax(np.bincount(train.interactions.user, minlength=train.n_users))))

    def past(self, user_id: str, before: float) -> tuple[Past, ...]:
        """The person's events in the training part strictly before a moment, as a query states them."""
        train = self.world.train
        log, kinds = train.interactions, list(train.schema.kinds)
        rows = np.flatnonzero((log.user == train.users.number(user_id)) & (log.at < round(before * 1000)))
        return tuple(
            Past(
                item_id=train.items.id(int(log.item[row])),
                at=float(log.at[row]) / 1000,
                kind=kinds[log.kind[row]],
                value=float(log.value[row]),
                context=log.context_of(int(row)),
            )
            for row in rows
        )

    @property
    def queries(self) -> list[Query]:
        """Known people now (some state a context), known people half-way, strangers with some past, one event, and nothing."""
        users, items = self.world.data.users, self.world.train.seen_items.nonzero()[0]
        log = self.world.data.interactions
        halfway = float(log.at[self.world.n_train // 2]) / 1000
        context: dict[str, str | float] = {}
        for name, column in log.context.items():
            if isinstance(column, Categories) and len(column.names):
                context[name] = column.names.id(0)
        asked = [
            Query(user_id=users.id(u), at=self.now, k=10, context=context if u % 8 else {})
            for u in range(0, min(len(users), 40), 4)
        ]
        asked += [Query(user_id=users.id(u), at=halfway, k=5) for u in range(1, min(len(users), 40), 8)]
        ids = [self.world.data.items.id(int(item)) for item in items]
        for length in (0, 1, 7):
            past = tuple(Past(item_id=ids[(3 * place) % len(ids)]) for place in range(length))
            asked.append(Query(history=past, at=self.now, k=10))
        return asked


def scores_of(model: Model, queries: Sequence[Query]) -> Float32:
    """Scores of the whole catalogue, float32 [B, n_items], asked in one batch."""
    return model.score_batch(model.encode(queries).batch)


def difference(a: Float32, b: Float32) -> str:
    """ "" when two score tables [B, n] are the same up to `RELATIVE`, else the first place where they differ, in words."""
    if a.shape != b.shape:
        return f"shapes {a.shape} and {b.shape}"
    scale = np.nanmax(np.where(np.isfinite(a), np.abs(a), 0.0), axis=1, keepdims=True, initial=1e-12)
    with np.errstate(invalid="ignore"):
        far = ~((np.abs(a - b) <= RELATIVE * scale) | (np.isnan(a) & np.isnan(b)) | (a == b))
    if not far.any():
        return ""
    row, item = np.argwhere(far)[0].tolist()
    return f"query {row}, item {item}: {a[row, item]!r} and {b[row, item]!r}"


def expect(holds: bool, sentence: str) -> None:
    """Raises AssertionError with the sentence unless it holds; `assert` would vanish under ``python -O``."""
    if not holds:
        raise AssertionError(sentence)
