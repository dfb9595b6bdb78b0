"""A trained model as it is served: to nobody in particular, with the items of the moment."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np

from penchant.data.catalogue import Catalogue, People
from penchant.data.popularity import PopularityLog
from penchant.data.sequences import Sequences
from penchant.data.vocabulary import Vocabulary
from penchant.models.base import Model
from penchant.models.folder import _verified_card, read_folder, write_folder


def nobody(people: People) -> People:
    """No people, but the same fields and values."""
    log = people.sequences.log.take(slice(0, 0))
    features = people.user_features.take(np.zeros(0, dtype=np.int64))
    return People(users=Vocabulary.of([]), user_features=features, sequences=Sequences.of(log, 0))


def served(model: Model) -> Model:
    """The same model without people."""
    other = copy.copy(model)
    other.people = nobody(model.people)
    return other


def with_world(model: Model, catalogue: Catalogue, popularity: PopularityLog) -> Model:
    """The same model with other items and popularity."""
    other = copy.copy(model)
    other.catalogue = replace(catalogue, popularity=popularity)
    return other


def copy_for_service(source: Path, target: Path) -> None:
    """Copies a model folder, but for its people."""
    contents = read_folder(source)
    write_folder(target, replace(contents, people=nobody(contents.people)))


def version_name(folder: Path) -> str:
    """A name made from the content."""
    card = _verified_card(folder)
    return f"{card['model']}-{card['digest'][:12]}"
