"""The model contract: an author writes `_fit`, `_score`, `_state` and `_restore`; this file does the rest."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self, get_type_hints

import numpy as np

from penchant.config import declared
from penchant.data.arrays import AnyArray, Bool, Float32, Nums
from penchant.data.batch import QueryBatch
from penchant.data.catalogue import Catalogue, People
from penchant.data.dataset import Dataset
from penchant.data.queries import EncodedQueries, encode
from penchant.data.questions import Task
from penchant.errors import BadConfig, BadData, BadModelFolder, UserError
from penchant.models.circumstances import Lifts
from penchant.models.finishing import Finish, probes_of
from penchant.models.folder import FolderContents, read_folder, write_folder
from penchant.models.listing import Scored as Scored
from penchant.models.listing import listed
from penchant.models.model_config import ModelConfig as ModelConfig
from penchant.models.recent import KEPT_EVENTS, recent
from penchant.query import Query
from penchant.registry import model_class
from penchant.train.run import Run

BLOCK = 512
"""Most queries scored at a time."""

BLOCK_CELLS = 32_000_000
"""Scores held at once: 128 MB, and a few temporaries of this size."""


class Model(ABC):
    """Base of all models.

    Attributes:
        config: settings; the annotation in a subclass names its config class.
        scores_unseen: whether the model has an opinion about items without an event in its training log.
        rehearses: whether a fit learns from questions; it makes its own when it is given none.
        stops_early: whether it only asks them when to stop learning, as one chooses a setting.
        n_fit: size of the catalogue at the fit; numbers from there on are items that came later.
        known: bool [n_fit], whether the item had an event in the training log.
        lifts: how circumstances raise each item; None while `context_lift` is 0.
    """

    config: ModelConfig
    scores_unseen: ClassVar[bool] = False
    rehearses: ClassVar[bool] = False
    stops_early: ClassVar[bool] = False
    catalogue: Catalogue
    people: People
    known: Bool
    n_fit: int
    lifts: Lifts | None = None
    _probes: tuple[Bool, Nums] | None = None
    card: Mapping[str, Any]

    def __init__(self, config: ModelConfig | None = None, **settings: Any) -> None:
        """Takes a config, or its settings as keywords; raises UnknownName or BadConfig for wrong ones."""
        if config is not None and settings:
            raise BadConfig(f"{self.name()}: give a config or settings, not both")
        self.config = config or self.config_class().parse(settings, self.name())
        self.card = {}

    @classmethod
    def name(cls) -> str:
        """The model's name: the name of its file."""
        return cls.__module__.rsplit(".", 1)[-1]

    @classmethod
    def config_class(cls) -> type[ModelConfig]:
        """The config class that the annotation of `config` names."""
        named: type[ModelConfig] = get_type_hints(cls)["config"]
        return named

    # -- what an author writes -------------------------------------------------------------------------------------

    @abstractmethod
    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        """Learns from `train`; sets attributes that `_state` returns."""

    @abstractmethod
    def _score(self, batch: QueryBatch) -> Float32:
        """Scores of all items: float32 [B, n_fit], or [B, batch.n_items] for a model that scores unseen items.

        NaN where there is no opinion. The result may be written to by the caller.
        """

    @abstractmethod
    def _state(self) -> dict[str, AnyArray]:
        """What was learned, as named arrays."""

    @abstractmethod
    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        """Takes back what `_state` returned."""

    # -- fitting ---------------------------------------------------------------------------------------------------

    def fit(self, train: Dataset, *, valid: Task | None = None, run: Run | None = None) -> Self:
        """Learns from a log and keeps its catalogue and people; `valid` holds questions for a model that `rehearses`.

        Raises:
            BadData: the log holds no event.
        """
        if len(train) == 0:
            raise BadData(f"{self.name()}: expected a training log with at least one event, got none")
        self.catalogue, self.people = train.catalogue(), train.people()
        self.known, self.n_fit = train.seen_items, train.n_items
        about = {"name": train.name, "digest": train.digest, "events": len(train)}
        self.card = {"data": about, "context": train.interactions.context_shares()}
        self.lifts = self._counted_lifts() if self.config.context_lift > 0 else None
        self._fit(train, valid, run or Run())
        return self

    def _counted_lifts(self) -> Lifts:
        log, schema = self.people.sequences.log, self.catalogue.schema
        if len(log) == 0:
            raise BadConfig(
                f"{self.name()}: context_lift: cannot be switched on without the people of the model folder"
            )
        return Lifts.of(log, self.n_fit, time_zone=schema.time_zone, timed=self.catalogue.timed)

    @property
    def settled(self) -> ModelConfig:
        """The settings, with what the fit itself has chosen: a further fit with them need not choose again."""
        return self.config

    def with_settings(self, **settings: Any) -> Self:
        """The same fitted model with other settings; only those declared with ``refit=False`` may change."""
        changed = self.config.changed(**settings)
        for key in type(self.config).model_fields:
            needs_fit = declared(type(self.config), key).get("refit", True)
            if needs_fit and getattr(changed, key) != getattr(self.config, key):
                raise BadConfig(f"{self.name()}: {key} cannot change without a new fit")
        other = copy.copy(self)
        other.config = changed
        if changed.context_lift > 0 and other.lifts is None:
            other.lifts = other._counted_lifts()
        return other

    def in_world(self, catalogue: Catalogue, people: People) -> Self:
        """The same fitted model with other people, and with the items of another moment: those of the fit and later ones."""
        other = copy.copy(self)
        other.catalogue, other.people = catalogue, people
        return other

    # -- scoring in numbers ----------------------------------------------------------------------------------------

    def score_batch(self, batch: QueryBatch) -> Float32:
        """Scores of the whole catalogue as it is now, float32 [B, batch.n_items]; NaN means no opinion."""
        asked = batch
        if not self.scores_unseen:
            asked = replace(batch, history=batch.history.keep(self._is_known(batch.history.item)))
        return self._finish.all_items(self._score(asked), asked)

    def score_items(self, batch: QueryBatch, items: Nums) -> Float32:
        """Scores of some items, the same for every query: those of `score_batch`, float32 [B, C], to 1e-5 of the greatest.

        Only where popularity decides between equal scores, its part depends a little on which items are asked for; those it
        orders keep their order. O(B C) and the reading of the pasts for a model with `_score_some`, else as `score_batch`.

        Args:
            items: int32 [C], below ``batch.n_items``.
        """
        finish = self._finish
        asked = finish.with_probes(items)
        own = None if asked is None else self._score_some(batch, asked)
        if asked is None or own is None:
            return self.score_batch(batch)[:, items]
        return finish.some_items(own, batch, asked)[:, : len(items)]

    def _score_some(self, batch: QueryBatch, items: Nums) -> Float32 | None:
        """What `_score` says of some items, float32 [B, C], which may be written to; None: that takes as long as for all.

        The pasts are as they were asked: a model that scores no unseen items leaves such events out by itself. What is said of
        items that the model has no opinion on is passed over.
        """
        return None

    @property
    def _finish(self) -> Finish:
        if self._probes is None or self._probes[0] is not self.known:
            self._probes = self.known, probes_of(self.known)
        lifts = None if self.config.context_lift == 0 else self.lifts
        return Finish(self.config, self.known, lifts, self.scores_unseen, self._probes[1])

    def _is_known(self, items: Nums) -> Bool:
        known: Bool = self.known.take(items, mode="clip")
        known &= items < self.n_fit
        return known

    # -- answering in words ----------------------------------------------------------------------------------------

    def score(self, query: Query, item_ids: Sequence[str]) -> Float32:
        """Scores of the given items, float32 [n]; NaN for unknown items and where there is no opinion."""
        row = self.score_batch(self.encode([query]).batch)[0]
        numbers = [self.catalogue.items.number(item) for item in item_ids]
        return np.asarray([np.nan if n is None else row[n] for n in numbers], dtype=np.float32)

    def recommend(self, query: Query, k: int | None = None) -> Scored:
        """The best items for one query: best first, finite, nothing excluded, seen items as the query's `repeats` says."""
        return self.recommend_many([query], k)[0]

    def recommend_many(self, queries: Sequence[Query], k: int | None = None) -> list[Scored]:
        """The same answers as one by one; `k` (>= 1) overrides that of the queries."""
        if k is not None and k < 1:
            raise BadConfig(f"k: expected a whole number >= 1, got {k}")
        self._check_fitted()
        answers: list[Scored] = []
        size = max(1, min(BLOCK, BLOCK_CELLS // max(1, len(self.catalogue.items))))
        for start in range(0, len(queries), size):
            answers += self._recommend_block(queries[start : start + size], k)
        return answers

    def encode(self, queries: Sequence[Query]) -> EncodedQueries:
        """The queries in numbers, with what could not be translated.

        Raises:
            BadConfig: a query asks for what only the request path can do (`where`, `similar_to`).
        """
        self._check_fitted()
        for query in queries:
            if query.where is not None or query.similar_to is not None:
                raise BadConfig(
                    "a model alone cannot answer `where` or `similar_to`; give candidates, or a history of one item"
                )
        return encode(queries, self.catalogue, self.people)

    def _check_fitted(self) -> None:
        if not hasattr(self, "catalogue"):
            raise UserError(f"{self.name()}: not fitted yet; call fit, or load_model on a saved folder")

    def _recommend_block(self, queries: Sequence[Query], k: int | None) -> list[Scored]:
        encoded = self.encode(queries)
        return listed(queries, encoded, self.score_batch(encoded.batch), self.catalogue, k)

    # -- disk ------------------------------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Writes a model folder that answers by itself; see `penchant.models.folder`."""
        contents = FolderContents(
            model=self.name(),
            config=self.config.model_dump(mode="json"),
            arrays={**self._state(), "known": self.known, **(self.lifts.packed() if self.lifts else {})},
            catalogue=self.catalogue,
            people=recent(self.people, max(KEPT_EVENTS, getattr(self.config, "last_n", 0))),
            card=self.card,
        )
        write_folder(folder, contents)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads a folder written by `save`; raises BadModelFolder when it is damaged or holds another model."""
        contents = read_folder(folder)
        if contents.model != cls.name():
            raise BadModelFolder(f'{folder}: holds a model "{contents.model}", expected "{cls.name()}"')
        return cls._from(contents)

    @classmethod
    def _from(cls, contents: FolderContents) -> Self:
        model = cls(cls.config_class().parse(contents.config, "config.json"))
        model.catalogue, model.people = contents.catalogue, contents.people
        model.known = contents.arrays["known"]
        model.n_fit = len(model.known)
        model.card = contents.card
        model.lifts = Lifts.unpacked(contents.arrays)
        try:
            model._restore(contents.arrays)
        except KeyError as fault:
            raise BadModelFolder(
                f"{cls.name()}: the model folder lacks {fault}; another version wrote it, train again"
            ) from None
        return model


def load_model(folder: Path | str, *, people: bool = True) -> Model:
    """Reads any model folder; the folder says which model it holds. Raises BadModelFolder when it is damaged.

    With `people` False the model knows nobody: every question brings its past along. Files about people are not opened.
    """
    contents = read_folder(Path(folder), people=people)
    made: Model = model_class(contents.model)._from(contents)
    return made
