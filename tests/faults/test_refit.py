"""A refit beside the traffic: stopped, killed, or raced by somebody who wants to be forgotten."""

from __future__ import annotations

import json
import os
import secrets
import signal
from pathlib import Path

import pytest

from penchant.models.base import load_model
from penchant.models.serving import version_name
from tests.faults.child import PATIENCE, Caller, Server, command, problem, wait_for
from tests.faults.conftest import Start

LENIENT = ("--set", "gate_loss=1")
"""The gate lets anything in: what is tested here is not the quality."""


def play(caller: Caller, number: int) -> None:
    """Events of five people, on a new item too."""
    events = [{"user_id": f"new{n % 5}", "item_id": f"s{n % 50:04}", "event_id": f"e{n}"} for n in range(number)]
    assert caller.send(*events).json["accepted"] == number
    assert caller.ask("PUT", "/v1/items/brand-new", {"features": {"genre": "folk"}}).status == 200
    fresh = [{"user_id": f"new{n}", "item_id": "brand-new", "event_id": f"b{n}"} for n in range(5)]
    assert caller.send(*fresh).json["accepted"] == 5


def versions(caller: Caller) -> dict[str, bool]:
    return {model["version"]: model["current"] for model in caller.get("/v1/models").json["models"]}


def refitting(server: Server) -> list[int]:
    """Process ids of refits that the server has started."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes()
            group = (place / "stat").read_text().rpartition(")")[2].split()[2]
        except OSError:
            continue
        if b"refit_worker" in words and int(group) == server.child.pid:
            found.append(int(place.name))
    return found


def test_a_refit_is_served_and_forgets_whom_it_must(start: Start, tmp_path: Path, folders: Path) -> None:
    who = secrets.token_hex(16)
    first = version_name(folders / "knn")
    with start(*LENIENT) as server, server.caller() as caller:
        play(caller, 100)
        mine = [{"user_id": who, "item_id": f"s{n:04}", "event_id": f"m{n}"} for n in range(30)]
        assert caller.send(*mine).json["accepted"] == 30
        told = caller.ask("POST", "/v1/models:refit?wait=true")
        assert told.status == 200 and told.json["status"] == "served", told.body
        second = told.json["model"]["version"]
        assert versions(caller) == {first: False, second: True}
        assert caller.recommend("new1").json["model_version"] == second
        receipt = caller.ask("DELETE", f"/v1/users/{who}").json
        assert receipt["trained_versions"] == [second]
        # nothing is new, so there is nothing to compare on: the person is forgotten only by force
        refused = caller.ask("POST", "/v1/models:refit?wait=true").json
        assert refused["status"] == "refused" and "force=true" in refused["found"]["reason"]
        again = caller.ask("POST", "/v1/models:refit?wait=true&force=true")
        third = again.json["model"]["version"]
        assert load_model(tmp_path / "store" / "models" / "default" / third, people=False).card["data"]["events"] > 0
        old, new = (model["trained_to"] for model in reversed(caller.get("/v1/models").json["models"][:2]))
        assert new >= old and caller.ask("DELETE", "/v1/users/new1").json["trained_versions"] == [second, third]
        assert server.faults() == []
        held = [
            file for file in (tmp_path / "store").rglob("*") if file.is_file() and who.encode() in file.read_bytes()
        ]
        assert held == []


@pytest.mark.slow
def test_a_killed_refit_changes_nothing(start: Start, folders: Path, tmp_path: Path) -> None:
    first = version_name(folders / "knn")
    with start(*LENIENT) as server, server.caller() as caller:
        play(caller, 100)
        assert caller.ask("POST", "/v1/models:refit").status == 202
        wait_for(lambda: refitting(server), "the process that refits")
        problem(caller.ask("POST", "/v1/models:refit"), 409)
        assert caller.recommend("new1").json["model_version"] == first
        server.kill()
    with start(folder=None) as server, server.caller() as caller:
        assert caller.recommend("new1").json["history"][0] == "b1"
        assert versions(caller) == {first: True}
        shelf = tmp_path / "store" / "models" / "default"
        assert [place.name for place in shelf.iterdir() if not place.name.startswith(".")] == [first]
    listed = json.loads(command("swap", "--store", tmp_path / "store", "--json").stdout)["versions"]
    assert [version["version"] for version in listed] == [first]


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_refit_ends_with_its_server(start: Start, folders: Path, signal_number: int) -> None:
    """Also one that would go on for hours; here it stands still. Neither is the stop held up, nor does an orphan go on."""
    first = version_name(folders / "knn")
    with start(*LENIENT) as server, server.caller() as caller:
        play(caller, 100)
        assert caller.ask("POST", "/v1/models:refit").status == 202
        (pid,) = wait_for(lambda: refitting(server), "the process that refits")
        if signal_number == signal.SIGTERM:
            os.kill(pid, signal.SIGSTOP)
            assert server.stop() == 0
        else:
            os.kill(server.workers()[0], signal.SIGKILL)
            assert server.child.wait(PATIENCE) == 1
        wait_for(lambda: refitting(server) == [], "the end of the process that refits")
        assert [line for line in server.faults() if "its process ended" not in line] == []
    with start(folder=None) as server, server.caller() as caller:
        assert caller.recommend("new1").json["history"][0] == "b1"
        assert versions(caller) == {first: True}
