"""The worlds that `benchmarks.serve` serves: a model folder as `penchant train` writes it, and people who come to be served.

    python -m benchmarks.serve_world --size 100k --model sasrec

Items belong to tastes. A person has three tastes, stays with one for a while, and takes in it the item that the world says
follows the last one (half of the time), else one that is drawn, popular ones more often. So vectors are learned and lie in
clumps, as an index meets them, and what was learned is known: `in_taste` is the share of the ten best that lie in the
three tastes of a person never seen in training, beside that of chance and of the most popular items. The people who are served
come from the same world and are in no log. Models are kept below `--worlds` and made once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
WORLDS = Path.home() / ".cache" / "penchant" / "serve"
SEED = 7
DAY = 86_400_000
END = 1_767_225_600_000
"""The log ends with the year 2025 (milliseconds)."""

OWN_TASTES, STAYS, FOLLOWS = 3, 0.85, 0.5
SERVED, PAST = 2_000, 50
"""People who are served, and how many events each has done."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Sizes: `rounds` x `people` events; `passes` of training over them; a greater `skew` makes popular items more so."""

    items: int
    people: int
    rounds: int
    tastes: int
    passes: int
    skew: float = 1.5


SIZES = {
    "2k": World(items=2_000, people=500, rounds=60, tastes=20, passes=2),
    "100k": World(items=100_000, people=20_000, rounds=60, tastes=250, passes=5),
    "1m": World(items=1_000_000, people=100_000, rounds=60, tastes=1_000, passes=2, skew=4.0),
}
MODELS: dict[str, tuple[str, dict[str, Any], int]] = {
    "sasrec": ("sasrec", {"embedding_dim": 64, "max_len": 50, "n_layers": 2}, SEED),
    "itemknn": ("itemknn", {}, SEED),
}
"""Model, settings and seed of each folder."""

TRAINING = {"loss": "sampled", "n_negatives": 512, "batch_size": 64, "learning_rate": 0.005, "early_stop": False}


def followers(world: World) -> np.ndarray:
    """The item of the same taste that follows each, int32 [items]; item i belongs to taste i modulo `tastes`."""
    order = np.random.default_rng(SEED).permuted(np.arange(world.items).reshape(-1, world.tastes), axis=0)
    after = np.empty(world.items, dtype=np.int32)
    after[order] = np.roll(order, -1, axis=0)
    return after


def lived(world: World, people: int, rounds: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """What people take, int32 [rounds, people], and their tastes int64 [people, 3]."""
    after, size = followers(world), world.items // world.tastes
    own = rng.integers(0, world.tastes, (people, OWN_TASTES))
    item = np.empty((rounds, people), dtype=np.int32)
    taste, last = own[:, 0], np.zeros(people, dtype=np.int32)
    for turn in range(rounds):
        stays = (rng.random(people) < STAYS) & (turn > 0)
        taste = np.where(stays, taste, own[np.arange(people), rng.integers(0, OWN_TASTES, people)])
        drawn = (rng.random(people) ** world.skew * size).astype(np.int32) * world.tastes + taste
        last = np.where(stays & (rng.random(people) < FOLLOWS), after[last], drawn).astype(np.int32)
        item[turn] = last
    return item, own


def logged(world: World) -> Any:
    """The log that models learn from, in order of time."""
    from penchant.data.dataset import Dataset
    from penchant.data.features import FeatureTable
    from penchant.data.interactions import Interactions
    from penchant.data.schema import EventKind, Schema
    from penchant.data.vocabulary import Vocabulary

    rng = np.random.default_rng(SEED + 1)
    item, _ = lived(world, world.people, world.rounds, rng)
    user, at = np.empty_like(item), np.empty(item.shape, dtype=np.int64)
    for turn in range(world.rounds):
        order = rng.permutation(world.people).astype(np.int32)
        user[turn], item[turn] = order, item[turn, order]
        at[turn] = END - (world.rounds - turn) * DAY + np.sort(rng.integers(0, DAY, world.people))
    n = item.size
    return Dataset(
        schema=Schema(repeats="exclude", kinds={"play": EventKind()}),
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


def served(world: World) -> tuple[np.ndarray, np.ndarray]:
    """What the people who are served did, int32 [SERVED, PAST], oldest first, and their tastes [SERVED, 3]."""
    item, own = lived(world, SERVED, PAST, np.random.default_rng(SEED + 2))
    return item.T.copy(), own


class Told:
    """A reporter that counts the steps of a training, and shows them every ten seconds."""

    def __init__(self) -> None:
        self.steps, self.begun, self.shown = 0, 0.0, 0.0

    def note(self, text: str) -> None:
        print(text, file=sys.stderr)

    def progress(self, task: str, done: int, total: int) -> None:
        self.begun = self.begun or time.process_time()
        self.steps = done
        if time.monotonic() > self.shown + 10 or done == total:
            self.shown = time.monotonic()
            print(f"{task} {done}/{total}: {time.process_time() - self.begun:.1f} CPU s", file=sys.stderr)


def made(size: str, label: str, folder: Path) -> dict[str, Any]:
    """Trains and saves; what it cost and what was learned."""
    from penchant.registry import model_class
    from penchant.train.run import Run

    world, (name, settings, seed), told = SIZES[size], MODELS[label], Told()
    if name == "sasrec":
        import torch

        torch.set_num_threads(1)
        settings = {**settings, **TRAINING, "epochs": world.passes}
    log = logged(world)
    begun = time.process_time()
    model = model_class(name)(**settings).fit(log, run=Run(seed=seed, reporter=told))
    cost = time.process_time() - begun
    model.save(folder)
    known = float(log.seen_items.mean())
    return {
        "size": size, "world": asdict(world), "events": len(log), "model": name, "settings": settings, "seed": seed,
        "steps": told.steps, "fit_cpu_seconds": cost, "share_of_items_with_events": known, **judged(model, world, log),
    }  # fmt: skip


def judged(model: Any, world: World, log: Any) -> dict[str, float]:
    """How much of the lists of 500 people never seen lies in their own tastes."""
    from penchant.query import Past, Query

    pasts, own = served(world)
    asked = [Query(history=tuple(Past(item_id=f"i{i}") for i in past), k=10) for past in pasts[:500]]
    numbers = np.asarray([log.items.numbers(answer.item_ids)[0] for answer in model.recommend_many(asked)])
    popular = np.argsort(-np.bincount(log.interactions.item, minlength=world.items), kind="stable")[:10]

    def share(items: np.ndarray) -> float:
        same = (items % world.tastes)[:, :, None] == own[:500, None, :]
        return float(same.any(2).mean())

    return {
        "in_taste": share(numbers),
        "in_taste_popular": share(np.broadcast_to(popular, (500, 10))),
        "in_taste_chance": 1 - (1 - 1 / world.tastes) ** OWN_TASTES,
    }


def model_folder(size: str, label: str, worlds: Path = WORLDS) -> tuple[Path, dict[str, Any]]:
    """A model folder and what is known of it; made in a process of its own, one thread, when it is not there."""
    home = worlds / size / label
    told = home.with_suffix(".json")
    # the name and the sizes are what a folder is known by: another world of the same name is made anew
    wanted = json.dumps([asdict(SIZES[size]), *MODELS[label], TRAINING])
    if told.exists() and json.loads(told.read_text(encoding="utf-8"))["made_of"] == wanted:
        found: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))["told"]
        return home, found
    print(f"making the world {size} and training {label}", file=sys.stderr)
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    command = [sys.executable, "-m", "benchmarks.serve_world", "--into", str(home), "--size", size, "--model", label]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    told.write_text(json.dumps({"made_of": wanted, "told": found}), encoding="utf-8")
    return home, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=sorted(SIZES), default="100k")
    parser.add_argument("--model", choices=sorted(MODELS), default="sasrec")
    parser.add_argument("--worlds", type=Path, default=WORLDS, help="folder that keeps what was made")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.into:
        print(json.dumps(made(chosen.size, chosen.model, chosen.into)))
        return
    folder, told = model_folder(chosen.size, chosen.model, chosen.worlds)
    print(json.dumps({"folder": str(folder), **told}, indent=1))


if __name__ == "__main__":
    main()
