"""Rows of `benchmarks.serve` about speed: latency at half load, also beside a refit, and throughput beside a plain server."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.serve_calls import CONNECTIONS, K, pasts, post, questions, serving
from benchmarks.serve_load import Measured, Request, Spec, drive
from benchmarks.serve_process import Server, plain_server
from benchmarks.serve_world import SIZES

PLAIN = {"plain": "topk", "plain, partition": "partition"}
"""Plain servers, by how they find the best of all scores; figures are held against the first, which is faster."""

OPEN_CONNECTIONS = 64
"""Connections of an open load: more than are ever busy at half load."""


def closed(server: Server, requests: list[Request], seconds: float) -> dict[str, Any]:
    """A closed load: what the server carries, in requests a second and for each second of its processors."""
    cpu = server.cpu_seconds()
    found = drive(requests, Spec(port=server.port, connections=CONNECTIONS, seconds=seconds))
    cpu = server.cpu_seconds() - cpu
    return {**found.told(), "per_server_cpu_second": int(found.ok.sum()) / max(cpu, 1e-9)}


def opened(server: Server, requests: list[Request], *phases: tuple[float, float], seed: int = 7) -> Measured:
    """An open load."""
    return drive(requests, Spec(port=server.port, connections=OPEN_CONNECTIONS, phases=phases, seed=seed))


def latency(model: Path, size: str, runs: int, seconds: float) -> dict[str, Any]:
    """Capacity (closed load), then latencies at half of it (open load), then the same while a refit runs."""
    with serving([model], size) as server:
        asked = questions()
        capacity = [closed(server, asked, seconds / 2) for _ in range(runs)]
        rate = median(one["per_second"] for one in capacity) / 2
        quiet = [opened(server, asked, (rate, seconds), seed=run).told() for run in range(runs)]
        busy = [beside_a_refit(server, asked, (rate, seconds), seed=run) for run in range(runs)]
        return {
            "capacity": capacity, "half_load_per_second": rate,
            "at_half_load": quiet, "while_a_refit_runs": busy, "memory": server.memory_mb(),
            "served_share": middle(quiet, "served_share"),
            "served_share_while_a_refit_runs": middle(busy, "served_share"),
            **{f"{name}_ms": middle(quiet, f"{name}_ms") for name in ("p50", "p99")},
            **{f"{name}_ms_while_a_refit_runs": middle(busy, f"{name}_ms") for name in ("p50", "p99")},
        }  # fmt: skip


def middle(turns: list[dict[str, Any]], name: str) -> float:
    return float(median(turn[name] for turn in turns))


def refit_goes_on(server: Server) -> bool:
    """Whether a process below the server fits a model."""
    return any("refit" in server.command_of(pid) for pid in server.pids())


def beside_a_refit(server: Server, requests: list[Request], *phases: tuple[float, float], seed: int) -> dict[str, Any]:
    """An open load while a refit goes on: one is begun where none does."""
    until = time.monotonic() + 60
    if not refit_goes_on(server):
        server.must("POST", "/v1/models:refit")
    while not refit_goes_on(server) and time.monotonic() < until:
        time.sleep(0.1)
    goes_on = refit_goes_on(server)
    found = opened(server, requests, *phases, seed=seed).told()
    return {**found, "refit_at_the_beginning": goes_on, "refit_at_the_end": refit_goes_on(server)}


def throughput(model: Path, size: str, runs: int, seconds: float) -> dict[str, Any]:
    """The same closed load on Penchant and on the plain servers, in turn; and on one that answers without a model."""
    histories = [post("/recommend", {"history": past, "k": K}) for past in pasts(size)]
    asked = questions()
    turns: list[dict[str, Any]] = []
    with ExitStack() as stack:
        ours = stack.enter_context(serving([model], size))
        plain = {name: stack.enter_context(plain_server(model, top)) for name, top in PLAIN.items()}
        for server in plain.values():
            closed(server, histories, 2.0)
        for _ in range(runs):
            beside = {name: closed(server, histories, seconds) for name, server in plain.items()}
            turns.append({"penchant": closed(ours, asked, seconds), **beside})
        same = agreement(ours, plain["plain"], size)
        memory = {name: server.memory_mb() for name, server in {"penchant": ours, **plain}.items()}
    with plain_server("hello") as hello:
        carried = closed(hello, histories, min(seconds, 5.0))
    return {
        "turns": turns, "ratio": ratio(turns, "plain"), "ratio_to_partition": ratio(turns, "plain, partition"),
        "ratio_per_server_cpu_second": ratio(turns, "plain", "per_server_cpu_second"),
        "without_a_model": carried, "share_of_lists_in_common": same, "memory": memory, **limits(size, turns),
    }  # fmt: skip


def ratio(turns: list[dict[str, Any]], to: str, figure: str = "per_second") -> float:
    """Penchant's figure over that of a plain server, the median of the turns."""
    return median(turn["penchant"][figure] / turn[to][figure] for turn in turns)


def agreement(ours: Server, plain: Server, size: str, n: int = 200) -> float:
    """Share of the plain server's lists (exact) that Penchant's lists of the same people hold."""
    shared = []
    for number, past in enumerate(pasts(size)[:n]):
        exact = plain.must("POST", "/recommend", {"history": past, "k": K})["items"]
        found = ours.must("POST", "/v1/recommend", {"user_id": f"guest-{number}", "k": K})["items"]
        shared.append(len({one["item_id"] for one in exact} & {one["item_id"] for one in found}) / len(exact))
    return float(np.mean(shared))


def limits(size: str, turns: list[dict[str, Any]]) -> dict[str, Any]:
    """What scoring all items must read from memory, how fast one core reads, and what that allows."""
    numbers = SIZES[size].items * 64 * 4
    pace = reading_pace(numbers)
    bound = pace / numbers
    plain = median(turn["plain"]["per_server_cpu_second"] for turn in turns)
    return {
        "bytes_of_vectors": numbers, "one_core_reads_gb_per_second": pace / 1e9,
        "full_scorings_per_second_if_only_reading_cost": bound, "plain_share_of_that": plain / bound,
    }  # fmt: skip


def reading_pace(numbers: int) -> float:
    """Bytes a second that one core reads from an array of so many bytes, the best of several products with a vector."""
    rows, vector = np.ones((numbers // 256, 64), dtype=np.float32), np.ones(64, dtype=np.float32)
    best = 0.0
    for _ in range(9):
        begun = time.process_time()
        for _ in range(max(1, 2 * 10**8 // numbers)):
            rows @ vector
        best = max(best, max(1, 2 * 10**8 // numbers) * numbers / (time.process_time() - begun))
    return best
