"""Load from a process of its own: prepared requests over keep-alive connections on loopback, one thread, no framework.

    python -m benchmarks.serve_load SPEC.json OUT.npz         # started by `benchmarks.serve`

*Closed*: each connection sends its next request when it has the answer to the last one; measures capacity. *Open*: requests are
due at random instants of a given rate (a Poisson process) whatever the answers do, and a latency counts from the instant at
which the request was due, so a server that stalls pays for all that had to wait (no coordinated omission). When all
connections are busy a request waits here, and that counts too.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
LOST = 0
"""The status of a request that got no whole answer."""

DRAIN = 10.0
"""Seconds after the last request within which answers are waited for."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; `body` is JSON text, None for GET."""

    method: str
    path: str
    body: str | None = None

    def raw(self) -> bytes:
        head = f"{self.method} {self.path} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        if self.body is None:
            return f"{head}\r\n".encode()
        body = self.body.encode()
        return f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What to do: closed for `seconds`, or `phases` one after the other, each (requests a second, seconds).

    Requests are taken in turn, from the beginning again after the last; `most` ends a closed run earlier.
    """

    port: int
    connections: int
    seconds: float = 0.0
    phases: tuple[tuple[float, float], ...] = ()
    most: int | None = None
    seed: int = 7
    keep: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """Seconds from the beginning, float64 [n]: when each request was due, sent and answered; `status` int [n]."""

    due: np.ndarray
    sent: np.ndarray
    done: np.ndarray
    status: np.ndarray
    seconds: float
    cpu_seconds: float
    bodies: tuple[str, ...] = ()

    @property
    def ok(self) -> np.ndarray:
        return (self.status >= 200) & (self.status < 300)

    def milliseconds(self, which: np.ndarray | None = None) -> np.ndarray:
        """Latencies of those that were served."""
        return (1000 * (self.done - self.due))[self.ok if which is None else which & self.ok]

    def told(self) -> dict[str, Any]:
        """The figures of a run."""
        found, counts = self.milliseconds(), np.unique(self.status, return_counts=True)
        quantiles = np.percentile(found, [50, 95, 99, 99.9]) if len(found) else [float("nan")] * 4
        return {
            "requests": len(self.status), "served_share": float(self.ok.mean()),
            "per_second": float(self.ok.sum() / self.seconds),
            **{f"p{name}_ms": float(q) for name, q in zip(("50", "95", "99", "99.9"), quantiles, strict=True)},
            "max_ms": float(found.max()) if len(found) else float("nan"),
            "statuses": {str(s): int(n) for s, n in zip(*counts, strict=True)},
            "generator_cpu_share": self.cpu_seconds / self.seconds,
        }  # fmt: skip


class Line:
    """One connection and the request under way on it."""

    __slots__ = ("buffer", "number", "port", "sock")

    def __init__(self, port: int) -> None:
        self.port, self.number = port, -1
        self.open()

    def open(self) -> None:
        self.buffer = b""
        self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        return self.sock.fileno()

    def send(self, number: int, raw: bytes) -> None:
        """Sends on this connection, or on a new one where the other side has let go of it meanwhile."""
        self.number = number
        if select.select((self.sock,), (), (), 0)[0]:  # nothing is to come on an idle one but its end
            self.sock.close()
            self.open()
        self.sock.sendall(raw)

    def answer(self) -> tuple[int, bytes] | None:
        """Status and body once they are whole, LOST when the other side closed; None while more is to come."""
        try:
            data = self.sock.recv(1 << 18)
        except OSError:
            data = b""
        if not data:
            self.sock.close()
            self.open()
            return LOST, b""
        self.buffer += data
        return self._whole()

    def _whole(self) -> tuple[int, bytes] | None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        if at < 0:  # in chunks: the last one is empty
            if b"chunked" in head and not self.buffer.endswith(b"0\r\n\r\n"):
                return None
            size = len(self.buffer) - end - 4
        else:
            size = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self.buffer) < end + 4 + size:
                return None
        found = int(head[9:12]), self.buffer[end + 4 : end + 4 + size]
        self.buffer = self.buffer[end + 4 + size :]
        return found


class Driver:
    """Keeps connections busy and notes what happened when."""

    def __init__(self, spec: Spec, raws: list[bytes]) -> None:
        self.spec, self.raws = spec, raws
        self.lines = [Line(spec.port) for _ in range(spec.connections)]
        self.idle, self.busy = list(self.lines), {}
        self.due: list[float] = []
        self.sent: list[float] = []
        self.done: list[float] = []
        self.status: list[int] = []
        self.bodies: list[str] = []

    def run(self) -> Measured:
        gc.disable()
        cpu = time.process_time()
        self.start = time.perf_counter()
        if self.spec.phases:
            self._open()
        else:
            self._closed()
        return Measured(
            due=np.asarray(self.due), sent=np.asarray(self.sent), done=np.asarray(self.done),
            status=np.asarray(self.status), bodies=tuple(self.bodies), seconds=self.now(),
            cpu_seconds=time.process_time() - cpu,
        )  # fmt: skip

    def now(self) -> float:
        return time.perf_counter() - self.start

    def _send(self, due: float | None) -> None:
        line, number = self.idle.pop(), len(self.due)
        now = self.now()
        self.due.append(now if due is None else due)
        self.sent.append(now)
        self.done.append(float("nan"))
        self.status.append(LOST)
        if self.spec.keep:
            self.bodies.append("")
        self.busy[line] = None
        with suppress(OSError):  # the other side is gone: reading says so
            line.send(number, self.raws[number % len(self.raws)])

    def _receive(self, wait: float) -> None:
        ready, _, _ = select.select(self.busy, (), (), max(0.0, wait))
        for line in ready:
            found = line.answer()
            if found is None:
                continue
            self.done[line.number], self.status[line.number] = self.now(), found[0]
            if self.spec.keep:
                self.bodies[line.number] = found[1].decode()
            del self.busy[line]
            self.idle.append(line)

    def _closed(self) -> None:
        most = self.spec.most or sys.maxsize
        while self.now() < self.spec.seconds and len(self.due) < most:
            while self.idle and len(self.due) < most:
                self._send(None)
            self._receive(1.0)
        self._drain()

    def _open(self) -> None:
        rng, begun = np.random.default_rng(self.spec.seed), 0.0
        arrivals: deque[float] = deque()
        for rate, seconds in self.spec.phases:
            # a Poisson process: so many in all, each anywhere
            arrivals.extend(np.sort(begun + rng.random(rng.poisson(rate * seconds)) * seconds).tolist())
            begun += seconds
        while arrivals:
            # with no connection free the request waits; its latency runs from when it was due
            while arrivals and self.idle and arrivals[0] <= self.now():
                self._send(arrivals.popleft())
            if arrivals:
                self._receive(arrivals[0] - self.now() if self.idle else 1.0)
        self._drain()

    def _drain(self) -> None:
        end = self.now() + DRAIN
        while self.busy and self.now() < end:
            self._receive(end - self.now())


def drive(requests: Sequence[Request], spec: Spec) -> Measured:
    """Runs the load in a process of its own and reads back what it measured."""
    with tempfile.TemporaryDirectory() as folder:
        told, out, bodies = (Path(folder) / name for name in ("spec.json", "out.npz", "bodies.json"))
        told.write_text(json.dumps({"spec": asdict(spec), "requests": [asdict(request) for request in requests]}))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
        subprocess.run(
            [sys.executable, "-m", "benchmarks.serve_load", str(told), str(out)], env=environment, check=True
        )
        found = np.load(out)
        kept = tuple(json.loads(bodies.read_text())) if spec.keep else ()
        return Measured(
            **{name: found[name] for name in ("due", "sent", "done", "status")}, bodies=kept,
            seconds=float(found["seconds"]), cpu_seconds=float(found["cpu_seconds"]),
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", type=Path)
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    told = json.loads(chosen.spec.read_text())
    driver = Driver(
        Spec(**{**told["spec"], "phases": tuple(map(tuple, told["spec"]["phases"]))}),
        [Request(**request).raw() for request in told["requests"]],
    )
    found = driver.run()
    np.savez(
        chosen.out, due=found.due, sent=found.sent, done=found.done, status=found.status,
        seconds=found.seconds, cpu_seconds=found.cpu_seconds,
    )  # fmt: skip
    if driver.spec.keep:
        chosen.out.with_name("bodies.json").write_text(json.dumps(found.bodies))


if __name__ == "__main__":
    main()
