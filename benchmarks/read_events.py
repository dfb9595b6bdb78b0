"""Reading a log of events from Parquet: CPU seconds, memory against the size of the result, and the second load.

    python -m benchmarks.read_events            # ten million events, writes results/read_events.json
    python -m benchmarks.read_events --quick    # a million; fails when the limits below are not kept

The file is made in a temporary folder by a seeded generator: text ids of about 200,000 people and 100,000 items with a skewed
popularity, times in no order. Each reading runs in a fresh process with two threads. `ratio` is the memory that reading adds
at its peak, over what the process held once everything is imported, divided by the bytes of the final arrays.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.recording import provenance, write_result

THREADS = "2"
SEED = 20
FULL_ROWS = 10_000_000
ROOT = Path(__file__).parent.parent


CPU_SECONDS_PER_MILLION = 3.0
MEMORY_RATIO = 3.0
SECOND_LOAD_SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=FULL_ROWS)
    parser.add_argument("--quick", action="store_true", help="a million rows, nothing stored")
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    parser.add_argument("--child", nargs=2, metavar=("FILE", "CACHE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        print(json.dumps(read_once(Path(chosen.child[0]), Path(chosen.child[1]))))
        return
    n = 1_000_000 if chosen.quick else chosen.rows
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.parquet"
        make_file(file, n)
        without = in_child(file, Path("-"))
        first = in_child(file, Path(folder) / "cache")
        second = in_child(file, Path(folder) / "cache")
    result = {
        "rows": n,
        "seed": SEED,
        "threads": int(THREADS),
        "cpu_seconds": without["cpu_seconds"],
        "wall_seconds": without["wall_seconds"],
        "rss_before_mb": without["rss_before_mb"],
        "rss_peak_mb": without["rss_peak_mb"],
        "array_mb": without["array_mb"],
        "vocabulary_mb": without["vocabulary_mb"],
        "ratio": round((without["rss_peak_mb"] - without["rss_before_mb"]) / without["array_mb"], 2),
        "first_load_with_cache_cpu_seconds": first["cpu_seconds"],
        "second_load_seconds": second["wall_seconds"],
        "second_load_from_cache": second["from_cache"],
        "same_digest": without["digest"] == second["digest"],
        "digest": without["digest"],
    }
    print(json.dumps(result, indent=1))
    if chosen.out:
        made_by = provenance(["benchmarks.read_events", *sys.argv[1:]])
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(json.dumps({"made_by": made_by, **result}, indent=1) + "\n", encoding="utf-8")
    elif n == FULL_ROWS:
        print(write_result("read_events", result, "benchmarks.read_events"), file=sys.stderr)
    sys.exit("\n".join(broken_limits(result, n)) or None)


def broken_limits(result: dict[str, Any], n: int) -> list[str]:
    """What is not as it should be. The ratio is judged on many rows only: a batch has a fixed cost."""
    broken = []
    if result["cpu_seconds"] > CPU_SECONDS_PER_MILLION * n / 1e6:
        broken.append(f"{result['cpu_seconds']} CPU seconds; expected {CPU_SECONDS_PER_MILLION} a million rows at most")
    if n >= 5_000_000 and result["ratio"] > MEMORY_RATIO:
        broken.append(f"memory ratio {result['ratio']}; expected {MEMORY_RATIO} at most")
    if not result["second_load_from_cache"] or result["second_load_seconds"] > SECOND_LOAD_SECONDS:
        broken.append(f"second load {result['second_load_seconds']} s; expected {SECOND_LOAD_SECONDS} at most")
    if not result["same_digest"]:
        broken.append("the second load differs from the first")
    return broken


def make_file(path: Path, n: int) -> None:
    """Writes the log; in pieces, so that the maker needs little memory too."""
    import polars as pl

    rng = np.random.default_rng(SEED)
    parts = []
    for start in range(0, n, 1_000_000):
        m = min(1_000_000, n - start)
        user = (rng.random(m) ** 2 * 200_000).astype(np.int32)
        item = (rng.random(m) ** 3 * 100_000).astype(np.int32)
        at = rng.integers(1_500_000_000, 1_550_000_000, m)
        frame = pl.DataFrame({"u": user, "i": item, "timestamp": at})
        part = path.with_name(f"part-{start}.parquet")
        frame.select(
            pl.format("user-{}", "u").alias("user_id"), pl.format("item-{}", "i").alias("item_id"), "timestamp"
        ).write_parquet(part)
        parts.append(part)
    pl.scan_parquet(parts).sink_parquet(path)
    for part in parts:
        part.unlink()


def in_child(file: Path, cache: Path) -> dict[str, Any]:
    environment = os.environ | {"POLARS_MAX_THREADS": THREADS, "OMP_NUM_THREADS": THREADS}
    command = [sys.executable, "-m", "benchmarks.read_events", "--child", str(file), str(cache)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=ROOT)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def read_once(file: Path, cache: Path) -> dict[str, Any]:
    import polars as pl

    from penchant.data.files import load

    # the import of polars is not complete before it has read its first file; that is no part of the data
    tiny = pl.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "y"], "timestamp": [1_500_000_000, 1_500_000_001]})
    load(tiny)
    before = memory("VmRSS")
    cpu, wall = time.process_time(), time.perf_counter()
    loaded = load(file, cache=None if str(cache) == "-" else cache)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = memory("VmHWM")
    log, data = loaded.dataset.interactions, loaded.dataset
    arrays = sum(part.nbytes for part in (log.user, log.item, log.at, log.kind, log.value))
    texts = sum(part.nbytes for ids in (data.users.ids, data.items.ids) for part in (ids.blob, ids.offsets))
    return {
        "cpu_seconds": round(cpu, 2),
        "wall_seconds": round(wall, 3),
        "rss_before_mb": round(before, 1),
        "rss_peak_mb": round(peak, 1),
        "array_mb": round((arrays + texts) / 1e6, 1),
        "vocabulary_mb": round(texts / 1e6, 1),
        "from_cache": loaded.report.from_cache,
        "digest": data.digest,
    }


def memory(name: str) -> float:
    """A line of the process status in megabytes: VmRSS now, VmHWM the peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1e3
    raise RuntimeError(f"no {name} in the process status; this benchmark needs Linux")


if __name__ == "__main__":
    main()
