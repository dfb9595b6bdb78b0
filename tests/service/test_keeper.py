"""Swaps: one reference, all workers, and a broken model is never served."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from penchant.data.dataset import Dataset
from penchant.errors import BadModelFolder, UnknownName
from penchant.event import Interaction
from penchant.models.ease import Ease
from penchant.query import Query
from penchant.service.service import Service
from penchant.service.shelf import admit
from tests.service.conftest import Hand, Open


def versions(service: Service) -> list[str]:
    return [info.version for info in service.models() if info.current]


def test_another_worker_follows_the_pointer(open_service: Open, ease_folder: Path, now: Hand) -> None:
    one, other = open_service(), open_service()
    made = admit(one.store, one.shelf, ease_folder, now())
    assert one.activate(made.version).current
    assert one.recommend(Query(user_id="u", k=2)).slate.model_version == made.version
    assert other.recommend(Query(user_id="u", k=2)).slate.model_version != made.version
    other.keeper.refresh()
    assert other.recommend(Query(user_id="u", k=2)).slate.model_version == made.version


def test_a_swap_can_be_taken_back(open_service: Open, ease_folder: Path, now: Hand) -> None:
    service = open_service()
    (first,) = versions(service)
    service.activate(admit(service.store, service.shelf, ease_folder, now()).version)
    service.activate(first)
    assert versions(service) == [first]
    assert service.store.pointer().generation == 3  # type: ignore[union-attr]


def test_a_torn_folder_is_refused_by_name_and_leaves_nothing(
    open_service: Open, ease_folder: Path, tmp_path: Path, now: Hand
) -> None:
    service = open_service()
    before, on_shelf = service.models(), sorted(service.shelf.folder.iterdir())
    torn = tmp_path / "torn"
    shutil.copytree(ease_folder, torn)
    arrays = torn / "model" / "arrays.npz"
    data = bytearray(arrays.read_bytes())
    data[len(data) // 2] ^= 1
    arrays.write_bytes(bytes(data))
    with pytest.raises(BadModelFolder, match="arrays.npz"):
        admit(service.store, service.shelf, torn, now())
    assert (service.models(), sorted(service.shelf.folder.iterdir())) == (before, on_shelf)


def test_a_version_that_rots_on_the_shelf_is_never_current(open_service: Open, ease_folder: Path, now: Hand) -> None:
    service = open_service()
    (first,) = versions(service)
    made = admit(service.store, service.shelf, ease_folder, now())
    file = service.shelf.folder / made.version / "catalogue" / "arrays.npz"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(BadModelFolder, match="arrays.npz"):
        service.activate(made.version)
    assert versions(service) == [first]
    # another process pointed at it before it broke: this one keeps what it has, and says why
    service.store.point(made.version, now())
    service.keeper.refresh()
    assert service.recommend(Query(user_id="u", k=2)).slate.model_version == first
    assert "arrays.npz" in str(service.status()["trouble"])


@pytest.mark.parametrize("broken", ["score_batch", "encode"])
def test_a_model_that_loads_but_cannot_answer_is_never_served(
    open_service: Open, ease_folder: Path, now: Hand, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    service = open_service()
    (first,) = versions(service)
    made = admit(service.store, service.shelf, ease_folder, now())

    def fails(*given: object) -> None:
        raise ValueError("no such thing")

    monkeypatch.setattr(Ease, broken, fails)
    with pytest.raises(BadModelFolder, match=f"{made.version}: cannot answer .*no such thing"):
        service.activate(made.version)
    assert versions(service) == [first]
    service.store.point(made.version, now())
    service.keeper.refresh()
    assert service.recommend(Query(user_id="u", k=2)).slate.model_version == first
    assert "cannot answer" in str(service.status()["trouble"])


def test_popularity_goes_on_while_the_wanted_version_is_broken(
    open_service: Open, ease_folder: Path, now: Hand
) -> None:
    service = open_service(popularity_seconds=1e-9)
    made = admit(service.store, service.shelf, ease_folder, now())
    service.store.point(made.version, now())
    shutil.rmtree(service.shelf.folder / made.version)
    for _ in range(2):
        service.record([Interaction(user_id="u", item_id="s0001", at=now(), kind="play")]).result(10)
        service.keeper.refresh()
        assert service.keeper.trouble and service.keeper.current is not None
        assert service.keeper.current.popularity_offset == service.store.offset()
    # a process that begins now serves the other version, with the popularity of now
    other = open_service(folder=None, popularity_seconds=3600).keeper
    assert other.trouble and other.current is not None
    assert other.current.popularity_offset == service.store.offset()


def test_an_unknown_version_names_the_newest(open_service: Open) -> None:
    service = open_service()
    with pytest.raises(UnknownName, match="Known: itemknn-"):
        service.activate("ease-000000000000")


def test_bringing_the_same_folder_in_again_changes_nothing(open_service: Open) -> None:
    service = open_service()
    offset, pointer = service.store.offset(), service.store.pointer()
    open_service()
    assert (service.store.offset(), service.store.pointer()) == (offset, pointer)


def test_a_later_version_stays_when_the_first_folder_comes_again(
    open_service: Open, ease_folder: Path, now: Hand
) -> None:
    service = open_service()
    service.activate(admit(service.store, service.shelf, ease_folder, now()).version)
    (current,) = versions(service)
    assert versions(open_service()) == [current]


def test_no_file_of_the_shelf_names_a_person(open_service: Open, log: Dataset, knn_folder: Path) -> None:
    def names(folder: Path) -> set[str]:
        whole = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
        return {user for user in log.users if user.encode() in whole}

    # ids stand one behind the other in the folder that training wrote, so the search would find them
    assert len(names(knn_folder)) == log.n_users
    assert names(open_service().shelf.folder) == set()
