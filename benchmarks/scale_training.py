"""Training of sasrec on a world of 20 million events from memory-mapped columns, and on a catalogue of a million items.

    python -m benchmarks.scale_training                       # both; more than an hour on one core
    python -m benchmarks.scale_training --only catalogue
    python -m benchmarks.scale_training --quick               # a hundredth of each, nothing stored; fails past the limits

In the simulated world people take turns, all of them in each round. Half of the time a person takes the item that the world
says follows the last one, else an item of the person's taste, popular ones more often. So what is to be learned is known:
`follows` is the share of people whose true follower is among the ten best of the catalogue, beside that of the most popular
items. The world is made and trained on in processes of their own, one thread each. `events` is asked at two sizes:
`private_mb` is memory that is the process's own at its peak; pages of the mapped files are not, the system takes them back
when it must. Writes ``results/scale_training.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.recording import write_result
from penchant.data.cache import open_dataset, save_dataset
from penchant.data.dataset import Dataset
from penchant.data.features import FeatureTable
from penchant.data.interactions import Interactions
from penchant.data.schema import EventKind, Schema
from penchant.data.vocabulary import Vocabulary

ROOT = Path(__file__).parent.parent
SEED = 7
TASTES = 64
FOLLOWS = 0.5
DAY = 86_400_000


@dataclass(frozen=True, kw_only=True)
class World:
    """Sizes of a simulated world; `rounds` x `people` events."""

    people: int
    rounds: int
    items: int

    @property
    def events(self) -> int:
        return self.people * self.rounds


SMALL = World(people=20_000, rounds=100, items=20_000)
LARGE = World(people=200_000, rounds=100, items=20_000)
CATALOGUE = World(people=50_000, rounds=40, items=1_000_000)
SETTINGS = {
    "embedding_dim": 64, "max_len": 50, "batch_size": 128, "epochs": 1, "early_stop": False,
    "loss": "sampled", "n_negatives": 1024,
}  # fmt: skip
CATALOGUE_LIMIT_MB = 3000
FLAT_BYTES_PER_EVENT = 40
"""Private bytes that an event more may cost: its place in the order of the person's past, and what sorting it takes."""


def followers(world: World) -> np.ndarray:
    """The item that follows each: int32 [items], one cycle through all of them."""
    order = np.random.default_rng(SEED).permutation(world.items).astype(np.int32)
    after = np.empty_like(order)
    after[order] = np.roll(order, -1)
    return after


def made(world: World) -> Dataset:
    """The log in order of time."""
    rng, after = np.random.default_rng(SEED + 1), followers(world)
    taste = rng.integers(0, TASTES, world.people)
    shape = (world.rounds, world.people)
    user, item = np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.int32)
    at = np.empty(shape, dtype=np.int64)
    last = np.zeros(world.people, dtype=np.int32)
    for turn in range(world.rounds):
        # within a taste the k-th item is drawn with a density that falls with k
        rank = (rng.random(world.people) ** 3 * (world.items // TASTES)).astype(np.int64)
        fresh = ((taste + rank * TASTES) % world.items).astype(np.int32)
        goes_on = (rng.random(world.people) < FOLLOWS) & (turn > 0)
        last = np.where(goes_on, after[last], fresh)
        order = rng.permutation(world.people)
        user[turn], item[turn] = order, last[order]
        at[turn] = turn * DAY + np.sort(rng.integers(0, DAY, world.people))
    n = world.events
    return Dataset(
        schema=Schema(repeats="allow", kinds={"play": EventKind()}),
        users=Vocabulary.of([f"u{i}" for i in range(world.people)]),
        items=Vocabulary.of([f"i{i}" for i in range(world.items)]),
        interactions=Interactions(
            user=user.reshape(n), item=item.reshape(n), at=at.reshape(n),
            kind=np.zeros(n, dtype=np.int8), value=np.ones(n, dtype=np.float32),
        ),
        user_features=FeatureTable(n_rows=world.people),
        item_features=FeatureTable(n_rows=world.items),
        name=f"{n} simulated events",
    )  # fmt: skip


class Enough(Exception):
    """The steps that were asked for are done."""


class Watch:
    """A reporter that samples memory while a net learns, and stops it after `steps` (0: never)."""

    def __init__(self, steps: int) -> None:
        self.steps, self.done, self.private, self.first, self.notes = steps, 0, [], 0.0, []

    def note(self, text: str) -> None:
        self.notes.append(text)
        print(text, file=sys.stderr)

    def progress(self, task: str, done: int, total: int) -> None:
        self.private.append(private_mb())
        self.first = self.first or time.process_time()
        self.done = done
        if len(self.private) % 50 == 1:
            print(f"{task} ({done} of {total}), {self.private[-1]:.0f} MB", file=sys.stderr)
        if self.steps and done >= self.steps:
            raise Enough


def status() -> Iterator[tuple[str, float]]:
    """Sizes of this process, in MB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if value.endswith("kB"):
            yield name, int(value.split()[0]) / 1024


def private_mb() -> float:
    return dict(status())["RssAnon"]


def trained(folder: Path, world: World, steps: int) -> dict[str, Any]:
    """Trains on a world that lies in `folder`; what it cost and what was learned."""
    import torch

    from penchant.models.sasrec import Sasrec
    from penchant.train.run import Run

    torch.set_num_threads(1)
    data, watch = open_dataset(folder), Watch(steps)
    imported, cpu = private_mb(), time.process_time()
    model = Sasrec(**SETTINGS)
    try:
        model.fit(data, run=Run(seed=SEED, reporter=watch))
    except Enough:
        model.net.eval()
    ended = time.process_time()
    half = watch.private[len(watch.private) // 2 :]
    found = {
        "steps": watch.done,
        "cpu_seconds": ended - cpu,
        "cpu_seconds_before_the_first_step": watch.first - cpu,
        "private_mb_imported": imported,
        "private_mb": max(watch.private),
        "private_mb_growth_in_second_half": max(half) - min(half),
        "peak_rss_mb": dict(status())["VmHWM"],
        "estimate": watch.notes[0],
    }
    return {**found, **asked(model, data, world)}


def asked(model: Any, data: Dataset, world: World) -> dict[str, float]:
    """The share of a thousand people whose true follower is among the ten best, and among the ten most popular."""
    from penchant.query import Query

    people = np.random.default_rng(SEED).choice(world.people, min(1000, world.people), replace=False)
    last = np.empty(world.people, dtype=np.int32)
    last[data.interactions.user[-world.people :]] = data.interactions.item[-world.people :]
    right = followers(world)[last[people]]
    queries = [Query(user_id=data.users.id(int(person)), k=10, repeats="allow") for person in people]
    lists = [data.items.numbers(answer.item_ids)[0] for answer in model.recommend_many(queries)]
    popular = np.argsort(-np.bincount(data.interactions.item, minlength=world.items), kind="stable")[:10]
    return {
        "follows": float(np.mean([item in found for item, found in zip(right, lists, strict=True)])),
        "follows_popular": float(np.isin(right, popular).mean()),
    }


def in_child(*words: object) -> str:
    """Runs this file in a process of its own; its last line."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    command = [sys.executable, "-m", "benchmarks.scale_training", *map(str, words)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1] if done.stdout else ""


def measured(world: World, steps: int) -> dict[str, Any]:
    """Makes the world and trains on it."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = json.dumps(asdict(world))
        in_child("--make", folder, "--world", sizes)
        found: dict[str, Any] = json.loads(in_child("--train", folder, "--world", sizes, "--steps", steps))
        found["mapped_mb"] = sum(path.stat().st_size for path in Path(folder).iterdir()) / 2**20
    print(json.dumps({**asdict(world), **found}, indent=1), flush=True)
    return {"world": asdict(world), "events": world.events, **found}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("events", "catalogue"))
    parser.add_argument("--steps", type=int, default=0, help="of each training; 0: a whole pass")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--world", type=json.loads, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.make:
        save_dataset(made(World(**chosen.world)), chosen.make)
        return 0
    if chosen.train:
        print(json.dumps(trained(chosen.train, World(**chosen.world), chosen.steps)))
        return 0
    share = 100 if chosen.quick else 1
    small, large, wide = (replace(world, people=max(200, world.people // share)) for world in (SMALL, LARGE, CATALOGUE))
    result: dict[str, Any] = {"seed": SEED, "threads": 1, "settings": SETTINGS}
    broken = []
    if chosen.only != "catalogue":
        sizes = [measured(world, chosen.steps) for world in (small, large)]
        more = (sizes[1]["private_mb"] - sizes[0]["private_mb"]) * 2**20 / (large.events - small.events)
        result["events"] = {"sizes": sizes, "private_bytes_per_event_more": more, "limit": FLAT_BYTES_PER_EVENT}
        # a hundredth is too little to be told from what grows with the first steps
        flat = chosen.quick or more <= FLAT_BYTES_PER_EVENT
        broken += [] if flat else [f"{more:.0f} private bytes for an event more"]
    if chosen.only != "events":
        result["catalogue"] = found = measured(wide, chosen.steps)
        found["limit_mb"] = CATALOGUE_LIMIT_MB
        broken += [f"peak of {found['peak_rss_mb']:.0f} MB"] if found["peak_rss_mb"] > CATALOGUE_LIMIT_MB else []
    print("missed: " + ", ".join(broken) if broken else "within the limits")
    if not chosen.quick and not chosen.only:
        write_result("scale_training", result, "benchmarks.scale_training")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
