"""Routes in front of the real application, where the fake one could promise what the real one does not keep."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant.clock import wall_clock
from penchant.data.files import read_dataset
from penchant.data.sources.known import music_schema
from penchant.data.sources.music import MusicSettings, simulate
from penchant.models.itemknn import ItemKnn
from penchant.server.app import Front, build_app
from penchant.server.settings import ServerConfig
from penchant.service.opening import bring_in, shelf_of
from penchant.service.service import Service
from penchant.store.url import open_stores
from tests.server.asking import ask, check_problem


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder: Path = tmp_path_factory.mktemp("site")
    tables = simulate(MusicSettings(n_people=20, n_songs=30, n_plays=20, n_artists=10)).tables()
    log = read_dataset(tables["events"], users=tables["users"], items=tables["items"], schema=music_schema())
    ItemKnn().fit(log).save(folder / "model")
    url = str(folder / "store")
    stores, shelf = open_stores(url), shelf_of(url, "default")
    bring_in(stores, "default", shelf, folder / "model", wall_clock())
    service = Service(stores.project("default"), shelf, url=url)
    service.keeper.refresh()
    yield build_app({"default": service}, None, ServerConfig(), wall_clock)
    service.close()
    stores.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/models/itemknn-000000000000:activate"),
        ("GET", "/v1/users/nobody"),
        ("GET", "/v1/users/nobody/export"),
        ("GET", "/v1/items/nothing"),
        ("DELETE", "/v1/items/nothing"),
        ("GET", "/v1/items/nothing/similar"),
        ("GET", "/v1/recommendations/never"),
    ],
)
def test_an_id_that_nobody_knows_is_not_found(front: Front, method: str, path: str) -> None:
    check_problem(ask(front, method, path), 404)


def test_numbers_that_nobody_can_keep_are_refused_by_name(front: Front) -> None:
    sent = '{"features": {"tempo": 1' + "0" * 400 + "}}"
    answer = ask(front, "PUT", "/v1/items/s0001", content=sent, headers={"content-type": "application/json"})
    assert "features.tempo: expected a number" in check_problem(answer, 422)["detail"]


def test_one_bad_item_of_many_spoils_no_other(front: Front) -> None:
    bad = [{"item_id": "b1", "features": {"genre": ["x", 1]}}, {"item_id": "b2", "timestamp": "soon"}]
    worse = [{"item_id": "b3", "features": {"genre": "a\0"}}, {"item_id": "b4", "features": {"gerne": "x"}}]
    good = [{"item_id": "g1", "features": {"genre": "folk"}}, {"item_id": "g2"}]
    told = ask(front, "PUT", "/v1/items:batch", json={"items": [good[0], *bad, *worse, good[1]]}).json()
    assert (told["accepted"], told["rejected"]) == (2, 4)
    assert [one["index"] for one in told["events"]] == [1, 2, 3, 4] and all(one["reason"] for one in told["events"])
    assert ask(front, "GET", "/v1/items/g2").status_code == 200
    people = [{"user_id": "p1", "timestamp": "soon"}, {"user_id": "p2", "features": {"age": "16-24"}}]
    told = ask(front, "PUT", "/v1/users:batch", json={"users": people}).json()
    assert (told["accepted"], told["rejected"]) == (1, 1)
    assert ask(front, "GET", "/v1/users/p2").json()["features"] == {"age": "16-24"}


def test_no_question_keeps_the_lists_of_others_from_being_kept(front: Front) -> None:
    for where in ("item.genre != 'a\0b'", "item.genre != 'a' and 'c' in ['\0']"):
        answer = ask(front, "POST", "/v1/recommend", json={"k": 2, "where": where})
        assert "NUL" in check_problem(answer, 422)["detail"]
        check_problem(ask(front, "GET", "/v1/recommend/ann", params={"where": where}), 422)
        check_problem(ask(front, "GET", "/v1/trending", params={"where": where}), 422)
    served = ask(front, "POST", "/v1/recommend", json={"user_id": "ann", "k": 2}).json()
    assert ask(front, "GET", f"/v1/recommendations/{served['recommendation_id']}").json()["same"] is True
