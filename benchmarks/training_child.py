"""One system, one process: trains to a validation metric, recommends, and prints both costs. Started by `benchmarks.training`.

    python training_child.py SYSTEM --data DATA.npz --length 50 --target 0.12 --epochs 30 [--settings JSON]

Runs in the environment of the system that it measures, so that nothing but numpy is imported before that is known. Judging is
no part of the cost: the processor's clock stops while the lists of all people are made, in both systems after each pass.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

K = 10
SEED = 7


class Reached(Exception):
    """The validation metric is as good as was asked for."""


class Clock:
    """Processor seconds of training, pass by pass, and the metric after each."""

    def __init__(self, right: np.ndarray, target: float) -> None:
        self.right, self.target = right, target
        self.seconds, self.since, self.curve = 0.0, time.process_time(), []

    def start(self) -> None:
        self.since = time.process_time()

    def judged(self, lists: Callable[[], np.ndarray]) -> float:
        """ndcg@10 of the lists int [people, 10]; raises Reached when it is good enough."""
        self.seconds += time.process_time() - self.since
        hit, place = np.nonzero(lists() == self.right[:, None])
        value = float((1 / np.log2(place + 2)).sum() / len(self.right))
        self.curve.append([round(self.seconds, 2), value])
        print(
            f"pass {len(self.curve)}: ndcg@10 {value:.4f} after {self.seconds:.1f} CPU s", file=sys.stderr, flush=True
        )
        if value >= self.target:
            raise Reached
        self.start()
        return value


def own_system(data: Any, clock: Clock, length: int, epochs: int, settings: dict[str, Any]) -> Callable[[], np.ndarray]:
    """This package; the answer makes the lists of all people."""
    import torch

    from penchant.data.dataset import Dataset
    from penchant.data.features import FeatureTable
    from penchant.data.interactions import Interactions
    from penchant.data.schema import EventKind, Schema
    from penchant.data.vocabulary import Vocabulary
    from penchant.models.sasrec import Sasrec
    from penchant.query import Query
    from penchant.train.run import Run

    torch.set_num_threads(1)
    n, people, items = len(data["user"]), int(data["n_users"]), int(data["n_items"])
    by_time = np.argsort(data["at"], kind="stable")
    log = Dataset(
        schema=Schema(repeats="exclude", kinds={"event": EventKind()}),
        users=Vocabulary.of([f"u{i}" for i in range(people)]),
        items=Vocabulary.of([f"i{i}" for i in range(items)]),
        interactions=Interactions(
            user=data["user"][by_time].astype(np.int32), item=data["item"][by_time].astype(np.int32),
            at=data["at"][by_time], kind=np.zeros(n, dtype=np.int8), value=np.ones(n, dtype=np.float32),
        ),
        user_features=FeatureTable(n_rows=people),
        item_features=FeatureTable(n_rows=items),
    )  # fmt: skip

    class Watched(Sasrec):
        def _learner(self, *arguments: Any) -> Any:
            learner = super()._learner(*arguments)
            learner.judge = lambda: clock.judged(lambda: lists(self))
            clock.start()
            return learner

    queries = [Query(user_id=f"u{i}", k=K, repeats="exclude") for i in range(people)]

    def lists(model: Any) -> np.ndarray:
        found = np.full((people, K), -1)
        for row, answer in enumerate(model.recommend_many(queries)):
            found[row, : len(answer.item_ids)] = [int(item[1:]) for item in answer.item_ids]
        return found

    chosen = {"embedding_dim": 64, "n_layers": 2, "batch_size": 128, "loss": "softmax", **settings}
    model = Watched(max_len=length, epochs=epochs, patience=epochs, early_stop=False, **chosen)
    try:
        model.fit(log, run=Run(seed=SEED))
    except Reached:
        model.net.eval()
    return lambda: lists(model)


def rectools_system(
    data: Any, clock: Clock, length: int, epochs: int, settings: dict[str, Any]
) -> Callable[[], np.ndarray]:
    """RecTools; one fit, judged by a callback after each pass, so that its optimiser keeps its state."""
    import pandas as pd
    import torch
    from pytorch_lightning import Callback, Trainer, seed_everything
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.models import SASRecModel

    torch.set_num_threads(1)
    seed_everything(SEED, verbose=False)
    frame = pd.DataFrame({Columns.User: data["user"], Columns.Item: data["item"], Columns.Weight: 1.0})
    frame[Columns.Datetime] = pd.to_datetime(data["at"], unit="ms")
    log, people = Dataset.construct(frame), np.arange(int(data["n_users"]))

    def lists() -> np.ndarray:
        found = model.recommend(people, log, k=K, filter_viewed=True)
        made = np.full((len(people), K), -1)
        made[found[Columns.User].to_numpy(), found[Columns.Rank].to_numpy() - 1] = found[Columns.Item].to_numpy()
        return made

    class Judge(Callback):
        def on_train_start(self, trainer: Any, module: Any) -> None:
            clock.start()

        def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
            model.is_fitted = True
            clock.judged(lists)
            module.train()

    def trainer() -> Any:
        quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        return Trainer(max_epochs=epochs, accelerator="cpu", callbacks=[Judge()], enable_model_summary=False, **quiet)

    chosen = {"n_factors": 64, "n_blocks": 2, "n_heads": 2, "batch_size": 128, "loss": "softmax", **settings}
    model = SASRecModel(session_max_len=length, epochs=epochs, get_trainer_func=trainer, **chosen)
    try:
        model.fit(log)
    except Reached:
        model.is_fitted = True
    return lists


def products(size: int, n: int) -> dict[str, float]:
    """The best of several square matrix products, in 10^9 operations per CPU second, in both precisions."""
    import torch

    torch.set_num_threads(1)
    found = {}
    for name, kind in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        a, b = torch.randn(size, size).to(kind), torch.randn(size, size).to(kind)
        best = 0.0
        for _ in range(n):
            begun = time.process_time()
            torch.mm(a, b)
            best = max(best, 2 * size**3 / (time.process_time() - begun) / 1e9)
        found[name] = best
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("system", choices=("own", "rectools", "products"))
    parser.add_argument("--data")
    parser.add_argument("--length", type=int)
    parser.add_argument("--target", type=float)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--settings", type=json.loads, default={})
    chosen = parser.parse_args()
    if chosen.system == "products":
        print(json.dumps(products(2048, 8)))
        return
    data = np.load(chosen.data)
    clock = Clock(data["right"], chosen.target)
    system = own_system if chosen.system == "own" else rectools_system
    lists = system(data, clock, chosen.length, chosen.epochs, chosen.settings)
    lists()  # once to load what is loaded late
    begun = time.process_time()
    lists()
    asked = time.process_time() - begun
    result = {
        "curve": clock.curve,
        "passes": len(clock.curve),
        "reached": clock.curve[-1][1] >= chosen.target,
        "cpu_seconds": clock.curve[-1][0],
        "ndcg@10": clock.curve[-1][1],
        "people_per_cpu_second": int(data["n_users"]) / asked,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
