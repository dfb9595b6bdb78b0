"""The real server as a child process: the same under two servers, quick beside sockets that stand still, gone when told."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(*words: str, program: str = "tests.server.serving") -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server that answers, and its process; it is gone afterwards."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    child = subprocess.Popen([sys.executable, "-m", program, str(port), *words], env=environment, cwd=ROOT)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        yield url, child
    finally:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def wait_for(url: str) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/health/live").status_code == 200:
                return
        assert time.monotonic() < end, "the server never came up"
        time.sleep(0.1)


@pytest.mark.slow
def test_another_server_answers_the_same() -> None:
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v1/events", {"json": [{"user_id": "ann", "item_id": "a", "timestamp": 5}, {"user_id": "ann"}]}),
        ("POST", "/v1/recommend", {"json": {"user_id": "ann", "at": 9}}),
        ("GET", "/v1/recommend/a%2Fb?at=9&context.mood=calm", {}),
        ("PUT", "/v1/items/a%2Fb", {"json": {"features": {"genre": "folk"}, "timestamp": 7}}),
        ("GET", "/v1/items/a%2Fb", {}),
        ("GET", "/v1/users/ann/export", {}),
        ("POST", "/v1/recommend", {"content": b"{", "headers": {"content-type": "application/json"}}),
        ("GET", "/v1/items/%00", {}),
        ("GET", "/nowhere", {}),
        ("PATCH", "/v1/events", {}),
        ("GET", "/openapi.json", {}),
    ]
    answers = []
    for words in (("server=granian",), ("server=uvicorn",)):
        with running(*words) as (url, _), httpx.Client(base_url=url, headers={"x-request-id": "same"}) as client:
            told = [client.request(method, path, **rest) for method, path, rest in asked]
            kept = ("content-type", "allow", "x-request-id", "cache-control", "content-length")
            answers.append(
                [(one.status_code, {k: one.headers.get(k) for k in kept}, _without_time(one)) for one in told]
            )
    assert [status for status, _, _ in answers[0]] == [200, 200, 200, 200, 200, 200, 400, 400, 404, 405, 200]
    for mine, other in zip(*answers, strict=True):
        assert mine[0] == other[0] and mine[2] == other[2]
        assert {**mine[1], "content-length": ""} == {**other[1], "content-length": ""}


def _without_time(answer: httpx.Response) -> Any:
    if answer.headers["content-type"].startswith("application/x-ndjson"):
        return answer.text
    told = answer.json()
    told.pop("took_ms", None)
    return told


@pytest.mark.slow
def test_a_stop_finishes_what_was_accepted_and_takes_no_more() -> None:
    with running() as (url, child):
        answers: list[httpx.Response] = []
        asking = threading.Thread(
            target=lambda: answers.append(
                httpx.post(f"{url}/v1/recommend", json={"user_id": "sleeper"}, timeout=PATIENCE)
            )
        )
        asking.start()
        time.sleep(0.5)
        child.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/health/live")
        asking.join(PATIENCE)
        assert child.wait(PATIENCE) == 0
    assert answers[0].status_code == 200 and len(answers[0].json()["items"]) == 3


def test_a_worker_does_not_outlive_a_killed_parent() -> None:
    with running() as (url, child):
        child.kill()
        child.wait()
        end = time.monotonic() + PATIENCE
        with pytest.raises(httpx.TransportError):
            while time.monotonic() < end:
                httpx.get(f"{url}/health/live")
                time.sleep(0.05)


def test_what_cannot_be_built_is_said_in_one_line() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    words = [sys.executable, "-m", "tests.server.serving", str(free_port()), "host=0.0.0.0"]
    done = subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: host: without keys") and len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_sockets_that_stand_still_change_nothing() -> None:
    with running("body_timeout=3.0", "header_timeout=2.0") as (url, _):
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        head = b"POST /v1/recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += b"Content-Length: 100\r\n\r\n{"
        still = [socket.create_connection(address) for _ in range(500)]
        try:
            for place, one in enumerate(still):
                one.sendall(head if place % 2 else head[:40])
            with httpx.Client(base_url=url) as client:
                for _ in range(200):
                    assert client.post("/v1/recommend", json={"user_id": "ann"}).status_code == 200
            # half of them never finish their head and are closed; the others are told that their body took too long
            for place, one in enumerate(still):
                one.settimeout(PATIENCE)
                said = one.recv(1_000)
                assert (b" 408 " in said) if place % 2 else said == b"", said
        finally:
            for one in still:
                one.close()


@pytest.mark.slow
def test_two_workers_answer_on_one_port() -> None:
    with running("workers=2") as (url, child):
        assert all(httpx.get(f"{url}/v1/trending").status_code == 200 for _ in range(20))
        # whichever worker is asked, it knows what both have counted
        line = 'penchant_requests_total{method="GET",project="default",route="/v1/trending",status="200"} 20.0'
        assert all(line in httpx.get(f"{url}/metrics").text for _ in range(10))
        child.send_signal(signal.SIGTERM)
        assert child.wait(PATIENCE) == 0
