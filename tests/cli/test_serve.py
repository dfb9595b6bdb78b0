"""`serve` and the commands around it: one model, three faces, the same answers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from penchant.cli.serve import _prepared
from penchant.log import SILENT
from penchant.models.base import load_model
from penchant.query import Query
from tests.cli.running import run


@contextmanager
def server(*words: object) -> Iterator[httpx.Client]:
    """`penchant serve` as a child process, stopped by SIGTERM at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "penchant", "serve", *map(str, words), "--port", str(port)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    child = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            until_ready(client, child)
            yield client
        child.send_signal(signal.SIGTERM)
        assert child.wait(60) == 0
    finally:
        child.kill()
        child.communicate()


def until_ready(client: httpx.Client, child: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert child.poll() is None, child.communicate()[1]
        try:
            if client.get("/health/ready").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("not ready after a minute")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve") / "store"


@pytest.fixture(scope="module")
def served(model: Path, store: Path) -> Iterator[httpx.Client]:
    with server(model, "--store", store) as client:
        yield client


def ask(client: httpx.Client, **question: Any) -> dict[str, Any]:
    reply = client.post("/v1/recommend", json=question)
    assert reply.is_success, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


def test_library_command_line_and_http_give_the_same_scores(served: httpx.Client, model: Path) -> None:
    loaded, at = load_model(model), 1_800_000_000.0
    for user in ("u0", "u1", "u3", "a stranger"):
        question = {"user_id": user, "at": at, "k": 8}
        library = loaded.recommend(Query(user_id=user, at=at, k=8))
        line = run("recommend", model, "--user", user, "--at", at, "-k", 8, "--json").json["items"]
        over_http = ask(served, **question, exact=True)["items"]
        assert [i["item_id"] for i in over_http] == [i["item_id"] for i in line] == list(library.item_ids)
        assert [i["score"] for i in over_http] == pytest.approx(library.scores.tolist(), rel=1e-5)
        assert [i["score"] for i in over_http] == pytest.approx([i["score"] for i in line], rel=1e-5)
        exact = {i["item_id"]: i["score"] for i in over_http}
        for item in ask(served, **question)["items"]:
            assert item["score"] == pytest.approx(exact[item["item_id"]], rel=1e-5)


def test_what_was_served_can_be_asked_about_from_the_command_line(served: httpx.Client, store: Path) -> None:
    event = {"user_id": "zoe", "item_id": "i1", "event_id": "zoe-1", "kind": "event"}
    assert served.post("/v1/events", json=event).json()["accepted"] == 1
    answer = ask(served, user_id="zoe", k=3)
    assert answer["history"] == ["zoe-1"]
    # lists are gathered for an instant before they are kept
    time.sleep(0.5)
    why = run("why", answer["recommendation_id"], "--store", store, "--json").json
    assert why["same"] and why["item_ids"] == [item["item_id"] for item in answer["items"]]
    assert [event["event_id"] for event in why["history"]] == ["zoe-1"]
    assert "exactly the list that was served" in run("why", answer["recommendation_id"], "--store", store).out
    status = run("status", "--store", store, "--json").json
    assert status["model_version"] == answer["model_version"] and status["lists"]["count"] > 0
    assert "serving" in run("status", "--store", store).out
    exported = run("export", "zoe", "--store", store)
    assert exported.code == 0 and len(exported.out.splitlines()) == 2
    receipt = run("forget", "zoe", "--store", store, "--yes", "--json").json
    assert receipt["rows"]["log"] == 1
    assert run("export", "zoe", "--store", store).code == 1
    assert ask(served, user_id="zoe", k=3)["history"] == []


def test_a_swap_reaches_the_running_server_and_can_be_taken_back(
    served: httpx.Client, store: Path, log: Path, tmp_path: Path
) -> None:
    first = ask(served, user_id="u1", k=3)["model_version"]
    other = tmp_path / "other"
    files = ("--items", log / "items.csv", "--users", log / "users.csv", "--schema", log / "schema.toml")
    assert run("train", log / "events.csv", *files, "--model", "popular", "--no-select", "--out", other).code == 0
    assert "served from now on" in run("swap", other, "--store", store).out
    assert until_version(served, "popular-").startswith("popular-")
    listed = run("swap", "--store", store, "--json").json["versions"]
    assert [one["current"] for one in listed] == [True, False]
    assert run("swap", "--to", first, "--store", store).code == 0
    assert until_version(served, first) == first


def until_version(client: httpx.Client, prefix: str) -> str:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        version: str = ask(client, user_id="u1", k=3)["model_version"]
        if version.startswith(prefix):
            return version
        time.sleep(0.1)
    raise AssertionError(f"no answer from {prefix} after half a minute")


def test_a_wrong_command_line_is_told_in_one_line(model: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    assert "no store is there" in run("serve", "--store", store).err
    assert not store.exists()
    store.mkdir()
    assert "no model was ever served here" in run("serve", "--store", store).err
    misspelt = run("serve", model, "--store", store, "--set", "most_wiat=1")
    assert misspelt.code == 1 and 'Did you mean "most_wait"?' in misspelt.err
    config = tmp_path / "serve.toml"
    config.write_text('[[rerank]]\nuse = "mrr"\n')
    wrong = run("serve", model, "--store", store, "--config", config)
    assert wrong.code == 1 and 'unknown reranker "mrr"' in wrong.err and "serve.toml: rerank[0].use" in wrong.err
    assert "keys" in run("serve", model, "--store", store, "--host", "0.0.0.0").err
    nowhere = tmp_path / "nowhere"
    assert "no store is there" in run("why", "nothing", "--store", nowhere).err
    assert not nowhere.exists()
    assert run("serve", tmp_path / "no-model", "--store", store).code == 1
    # it began a project that serves nothing; another one beside it is ready all the same
    assert _prepared(model, str(store), "second", None, SILENT, None) == ("second",)
