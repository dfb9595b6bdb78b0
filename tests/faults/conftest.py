"""A tiny music service: two model folders that are served, a third that is broken, and a place for each test's store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penchant.data.dataset import Dataset
from penchant.data.files import read_dataset
from penchant.data.sources.known import music_schema
from penchant.data.sources.music import MusicSettings, simulate
from penchant.models.itemknn import ItemKnn
from penchant.models.popular import Popular
from penchant.service.opening import bring_in, shelf_of
from penchant.store.url import open_stores
from tests.faults.child import Server

Start = Callable[..., Server]

PATIENT = ("--set", "most_wait=60", "--set", "strained_wait=1000000")
"""Settings with which nobody is turned away on a busy machine: what is tested here is not the load."""


@pytest.fixture(scope="session")
def log() -> Dataset:
    tables = simulate(MusicSettings(n_people=40, n_songs=80, n_plays=30, n_artists=20)).tables()
    return read_dataset(tables["events"], users=tables["users"], items=tables["items"], schema=music_schema())


@pytest.fixture(scope="session")
def folders(log: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model folders by name: ``knn``, ``popular`` and ``other``, whose model nobody has seen before."""
    place = tmp_path_factory.mktemp("models")
    ItemKnn().fit(log).save(place / "knn")
    Popular().fit(log).save(place / "popular")
    ItemKnn(popularity_weight=0.3).fit(log).save(place / "other")
    return place


@pytest.fixture(scope="session")
def shared(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for tests that leave it as it is, but for people, items and events with names of their own."""
    place = tmp_path_factory.mktemp("shared")
    with Server(folders / "knn", place / "store", *PATIENT, said=place / "said.txt") as running:
        yield running
        assert running.faults() == []


def prepare(store: Path, folder: Path, project: str = "default") -> None:
    """Makes a store that serves a model folder, as a server that was there before would have left it."""
    stores = open_stores(store)
    try:
        bring_in(stores, project, shelf_of(str(store), project), folder, time.time())
    finally:
        stores.close()


@pytest.fixture
def start(tmp_path: Path, folders: Path) -> Start:
    """Makes servers on one store below the test's own folder; see `Server`."""

    def made(*words: str, folder: str | None = "knn", store: str | Path | None = None, **more: object) -> Server:
        place = None if folder is None else folders / folder
        said = tmp_path / "said.txt"
        return Server(place, store or tmp_path / "store", *PATIENT, *words, said=said, **more)  # type: ignore[arg-type]

    return made
