"""Rows of `benchmarks.serve` about strain: twice the load that can be carried, stalled connections, memory over ten minutes."""

from __future__ import annotations

import threading
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.serve_calls import K, Stalled, person, post, questions, serving
from benchmarks.serve_load import Measured, Request, Spec, drive
from benchmarks.serve_process import Server
from benchmarks.serve_speed import closed, middle, opened
from benchmarks.serve_world import SERVED, SIZES

MANY_CONNECTIONS = 256
UNLOADED = 0.1
"""The share of the capacity that leaves a server unloaded."""

WINDOW = 0.1
"""Seconds; a server has recovered once a window of this length, and all later ones, are as good as unloaded ones."""


def overload(model: Path, size: str, runs: int, seconds: float) -> dict[str, Any]:
    """Twice the capacity for a while, then half of it."""
    with serving([model], size) as server:
        asked = questions()
        capacity = median(closed(server, asked, seconds / 2)["per_second"] for _ in range(3))
        turns = []
        for run in range(runs):
            alone = opened(server, asked, (UNLOADED * capacity, seconds), seed=run)
            phases = ((2 * capacity, seconds), (capacity / 2, 5.0))
            found = drive(asked, Spec(port=server.port, connections=MANY_CONNECTIONS, phases=phases, seed=run))
            turns.append(strained(alone, found, seconds))
        return {
            "capacity_per_second": capacity, "turns": turns, "p99_over_unloaded": middle(turns, "p99_over_unloaded"),
            "refused_share": middle(turns, "refused_share"), "recovery_seconds": middle(turns, "recovery_seconds"),
            "share_served_or_429": 1 - sum(turn["other_statuses"] for turn in turns) / sum(t["requests"] for t in turns),
        }  # fmt: skip


def strained(alone: Measured, found: Measured, until: float) -> dict[str, Any]:
    """One run: the accepted during the overload beside an unloaded server, what was refused, and the time to recover."""
    during, quiet = found.due < until, alone.told()
    p50, p99 = np.percentile(found.milliseconds(during), [50, 99])
    refused = found.status == 429
    return {
        "unloaded": quiet, "accepted_p50_ms": float(p50), "accepted_p99_ms": float(p99),
        "p99_over_unloaded": float(p99 / quiet["p99_ms"]),
        "accepted_per_second": float((found.ok & during).sum() / until),
        "refused_share": float(refused[during].mean()),
        "refused_p99_ms": float(np.percentile(1000 * (found.done - found.due)[refused], 99)) if refused.any() else None,
        "requests": len(found.due), "other_statuses": int((~found.ok & ~refused).sum()),
        "recovery_seconds": recovery(found, until, quiet["p99_ms"]),
    }  # fmt: skip


def recovery(found: Measured, until: float, unloaded_p99: float) -> float:
    """Seconds after the overload from which on all is served and the middle of each window is within the unloaded p99."""
    edges = np.arange(until, found.due.max(), WINDOW)
    recovered = until
    for low in edges.tolist():
        inside = (found.due >= low) & (found.due < low + WINDOW)
        if inside.any():
            slow = float(np.median(found.milliseconds(inside))) > unloaded_p99 if found.ok[inside].any() else True
            recovered = low + WINDOW if slow or not found.ok[inside].all() else recovered
    return float(recovered - until)


def stalled(model: Path, size: str, runs: int, seconds: float, n: int = 500) -> dict[str, Any]:
    """Half load before, beside and after connections that stall in the middle of a request."""
    with serving([model], size) as server:
        asked = questions()
        rate = median(closed(server, asked, seconds / 2)["per_second"] for _ in range(3)) / 2
        turns = []
        for run in range(runs):
            before = opened(server, asked, (rate, seconds), seed=run).told()
            with Stalled(server, n) as held:
                during = opened(server, asked, (rate, seconds), seed=run).told()
            after = opened(server, asked, (rate, seconds), seed=run).told()
            turns.append({"before": before, "during": during, "after": after, "opened": held.opened})
        during, after = (
            [turn[when]["p99_ms"] / turn["before"]["p99_ms"] for turn in turns] for when in ("during", "after")
        )
        return {
            "connections": n, "half_load_per_second": rate, "turns": turns, "share_served": served_share(turns),
            "p99_during_over_before": median(during), "p99_after_over_before": median(after),
        }  # fmt: skip


def served_share(turns: list[dict[str, Any]]) -> float:
    """The share of the requests beside stalled connections that were served."""
    good = sum(turn["during"]["statuses"].get("200", 0) for turn in turns)
    return float(good / sum(turn["during"]["requests"] for turn in turns))


def memory(model: Path, size: str, seconds: float) -> dict[str, Any]:
    """Mixed traffic at a third of the capacity, memory each second."""
    with serving([model], size) as server:
        rate = closed(server, questions(), 5.0)["per_second"] / 3
        samples: list[tuple[float, float]] = []
        over = threading.Event()
        watch = threading.Thread(target=sampled, args=(server, over, samples))
        watch.start()
        found = opened(server, mixed(size, round(rate * seconds)), (rate, seconds))
        over.set()
        watch.join()
        private, resident = (np.asarray(column) for column in zip(*samples, strict=True))
        tenth = max(1, len(private) // 10)
        early, late = float(np.median(private[2 * tenth : 3 * tenth])), float(np.median(private[-tenth:]))
        settled = private[2 * tenth :]
        slope = float(np.polyfit(np.arange(len(settled)), settled, 1)[0]) if len(settled) > 2 else 0.0
        return {
            "seconds": seconds, "per_second": rate, **found.told(), "private_mb_third_tenth": early,
            "private_mb_last_tenth": late, "last_over_third_tenth": late / early,
            "slope_mb_per_hour": slope * 3600, "slope_bytes_per_request": slope * 2**20 / rate,
            "private_mb": private[:: max(1, len(private) // 60)].tolist(), "rss_mb_last": float(resident[-1]),
        }  # fmt: skip


def sampled(server: Server, over: threading.Event, samples: list[tuple[float, float]]) -> None:
    while not over.wait(1.0):
        sizes = server.memory_mb()
        samples.append((sizes["private_mb"], sizes["rss_mb"]))


def mixed(size: str, n: int) -> list[Request]:
    """Of ten requests seven ask for a list, two tell an event that is now, one asks what is like an item or trends."""
    rng, items = np.random.default_rng(11), SIZES[size].items
    found = []
    for turn, draw in enumerate(rng.random(n).tolist()):
        user = person(int(rng.integers(SERVED)))
        if draw < 0.7:
            found.append(post("/v1/recommend", {"user_id": user, "k": K}))
        elif draw < 0.9:
            item = f"i{int(rng.integers(items))}"
            found.append(
                post("/v1/events", {"user_id": user, "item_id": item, "kind": "play", "event_id": f"mixed-{turn}"})
            )
        else:
            path = f"/v1/items/i{int(rng.integers(items))}/similar?k=10" if draw < 0.95 else "/v1/trending?k=10"
            found.append(Request(method="GET", path=path))
    return found
