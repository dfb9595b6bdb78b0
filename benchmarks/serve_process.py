"""Servers under test as child processes: `penchant serve`, and the plain one beside it; what they cost, read from /proc."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from penchant.errors import UserError

ROOT = Path(__file__).parent.parent
_TICK = os.sysconf("SC_CLK_TCK")
READY_WITHIN = 3600.0
"""Seconds; a first start writes the people of the model folder into the store."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server: its port and its first process."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    ready_after: float

    def pids(self) -> list[int]:
        """The first process and all below it."""
        found, place = [self.process.pid], 0
        while place < len(found):
            found += _children(found[place])
            place += 1
        return found

    def command_of(self, pid: int) -> str:
        """The words that started a process; empty once it has ended."""
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " ")
        except OSError:
            return ""

    def cpu_seconds(self) -> float:
        """Of all its processes so far, those that ended left out."""
        return sum(_cpu(pid) for pid in self.pids())

    def memory_mb(self) -> dict[str, float]:
        """Of all its processes: resident, and what is each one's own (pages of mapped files left out)."""
        sizes = [_memory(pid) for pid in self.pids()]
        return {"rss_mb": sum(rss for rss, _ in sizes), "private_mb": sum(own for _, own in sizes)}

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request on a connection of its own: status and parsed answer (None where it is no JSON)."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            return asked(link, method, path, body)
        finally:
            link.close()

    def must(self, method: str, path: str, body: Any = None) -> Any:
        """The same where only success will do; raises UserError with what came."""
        status, found = self.ask(method, path, body)
        if not 200 <= status < 300:
            raise UserError(f"{method} {path}: status {status}: {str(found)[:500]}")
        return found


def asked(link: http.client.HTTPConnection, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """One request on a connection that stays open."""
    text = None if body is None else json.dumps(body)
    link.request(method, path, text, {} if text is None else {"content-type": "application/json"})
    answer = link.getresponse()
    data = answer.read()
    try:
        return answer.status, json.loads(data)
    except ValueError:
        return answer.status, None


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(word) for word in (task / "children").read_text(encoding="ascii").split()]
    except OSError:
        pass  # it ended meanwhile
    return found


def _cpu(pid: int) -> float:
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / _TICK


def _memory(pid: int) -> tuple[float, float]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0, 0.0
    size = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.endswith("kB")}
    return size.get("VmRSS", 0.0), size.get("RssAnon", 0.0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def penchant_server(model: Path, store: Path, *, workers: int = 1, options: tuple[str, ...] = ()) -> Iterator[Server]:
    """`penchant serve` on a free port, ready; ended by SIGTERM."""
    port = free_port()
    command = [sys.executable, "-m", "penchant", "serve", str(model), "--store", str(store), "--port", str(port)]
    command += ["--workers", str(workers)] if workers > 1 else []
    with _running([*command, *options], port, "/health/ready", {}) as server:
        yield server


@contextmanager
def plain_server(model: Path | str, top: str = "topk") -> Iterator[Server]:
    """The comparison, see `benchmarks.plain_server`; ``"hello"`` answers without a model."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--log-level", "warning"]
    command += ["--port", str(port), "--workers", "1", "benchmarks.plain_server:app"]
    with _running(command, port, "/", {"PLAIN_MODEL": str(model), "PLAIN_TOP": top}) as server:
        yield server


@contextmanager
def _running(command: list[str], port: int, path: str, environment: dict[str, str]) -> Iterator[Server]:
    path_of = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        begun = time.monotonic()
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, env={**os.environ, **ONE_THREAD, **path_of, **environment}, stdout=out, stderr=out
            )
        server = Server(port=port, process=process, log=log, ready_after=0.0)
        try:
            _wait(process, port, path, log, begun + READY_WITHIN)
            yield replace(server, ready_after=time.monotonic() - begun)
        finally:
            _stop(server)


def _stop(server: Server) -> None:
    """SIGTERM to the first process; what is left of it and of those below it after a while is killed."""
    below = {pid: server.command_of(pid) for pid in server.pids()[1:]}
    server.process.send_signal(signal.SIGTERM)
    try:
        server.process.wait(40)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
    for pid, command in below.items():
        if command and server.command_of(pid) == command:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _wait(process: subprocess.Popen[bytes], port: int, path: str, log: Path, until: float) -> None:
    """Returns once `path` answers with success; raises UserError with the end of the log."""
    while time.monotonic() < until and process.poll() is None:
        try:
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            status, _ = asked(link, "GET", path)
            link.close()
            if status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    told = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise UserError(f"the server on port {port} did not become ready; the end of its log:\n{told}")
