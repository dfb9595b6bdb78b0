"""The row of `benchmarks.serve` about memory of another kind: lists served under many models, drawn again exactly."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.serve_calls import K, event, person, serving
from benchmarks.serve_process import Server
from benchmarks.serve_world import SERVED, SIZES
from penchant.errors import UserError

NOTICED_WITHIN = 5.0


def why(models: list[Path], size: str, swaps: int, answers: int) -> dict[str, Any]:
    """Serves lists while two models take turns and people go on; afterwards each list must come out the same again."""
    with serving(models, size) as server:
        known = [one["version"] for one in server.must("GET", "/v1/models")["models"]]
        kept: list[dict[str, Any]] = []
        noticed = []
        for swap in range(swaps):
            noticed.append(swapped(server, known[swap % len(known)]))
            kept += lived(server, size, swap, answers // swaps)
        return {"swaps": swaps, "versions": len(known), "slowest_swap_seconds": max(noticed), **redrawn(server, kept)}


def swapped(server: Server, version: str) -> float:
    """Activates a version; seconds until lists come from it."""
    begun = time.monotonic()
    server.must("POST", f"/v1/models/{version}:activate")
    while server.must("POST", "/v1/recommend", {"user_id": person(0), "k": K})["model_version"] != version:
        if time.monotonic() > begun + NOTICED_WITHIN:
            raise UserError(f"lists do not come from {version} {NOTICED_WITHIN:g} s after it was activated")
        time.sleep(0.05)
    return time.monotonic() - begun


def lived(server: Server, size: str, swap: int, n: int) -> list[dict[str, Any]]:
    """People play something and ask for a list; the lists."""
    rng = np.random.default_rng([13, swap])
    found = []
    for turn in range(n):
        user = person(int(rng.integers(SERVED)))
        item = f"i{int(rng.integers(SIZES[size].items))}"
        server.must("POST", "/v1/events", [event(user, item, f"why-{swap}-{turn}", time.time())])
        found.append(server.must("POST", "/v1/recommend", {"user_id": user, "k": K}))
    return found


def redrawn(server: Server, kept: list[dict[str, Any]]) -> dict[str, Any]:
    """How many of the lists the server draws again exactly: the same items in the same order with the same scores."""
    same, claimed, wrong, begun = 0, 0, [], time.monotonic()
    for one in kept:
        told = server.must("GET", f"/v1/recommendations/{one['recommendation_id']}")
        again = told["again"]
        good = [(i["item_id"], i["score"]) for i in again] == [(i["item_id"], i["score"]) for i in one["items"]]
        same, claimed = same + good, claimed + bool(told["same"])
        if not (good and told["same"]) and len(wrong) < 3:
            wrong.append({"served": one, "told": told})
    milliseconds = 1000 * (time.monotonic() - begun) / max(1, len(kept))
    return {
        "answers": len(kept),
        "same": same,
        "share_same": same / len(kept),
        "server_says_same": claimed,
        "why_ms": milliseconds,
        "wrong": wrong,
    }
