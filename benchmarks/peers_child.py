"""One system, one process: fits, recommends, and prints what both cost as one line of JSON. Started by `benchmarks.peers`.

    python peers_child.py SYSTEM --train TRAIN.npz --threads 1 --lists LISTS.npz [--settings JSON] [--without-numba]

Runs in the environment of the system that it measures, so that nothing but numpy and scipy is imported before that is known.
Only the fit and the recommending are measured, not imports and not the reading of the log.
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
import scipy.sparse as sp

K = 20
BLOCK = 256


def cost(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What `work` returns, its CPU seconds (user + system, all threads of this process), and its wall seconds."""
    before, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    result = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return result, cpu, time.perf_counter() - wall


def matrix_of(log: Any) -> sp.csr_matrix:
    ones = np.ones(len(log["user"]), dtype=np.float32)
    return sp.csr_matrix((ones, (log["user"], log["item"])), shape=(int(log["n_users"]), int(log["n_items"])))


def implicit_system(name: str, log: Any, settings: dict[str, Any], threads: int) -> dict[str, Any]:
    """`implicit`: numbers in, numbers out."""
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import CosineRecommender

    made = {"implicit-als": AlternatingLeastSquares, "implicit-cosine": CosineRecommender}[name]
    model, chosen = made(num_threads=threads, **settings), matrix_of(log)
    _, fit, fit_wall = cost(lambda: model.fit(chosen, show_progress=False))
    people = np.arange(chosen.shape[0])
    found, asked, asked_wall = cost(lambda: model.recommend(people, chosen, N=K, filter_already_liked_items=True))
    return {
        "fit": fit, "fit_wall": fit_wall, "asked": asked, "asked_wall": asked_wall, "lists": np.asarray(found[0]),
    }  # fmt: skip


def rectools_system(log: Any, settings: dict[str, Any], threads: int) -> dict[str, Any]:
    """`rectools`: external ids in, a frame with external ids out."""
    import pandas as pd
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.models import EASEModel

    frame = pd.DataFrame({Columns.User: log["user"], Columns.Item: log["item"], Columns.Weight: 1.0})
    frame[Columns.Datetime] = pd.to_datetime(log["at"], unit="ms")
    data = Dataset.construct(frame)
    model = EASEModel(recommend_n_threads=threads, **settings)
    _, fit, fit_wall = cost(lambda: model.fit(data))
    people = np.unique(log["user"])
    found, asked, asked_wall = cost(lambda: model.recommend(people, data, k=K, filter_viewed=True))
    lists = np.full((int(log["n_users"]), K), -1)
    lists[found[Columns.User].to_numpy(), found[Columns.Rank].to_numpy() - 1] = found[Columns.Item].to_numpy()
    return {"fit": fit, "fit_wall": fit_wall, "asked": asked, "asked_wall": asked_wall, "lists": lists}


def own_system(name: str, log: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """This package: texts in and out through `recommend_many`, and numbers through `score_batch` and `top_k`."""
    from benchmarks.sets import read_set
    from penchant.query import Query
    from penchant.registry import model_class

    train = read_set("ml-1m").take(slice(0, len(log["user"])))
    model = model_class(name)(**settings)
    _, loading, _ = cost(load_compiled)
    _, fit, fit_wall = cost(lambda: model.fit(train))
    ids = list(train.users)

    def in_words() -> list[Any]:
        return model.recommend_many([Query(user_id=user, k=K, repeats="exclude") for user in ids])

    found, asked, asked_wall = cost(in_words)
    _, arrays, _ = cost(lambda: in_numbers(model, train))
    lists = np.full((len(ids), K), -1)
    for row, answer in enumerate(found):
        lists[row, : len(answer.item_ids)] = train.items.numbers(answer.item_ids)[0]
    return {
        "fit": fit, "fit_wall": fit_wall, "asked": asked, "asked_wall": asked_wall, "asked_arrays": arrays,
        "loading_compiled": loading, "lists": lists,
    }  # fmt: skip


def load_compiled() -> None:
    """Loads the compiled code, or compiles it where no cache holds it."""
    if sys.modules.get("numba", "") is None:
        return
    from penchant.models import alternating, compiled, neighbours

    usual, compiled.WORTH_LOADING = compiled.WORTH_LOADING, 0
    one = np.ones((1, 1), dtype=np.float32)
    cell = sp.csr_matrix(one)
    neighbours.similar(cell, cell, 1, one[0], 0.0)
    alternating.nearer(cell, one, one, one[0], one, 1)
    compiled.WORTH_LOADING = usual


def in_numbers(model: Any, train: Any) -> np.ndarray:
    """The best items of all people, int32 [n_users, K], without a text."""
    from penchant.data.batch import QueryBatch
    from penchant.data.profiles import user_rows
    from penchant.models.topk import forbid_seen, top_k

    parts, sequences = [], train.sequences
    now = int(train.interactions.at[-1]) + 1
    for start in range(0, train.n_users, BLOCK):
        people = np.arange(start, min(start + BLOCK, train.n_users), dtype=np.int32)
        batch = QueryBatch(
            at=np.full(len(people), now, dtype=np.int64),
            user=people,
            history=sequences.histories(sequences.offsets[people], sequences.offsets[people + 1]),
            user_features=user_rows(train.user_features, people, [{}] * len(people), train.schema),
            items=train.item_features,
            popularity=model.catalogue.popularity,
        )
        scores = model.score_batch(batch)
        forbid_seen(scores, batch.history)
        parts.append(top_k(scores, K).items)
    return np.concatenate(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("system")
    parser.add_argument("--train", required=True)
    parser.add_argument("--lists", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--settings", default="{}")
    parser.add_argument("--without-numba", action="store_true")
    arguments = parser.parse_args()
    if arguments.without_numba:
        sys.modules["numba"] = None  # type: ignore[assignment]
    log, settings = dict(np.load(arguments.train)), json.loads(arguments.settings)
    if arguments.system.startswith("implicit"):
        result = implicit_system(arguments.system, log, settings, arguments.threads)
    elif arguments.system.startswith("rectools"):
        result = rectools_system(log, settings, arguments.threads)
    else:
        result = own_system(arguments.system, log, settings)
    np.savez(arguments.lists, lists=result.pop("lists"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result["peak_mb"] = peak / 1e6 if sys.platform == "darwin" else peak / 1e3
    print(json.dumps(result))


if __name__ == "__main__":
    main()
