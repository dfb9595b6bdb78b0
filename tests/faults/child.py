"""The real server as a child process, started through the command line, ended by signals, and asked over plain sockets."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
PENCHANT = ("-m", "penchant")
PATIENCE = 60.0
"""Seconds that anything may take on a machine with much else to do; nothing here waits so long on a quiet one."""

JSON = "application/json"


def environment(**more: str) -> dict[str, str]:
    """What a child process sees: this checkout first, and one thread for numpy."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **more}


def command(*words: str | Path, program: Sequence[str] = PENCHANT) -> subprocess.CompletedProcess[str]:
    """Runs a command of the command line to its end."""
    line = [sys.executable, *program, *map(str, words)]
    return subprocess.run(
        line, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def free_port() -> int:
    """A port that nobody listens at, below those that the system gives to clients."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def ids(self) -> list[str]:
        """Ids of the items of a list."""
        assert self.status == 200, self.body
        return [item["item_id"] for item in self.json["items"]]


class Caller:
    """One connection that is kept open; not for two threads at once. Paths go out exactly as they are given."""

    def __init__(self, port: int, key: str | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: Any = None, *, kind: str = JSON, **headers: str) -> Answer:
        """Sends a request; `body` is JSON unless it is bytes. Raises OSError or HTTPException when no answer comes."""
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        kinds = {} if body is None else {"Content-Type": kind}
        try:
            self._connection.request(method, path, sent, {**self._headers, **kinds, **more})
            answer = self._connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def send(self, *events: Mapping[str, Any]) -> Answer:
        """Posts events; the answer says what became of each."""
        return self.ask("POST", "/v1/events?detail=all", list(events))

    def recommend(self, user: str | None, k: int = 10, **more: Any) -> Answer:
        return self.ask("POST", "/v1/recommend", {"user_id": user, "k": k, **more})


class Server:
    """``penchant serve`` in a process group of its own; ready when the ``with`` begins, gone when it ends.

    Args:
        folder: the model folder; None serves what was served last.
        store: URL of the store.
        words: more arguments.
        program: what Python runs in place of ``-m penchant``.
        said: file that its standard error is added to.
    """

    def __init__(
        self, folder: Path | None, store: str | Path, *words: str, program: Sequence[str] = PENCHANT, said: Path
    ) -> None:
        self.port = free_port()
        self.said = said
        places = [] if folder is None else [str(folder)]
        self._line = [
            sys.executable,
            *program,
            "serve",
            *places,
            "--store",
            str(store),
            "--port",
            str(self.port),
            *words,
        ]

    def __enter__(self) -> Self:
        began = time.monotonic()
        with self.said.open("ab") as file:
            self.child = subprocess.Popen(
                self._line, env=environment(), cwd=ROOT, stdout=file, stderr=file, start_new_session=True
            )
        try:
            self._wait_until_ready(began)
        except BaseException:
            self.kill()
            raise
        self.seconds = time.monotonic() - began
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.child.poll() is None and kind is None:
            assert self.stop() == 0, self.words
        self.kill()

    def _wait_until_ready(self, began: float) -> None:
        while True:
            try:
                with Caller(self.port) as caller:
                    if caller.get("/health/ready").status == 200:
                        return
            except (OSError, http.client.HTTPException):
                pass
            assert self.child.poll() is None, f"the server ended with {self.child.returncode}: {self.words}"
            assert time.monotonic() - began < PATIENCE, f"the server was never ready: {self.words}"
            time.sleep(0.05)

    @property
    def words(self) -> str:
        """All that it said, without its line for each request."""
        lines = self.said.read_text(errors="replace").splitlines()
        return "\n".join(line for line in lines if '"event": "request"' not in line)

    def faults(self) -> list[str]:
        """Lines of its log that report a mistake of the server."""
        return [line for line in self.words.splitlines() if '"event": "fault"' in line or "Traceback" in line]

    def caller(self, key: str | None = None) -> Caller:
        return Caller(self.port, key)

    def workers(self) -> list[int]:
        """Process ids of its workers."""
        children = Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def listening(self) -> int:
        """How many sockets listen at its port: each worker has its own, from when it can answer."""
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == self.port for row in rows)

    def stop(self) -> int:
        """Asks it to end, as an orderly machine does, and returns the exit code."""
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(PATIENCE)

    def kill(self) -> None:
        """Ends it at once, workers too, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait(PATIENCE)


def wait_for(what: Any, words: str) -> Any:
    """The first true value of a function that is asked again and again."""
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end, f"never came: {words}"
        time.sleep(0.05)
    return found


def problem(answer: Answer, status: int) -> dict[str, Any]:
    """The body of an answer that must be a problem (RFC 9457) with this status."""
    assert answer.status == status, (answer.status, answer.body[:300])
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json
    assert told["status"] == status and told["title"] and told["detail"] and told["type"].startswith("urn:penchant:")
    return told
