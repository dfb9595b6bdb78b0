"""Checks of a model's life: fitting, saving, a world that moves on, and what it may know of it."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.features import Categories, Numbers, Tags, Texts, Vectors
from penchant.query import Past, Query
from penchant.testing.subject import Subject, difference, expect, scores_of

NEW = ("came later 1", "came later 2")
"""Items that `grown` adds; they have the attributes of the first and of the last item."""


def check_same_seed(s: Subject) -> None:
    """Fitted twice with the same seed, a model gives the same answers."""
    again = s.make().fit(s.world.train)
    found = difference(scores_of(s.model, s.queries), scores_of(again, s.queries))
    expect(not found, f"two fits with the same seed differ: {found}")


def check_saved(s: Subject) -> None:
    """A saved and loaded model gives the very same answers."""
    with TemporaryDirectory() as folder:
        s.model.save(Path(folder) / "model")
        loaded = type(s.model).load(Path(folder) / "model")
    found = difference(scores_of(s.model, s.queries), scores_of(loaded, s.queries))
    expect(not found, f"saved and loaded, the model answers differently: {found}")
    expect(loaded.config == s.model.config, "saved and loaded, the model has other settings")


def check_inputs_untouched(s: Subject) -> None:
    """Neither fitting nor answering changes what was given."""
    train = s.world.train
    before = digest(train)
    model = s.make().fit(train)
    expect(digest(train) == before, "fitting changed the training log")
    batch = model.encode(s.queries).batch
    asked = digest(batch)
    model.score_batch(batch)
    expect(digest(batch) == asked, "scoring changed the queries it was given")
    expect(digest(train) == before, "scoring changed the training log")


def check_later_events(s: Subject) -> None:
    """What happens at or after the moment of a query changes nothing, even when the model's people already know it."""
    later = copy.copy(s.model)
    later.people = s.world.data.people()
    later.catalogue = replace(s.model.catalogue, popularity=s.world.data.popularity)
    found = difference(scores_of(s.model, s.queries), scores_of(later, s.queries))
    expect(not found, f"events at or after the query changed its scores: {found}")
    ids = s.world.data.items
    past = s.past(s.person, s.now)[-5:]
    future = tuple(Past(item_id=ids.id(i), at=s.now + i) for i in range(3))
    known, told = Query(history=past, at=s.now), Query(history=past + future, at=s.now)
    found = difference(scores_of(s.model, [known]), scores_of(s.model, [told]))
    expect(not found, f"a history that reaches past the query changed its scores: {found}")


def check_strangers(s: Subject) -> None:
    """A stranger with the history and attributes of a known person gets that person's answer."""
    if not s.history_only:
        return
    known = [query for query in s.queries if query.user_id is not None]
    strangers = [
        replace(
            query,
            user_id=None,
            history=s.past(query.user_id or "", s.now if query.at is None else query.at),
            features=_attributes(s.world.data, query.user_id or ""),
        )
        for query in known
    ]
    found = difference(scores_of(s.model, known), scores_of(s.model, strangers))
    expect(not found, f"a stranger with the same past gets other scores than a known person: {found}")


def _attributes(data: Dataset, user_id: str) -> dict[str, str | float | list[str] | list[float]]:
    """What is known of a person, as a query states it; what is missing is left out."""
    row = data.users.number(user_id)
    stated: dict[str, str | float | list[str] | list[float]] = {}
    for name, column in data.user_features.columns.items():
        match column:
            case Categories() if column.codes[row] >= 0:
                stated[name] = column.names.id(int(column.codes[row]))
            case Numbers() if not np.isnan(column.values[row]):
                stated[name] = float(column.values[row])
            case Tags():
                one = column.take(np.asarray([row]))
                stated[name] = [one.names.id(int(code)) for code in one.codes]
            case Texts():
                stated[name] = column.values[row or 0]
            case Vectors():
                stated[name] = column.values[row].tolist()
    return stated


def check_grown_catalogue(s: Subject) -> None:
    """Items that came after the fit have no score unless the model scores unseen items, and disturb nothing."""
    n = s.model.n_fit
    later = copy.copy(s.model)
    later.catalogue = grown(s.model.catalogue)
    before, after = scores_of(s.model, s.queries), scores_of(later, s.queries)
    found = difference(before, after[:, :n])
    expect(not found, f"items that came after the fit changed the scores of others: {found}")
    if not s.model.scores_unseen:
        expect(bool(np.isnan(after[:, n:]).all()), "an item that came after the fit must have the score NaN")
    past = s.past(s.person, s.now)[-5:]
    plain = Query(history=past, at=s.now)
    mixed = replace(plain, history=(*past, Past(item_id=NEW[0], at=s.now - 0.001)))
    answer = scores_of(later, [mixed])
    if not s.model.scores_unseen:
        found = difference(scores_of(later, [plain]), answer)
        expect(not found, f"an item that came after the fit counts in a history: {found}")


def grown(catalogue: Catalogue) -> Catalogue:
    """The catalogue with the items `NEW` appended."""
    n = len(catalogue.items)
    return replace(
        catalogue,
        items=catalogue.items.extended(NEW),
        item_features=catalogue.item_features.take(np.append(np.arange(n), [0, n - 1])),
        popularity=replace(catalogue.popularity, n_items=n + len(NEW)),
    )


def digest(value: Any) -> str:
    """A fingerprint of all arrays and plain values inside a (nested) noun."""
    sha = hashlib.sha256()
    _feed(sha, value)
    return sha.hexdigest()


def _feed(sha: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        sha.update(f"{value.dtype}{value.shape}".encode())
        sha.update(np.ascontiguousarray(value).tobytes())
    elif is_dataclass(value):
        for field in fields(value):
            # a private field holds what was counted before, which is no part of the value
            if not field.name.startswith("_"):
                _feed(sha, getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key in value:
            sha.update(str(key).encode())
            _feed(sha, value[key])
    else:
        sha.update(repr(value).encode())


CHECKS = (
    check_inputs_untouched,
    check_same_seed,
    check_saved,
    check_later_events,
    check_strangers,
    check_grown_catalogue,
)
