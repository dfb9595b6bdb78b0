"""What training to a fixed quality costs beside RecTools' SASRec, and how near it comes to what the processor can multiply.

    python -m benchmarks.training                       # an hour or more on one core
    python -m benchmarks.training --lengths 50 --repeats 1
    python -m benchmarks.training --quick               # two passes of each, nothing stored

MovieLens-1M, published leave-one-out split: both learn from the train rows; after each pass all 6,040 people are asked for the
event that follows their train rows (`held` and `train_extra`; test rows are not looked at), seen items excluded. The figure is
CPU seconds of training until ndcg@10 reaches .12, judging left out, and people per CPU second of recommending ten items each.
Both: 64 numbers an item, 2 blocks, 2 heads, batches of 128, cross-entropy over the whole catalogue, one thread, a process
of its own each time, in turn. The network within a block has the width of its input in both. RecTools is measured as it comes
and, if time allows (``--systems``), with the allocator told to keep memory (environment variables of glibc), as this package
does by itself.

`share_of_bound`: operations of the products that a pass needs (forward once, backward twice; attention in full) per CPU
second of training, over the best square product of this machine in the precision that was used.
Writes ``results/training.json``, where rows of other lengths stay.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.recording import RESULTS, write_result
from benchmarks.sets import data_root, read_set
from penchant.data.features import Categories
from penchant.errors import UserError

ROOT, CHILD = Path(__file__).parent.parent, Path(__file__).with_name("training_child.py")
PEER = "rectools[torch]==0.19.*"
TARGET = 0.12
EPOCHS = {"own": 20, "rectools": 60}
KEEPS_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "268435456", "MALLOC_TRIM_THRESHOLD_": "17179869184"}
SYSTEMS: dict[str, dict[str, str]] = {"rectools": {}, "rectools, memory kept": KEEPS_MEMORY, "own": {}}
DIM, BLOCKS, INNER = 64, 2, 1
WANTED = {50: 0.5, 200: 1 / 3}
"""CPU seconds over those of RecTools, at most, for each length."""

WANTED_ASKING = 5.0


def environment(folder: Path) -> Path:
    """The interpreter of the peer's environment, with the same torch as here; it is made when it is not there."""
    home = folder / "rectools-torch-0.19.x"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        wanted = [PEER, f"torch=={version('torch')}"]
        print(f"installing {' '.join(wanted)} into {home}", file=sys.stderr)
        venv.create(home, clear=True, with_pip=True)
        if subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=False).returncode:
            raise UserError(f"{PEER}: pip could not install it; see its message above")
        (home / "ready").touch()
    return python


def prepared(file: Path, people: int | None) -> dict[str, Any]:
    """Writes the train rows, each person's in order, and the event after them; sizes for counting operations."""
    log = read_set("ml-1m-loo").interactions
    split = log.extra["split"]
    assert isinstance(split, Categories)
    train = split.codes == split.names.number("train")
    after = np.isin(split.codes, [split.names.number(name) for name in ("held", "train_extra")])
    n_users = people or int(log.user.max()) + 1
    train &= log.user < n_users
    right = np.full(n_users, -1)
    rows = np.flatnonzero(after & (log.user < n_users))
    right[log.user[rows]] = log.item[rows]
    kept = np.flatnonzero(train)
    place = np.zeros(len(log.user), dtype=np.int64) if log.order is None else log.order
    kept = kept[np.lexsort((place[kept], log.user[kept]))]
    user = log.user[kept]
    counts = np.bincount(user, minlength=n_users)
    # ties in time would leave the order to the reader of the file: every event has a second of its own
    at = (np.arange(len(kept)) - np.repeat(np.cumsum(counts) - counts, counts)) * 1000 + 978_300_000_000
    used, item = np.unique(log.item[kept], return_inverse=True)
    right = np.where(np.isin(right, used), np.searchsorted(used, right), -1)
    np.savez(file, user=user, item=item, at=at, right=right, n_users=n_users, n_items=len(used))
    return {"events": len(kept), "people": n_users, "items": len(used)}


def operations(sizes: dict[str, int], length: int) -> float:
    """Operations of the products of a pass of ours, forward and backward."""
    block = 2 * DIM * (4 * DIM + 2 * INNER * DIM) + 4 * length * DIM
    return 3.0 * sizes["events"] * (BLOCKS * block + 2 * DIM * sizes["items"])


def child(python: Path, name: str, *words: object, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """One measurement in a process of its own, one thread."""
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")]) if name != "rectools" else ""
    done = subprocess.run(
        [str(python), "-W", "ignore", str(CHILD), name, *map(str, words)],
        env={**os.environ, **threads, "PYTHONPATH": path, **(environment or {})},
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise UserError(f"{name}: the measured process failed; see its message above")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def summary(turns: list[dict[str, dict[str, Any]]], length: int, sizes: dict[str, int], bound: float) -> dict[str, Any]:
    """Medians, ratios within a turn, and whether the figures wanted are reached."""
    row: dict[str, Any] = {"length": length, "turns": turns}
    for name in turns[0]:
        if name != "own":
            row[f"cpu_seconds_ratio to {name}"] = median(
                t["own"]["cpu_seconds"] / t[name]["cpu_seconds"] for t in turns
            )
            asked = [t["own"]["people_per_cpu_second"] / t[name]["people_per_cpu_second"] for t in turns]
            row[f"people_ratio to {name}"] = median(asked)
    pace = [operations(sizes, length) * t["own"]["passes"] / t["own"]["cpu_seconds"] / 1e9 for t in turns]
    row |= {"gflop_per_cpu_second": median(pace), "share_of_bound": median(pace) / bound}
    # a peer that was stopped before it got there would have taken longer: the ratio is then a bound from above
    row["all_reached_the_target"] = all(t[name]["reached"] for t in turns for name in t)
    row["wanted"] = {"cpu_seconds_ratio": WANTED.get(length), "people_ratio": WANTED_ASKING}
    return row


def _length(row: dict[str, Any]) -> int:
    return int(row["length"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", default="50,200")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument(
        "--peer-passes", type=int, help="stop the peer after so many: its CPU seconds are then a lower bound"
    )
    parser.add_argument("--settings", type=json.loads, default={}, help="of our sasrec, as JSON")
    parser.add_argument("--systems", default=",,".join(SYSTEMS), help="some of them, with two commas between")
    parser.add_argument("--venvs", type=Path, default=Path.home() / ".cache" / "penchant" / "peers")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    data_root()
    pythons = {"own": Path(sys.executable), "rectools": environment(chosen.venvs)}
    bound = child(pythons["own"], "products")
    print(f"best products: {bound}", flush=True)
    used = "bfloat16" if bound["bfloat16"] > bound["float32"] else "float32"
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.npz"
        sizes = prepared(file, 300 if chosen.quick else None)
        for length in [int(word) for word in chosen.lengths.split(",")]:
            turns = []
            for _ in range(chosen.repeats):
                turn = {}
                for name in chosen.systems.split(",,"):
                    kind = name.partition(",")[0]
                    words: list[object] = ["--data", file, "--length", length, "--target", TARGET]
                    words += ["--epochs", 2 if chosen.quick else (kind != "own" and chosen.peer_passes) or EPOCHS[kind]]
                    words += (
                        ["--settings", json.dumps({"inner_factor": INNER, **chosen.settings})] if kind == "own" else []
                    )
                    turn[name] = child(pythons[kind], kind, *words, environment=SYSTEMS[name])
                    told = {key: value for key, value in turn[name].items() if key != "curve"}
                    print(f"{name}, length {length}: {told}", flush=True)
                turns.append(turn)
            rows.append(summary(turns, length, sizes, bound[used]))
            print(json.dumps({key: value for key, value in rows[-1].items() if key != "turns"}), flush=True)
    if not chosen.quick:
        path = RESULTS / "training.json"
        before = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
        rows = sorted([*(r for r in before if r["length"] not in [row["length"] for row in rows]), *rows], key=_length)
        about = {"target": TARGET, "sizes": sizes, "threads": 1, "settings": chosen.settings, "products": bound}
        write_result("training", {**about, "products_used": used, "rows": rows}, "benchmarks.training")
    return 0


if __name__ == "__main__":
    sys.exit(main())
