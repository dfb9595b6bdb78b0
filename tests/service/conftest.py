"""A small music service: two trained models, and services on stores of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penchant.data.dataset import Dataset
from penchant.data.files import read_dataset
from penchant.data.sources.known import music_schema
from penchant.data.sources.music import MusicSettings, simulate
from penchant.models.ease import Ease
from penchant.models.itemknn import ItemKnn
from penchant.service.opening import bring_in, shelf_of
from penchant.service.service import Service
from penchant.service.settings import ServiceConfig
from penchant.store.url import open_stores

Open = Callable[..., Service]


class Hand:
    """A clock that is moved by hand."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        self.at += 0.001
        return self.at


@pytest.fixture(scope="session")
def log() -> Dataset:
    tables = simulate(MusicSettings(n_people=40, n_songs=60, n_plays=30, n_artists=20)).tables()
    return read_dataset(tables["events"], users=tables["users"], items=tables["items"], schema=music_schema())


@pytest.fixture(scope="session")
def knn_folder(log: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "knn"
    ItemKnn(context_match=1.0, context_lift=0.5, popularity_weight=0.1).fit(log).save(folder)
    return folder


@pytest.fixture(scope="session")
def ease_folder(log: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "ease"
    Ease().fit(log).save(folder)
    return folder


@pytest.fixture
def now(log: Dataset) -> Hand:
    """A clock that begins a minute after the log."""
    return Hand(int(log.interactions.at[-1]) / 1000 + 60)


@pytest.fixture
def open_service(tmp_path: Path, now: Hand, knn_folder: Path) -> Iterator[Open]:
    """Opens services on one store; the first one brings the nearest-neighbour model and its people in."""
    opened = []

    def make(folder: Path | None = knn_folder, **settings: object) -> Service:
        url, pipeline = str(tmp_path / "store"), settings.pop("pipeline", None)
        stores = open_stores(url)
        shelf = shelf_of(url, "default")
        if folder is not None:
            bring_in(stores, "default", shelf, folder, now())
        service = Service(
            stores.project("default"), shelf, url=url, config=ServiceConfig.parse(settings), clock=now,
            pipeline=pipeline,  # type: ignore[arg-type]
        )  # fmt: skip
        service.keeper.refresh()
        opened.append((service, stores))
        return service

    yield make
    for service, stores in opened:
        service.close()
        stores.close()


@pytest.fixture
def service(open_service: Open) -> Service:
    return open_service()
