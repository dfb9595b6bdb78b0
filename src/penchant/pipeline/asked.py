"""What stages of the request path look at: the world as it is served, and one question in it, in numbers.

Ids are text at both ends of the request path; between them stages work on item numbers, because a filter or a ranker over a
hundred thousand texts would cost more than the model. The catalogue's vocabulary translates, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from penchant.data.arrays import Bool, Float32, Nums
from penchant.data.batch import QueryBatch
from penchant.data.catalogue import Catalogue
from penchant.data.queries import EncodedQueries
from penchant.errors import UnknownId
from penchant.models.base import Model
from penchant.models.vectors import HasVectors
from penchant.query import Query

if TYPE_CHECKING:
    from numpy.random import Generator

    from penchant.index.protocol import VectorIndex


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """What is served, and never changes: a new item, fresher popularity or another model make another world.

    Attributes:
        version: name of the model's version.
        model: its catalogue is that of the moment (items from `n_fit` on came later); its people are nobody.
        index: of the model's item vectors; None for a model without vectors.
        fresh: int32, items that came after the fit, newest first.
        catalogue_offset: how much of the log the catalogue knows.
        popularity_offset: how much of the log its popularity knows.
    """

    version: str
    model: Model
    index: VectorIndex | None = None
    fresh: Nums
    catalogue_offset: int = 0
    popularity_offset: int = 0

    @property
    def catalogue(self) -> Catalogue:
        """The items of the moment."""
        return self.model.catalogue


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """One question.

    Attributes:
        query: with `at` set and the history filled in.
        encoded: the same in numbers; its batch has one row.
        withheld: bool [n_items], items that must not be shown to anybody: unavailable, deleted.
        seen: int32, distinct items that the person has an event with, as of the question.
        seen_by_kind: the same for each kind of event that there was.
        chosen_before: which of some items (int32 [n]) the person has an event with, of one kind where one is given,
            bool [n]; None when `seen` is the whole past.
        draw: makes the generator of this answer alone; most answers draw nothing.
        exact: score the whole catalogue instead of what is retrieved.
    """

    query: Query
    encoded: EncodedQueries
    world: World
    withheld: Bool
    seen: Nums
    seen_by_kind: Mapping[str, Nums] = field(default_factory=dict)
    chosen_before: Callable[[Nums, str | None], Bool] | None = None
    draw: Callable[[], Generator]
    exact: bool = False

    @cached_property
    def rng(self) -> Generator:
        """Draws of this answer alone."""
        return self.draw()

    @property
    def batch(self) -> QueryBatch:
        """The question as a model sees it, B = 1."""
        return self.encoded.batch

    @property
    def excludes_seen(self) -> bool:
        """Whether items of the past must stay out."""
        return (self.query.repeats or self.world.catalogue.schema.repeats) == "exclude"

    @property
    def n_items(self) -> int:
        """Size of the catalogue."""
        return len(self.withheld)

    @cached_property
    def like(self) -> int | None:
        """The number of the item that others like it are asked for; raises UnknownId."""
        if self.query.similar_to is None:
            return None
        number = self.world.catalogue.items.number(self.query.similar_to)
        if number is None:
            raise UnknownId("item", self.query.similar_to, "similar_to")
        return number

    @cached_property
    def scores(self) -> Float32:
        """The model's scores of the whole catalogue, float32 [n_items]; made once a question, when first wanted."""
        scores: Float32 = self.world.model.score_batch(self.batch)[0]
        return scores

    @cached_property
    def query_vector(self) -> Float32 | None:
        """The question as a vector of the model, float32 [D]; None where it has none."""
        model = self.world.model
        if not isinstance(model, HasVectors):
            return None
        vector = model.query_vectors(self.batch)[0]
        return vector if np.isfinite(vector).all() else None

    def scores_of(self, items: Nums) -> Float32:
        """The model's scores of `items`, float32 [n]; the whole catalogue is not scored for them where that is dearer."""
        if self.exact or "scores" in self.__dict__:
            return self.scores[items]
        found: Float32 = self.world.model.score_items(self.batch, items)[0]
        return found
