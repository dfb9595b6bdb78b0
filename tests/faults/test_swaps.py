"""Other models under load, and a broken one in the middle: no request fails, and the broken one is never served."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from penchant.models.serving import version_name
from tests.faults.child import Answer, Server, command, problem, wait_for
from tests.faults.conftest import Start
from tests.faults.folders import ARRAYS, copied, cut, flip


@dataclass
class Load:
    """People who ask and play all the time; what they got."""

    server: Server
    versions: set[str] = field(default_factory=set)
    failed: list[Answer] = field(default_factory=list)
    asked: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, name: str) -> None:
        number = 0
        while not self.stopped.is_set():
            # a new connection now and then, so that every worker is asked
            with self.server.caller() as caller:
                for _ in range(25):
                    number += 1
                    sent = caller.send(
                        {"user_id": name, "item_id": f"s{number % 60:04}", "event_id": f"{name}-{number}"}
                    )
                    told = caller.recommend(name, k=5)
                    self.failed += [one for one in (sent, told) if one.status != 200]
                    self.asked += 2
                    self.stopped.wait(0.02)
                    if told.status == 200:
                        self.versions.add(told.json["model_version"])
                        if told.json["history"][0] != f"{name}-{number}" or len(told.ids) != 5:
                            self.failed.append(told)


def served_everywhere(server: Server, version: str) -> bool:
    """Whether many new connections in a row are answered by a version."""
    for _ in range(12):
        with server.caller() as caller:
            if caller.recommend(None).json["model_version"] != version:
                return False
    return True


def check_swaps(start: Start, folders: Path, tmp_path: Path, number: int, workers: int) -> None:
    store = str(tmp_path / "store")
    versions = [version_name(folders / name) for name in ("popular", "knn")]
    broken = copied(folders / "other", tmp_path / "broken")
    flip(broken / ARRAYS)
    bad = version_name(broken)
    with start("--workers", str(workers)) as server:
        load = Load(server)
        people = [threading.Thread(target=load.run, args=(f"p{n}",)) for n in range(3)]
        for thread in people:
            thread.start()
        try:
            for turn in range(number):
                version = versions[turn % 2]
                if turn < 2:
                    done = command("swap", folders / ("popular", "knn")[turn], "--store", store)
                    assert (done.returncode, done.stderr) == (0, ""), done.stderr
                else:
                    with server.caller() as caller:
                        done_here = caller.ask("POST", f"/v1/models/{version}:activate")
                        assert done_here.status == 200 and done_here.json["current"], done_here.body
                wait_for(lambda version=version: served_everywhere(server, version), f"{version} in every worker")
                if turn == number // 2:
                    refuse(server, broken, bad, store)
                    assert served_everywhere(server, version)
        finally:
            load.stopped.set()
            for thread in people:
                thread.join()
        assert load.failed == [] and load.asked > 20 * number
        assert load.versions == set(versions)
        assert server.faults() == []
        with server.caller() as caller:
            listed = {model["version"]: model["current"] for model in caller.get("/v1/models").json["models"]}
        assert listed == {versions[0]: (number - 1) % 2 == 0, versions[1]: (number - 1) % 2 == 1}
    assert not (tmp_path / "store" / "models" / "default" / bad).exists()


def refuse(server: Server, broken: Path, bad: str, store: str) -> None:
    """The broken folder is refused by name through every door."""
    refused = command("swap", broken, "--store", store)
    assert refused.returncode == 1 and str(broken / ARRAYS) in refused.stderr and len(refused.stderr.splitlines()) == 1
    unknown = command("swap", "--to", bad, "--store", store)
    assert unknown.returncode == 1 and bad in unknown.stderr
    with server.caller() as caller:
        assert caller.ask("POST", f"/v1/models/{bad}:activate").status in (404, 409, 422)


def test_four_swaps_under_load_with_a_broken_model_in_the_middle(start: Start, folders: Path, tmp_path: Path) -> None:
    check_swaps(start, folders, tmp_path, 4, workers=1)


@pytest.mark.slow
def test_twenty_swaps_under_load_with_two_workers(start: Start, folders: Path, tmp_path: Path) -> None:
    check_swaps(start, folders, tmp_path, 20, workers=2)


@pytest.mark.parametrize("damage", [flip, *(pytest.param(one, marks=pytest.mark.slow) for one in (cut, Path.unlink))])
def test_a_copy_that_rots_on_the_shelf_is_never_served_again(
    start: Start, folders: Path, tmp_path: Path, damage: object
) -> None:
    """It was served once and lies in the server's memory; the next restart would find only the broken copy."""
    store = str(tmp_path / "store")
    knn, popular = (version_name(folders / name) for name in ("knn", "popular"))
    with start() as server, server.caller() as caller:
        assert command("swap", folders / "popular", "--store", store).returncode == 0
        wait_for(lambda: served_everywhere(server, popular), "the second model")
        damage(tmp_path / "store" / "models" / "default" / knn / ARRAYS)  # type: ignore[operator]
        told = problem(caller.ask("POST", f"/v1/models/{knn}:activate"), 409)
        assert knn in told["detail"]
        again = command("swap", "--to", knn, "--store", store)
        assert again.returncode == 1 and f"{knn}/{ARRAYS}" in again.stderr
        assert served_everywhere(server, popular)
        # given once more, the folder takes the place of the rotten copy
        mended = command("swap", folders / "knn", "--store", store)
        assert (mended.returncode, mended.stderr) == (0, "")
        wait_for(lambda: served_everywhere(server, knn), "the first model")
