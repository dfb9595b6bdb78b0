"""What it costs to find the best items by vectors, and to answer a whole question, beside scoring everything.

    python -m benchmarks.retrieval                  # 100,000 and 1,000,000 items; two minutes on one core
    python -m benchmarks.retrieval --items 100000

Vectors of 64 numbers in 300 clusters of unequal size and length; questions are mixtures of a centre and an item. Every search
is for the 500 nearest. `found` is the share of the 20 best of all that are among them. Times are CPU microseconds on one thread
(median of the questions), taken in turn, so that a busy machine slows all rows alike; the ratios are what counts. `plain` is
what a server without an index does: one product with all vectors, then the ten best. `request` is the whole request path with
its default settings around a model that is nothing but those vectors: filters, retrieval, ranking of what was retrieved,
contract; `beside` is its time less that of the search and of the ranking.
Writes ``results/retrieval.json``.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.recording import write_result
from penchant.data.arrays import AnyArray, Bool, Float32, Nums, frozen
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.features import FeatureTable
from penchant.data.interactions import Interactions
from penchant.data.questions import Task
from penchant.data.schema import Schema
from penchant.data.vocabulary import Vocabulary
from penchant.index.exact import ExactIndex
from penchant.index.growing import GrowingIndex
from penchant.index.lists import ListsIndex
from penchant.models.base import Model, ModelConfig
from penchant.models.topk import top_k
from penchant.pipeline.asked import Asked, World
from penchant.pipeline.settings import build_pipeline
from penchant.query import Past, Query
from penchant.rng import generator
from penchant.train.run import Run

D, CLUSTERS, QUESTIONS, NEAREST, BEST, EVENTS = 64, 300, 200, 500, 20, 500_000


def vectors(n: int) -> tuple[Float32, Float32]:
    """Items float32 [n, 64] and questions float32 [200, 64]."""
    rng = generator(7, "retrieval benchmark")
    centre = rng.normal(size=(CLUSTERS, D))
    share = rng.dirichlet(np.full(CLUSTERS, 0.5))
    rows = centre[rng.choice(CLUSTERS, n, p=share)] + 0.7 * rng.normal(size=(n, D))
    rows *= np.exp(0.3 * rng.normal(size=(n, 1)))
    near = centre[rng.choice(CLUSTERS, QUESTIONS, p=share)] + 0.7 * rng.normal(size=(QUESTIONS, D))
    asked = 0.6 * near + 0.4 * rows[rng.integers(0, n, QUESTIONS)]
    return rows.astype(np.float32), asked.astype(np.float32)


class Products(Model):
    """Scores are products of vectors; the question of a moment is the one with that number of seconds."""

    config: ModelConfig
    rows: Float32
    asked: Float32

    def query_vectors(self, batch: QueryBatch) -> Float32:
        """float32 [B, 64]."""
        return self.asked[batch.at // 1000 % QUESTIONS]

    def item_vectors(self) -> Float32:
        """float32 [n_items, 64]."""
        return self.rows

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        self.rows, self.asked = vectors(train.n_items)
        self.known = np.ones(train.n_items, dtype=np.bool_)

    def _score(self, batch: QueryBatch) -> Float32:
        return self.query_vectors(batch) @ self.rows.T

    def _score_some(self, batch: QueryBatch, items: Nums) -> Float32:
        return self.query_vectors(batch) @ self.rows[items].T

    def _state(self) -> dict[str, AnyArray]:
        return {}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        """Nothing is kept."""


def served(n: int) -> tuple[Products, list[Query]]:
    """The model on a log of half a million events over sixty days, and questions with fifty events each."""
    rng = generator(8, "retrieval benchmark")
    log = Interactions(
        user=frozen(rng.integers(0, 1000, EVENTS).astype(np.int32)),
        item=frozen((n * rng.random(EVENTS) ** 3).astype(np.int32)),
        at=frozen(np.sort(rng.integers(0, 60 * 86_400_000, EVENTS))),
        kind=frozen(np.zeros(EVENTS, dtype=np.int8)),
        value=frozen(np.ones(EVENTS, dtype=np.float32)),
    )
    names = [f"item{i}" for i in range(n)]
    people = FeatureTable(n_rows=1000)
    data = Dataset(
        schema=Schema(), users=Vocabulary.of(f"u{i}" for i in range(1000)), items=Vocabulary.of(names),
        interactions=log, user_features=people, item_features=FeatureTable(n_rows=n),
    )  # fmt: skip
    past = tuple(Past(item_id=names[i]) for i in rng.integers(0, n, 50).tolist())
    return Products().fit(data), [Query(history=past, at=61 * 86_400.0 + i) for i in range(QUESTIONS)]


def in_turn(ways: Mapping[str, Callable[[int], Any]]) -> dict[str, list[float]]:
    """CPU microseconds of each way for each question; all ways are asked one question before the next."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for question in range(-5, QUESTIONS):
        for name, way in ways.items():
            began = time.thread_time()
            way(question)
            if question >= 0:
                spent[name].append((time.thread_time() - began) * 1e6)
    return spent


def measured(n: int) -> dict[str, Any]:
    """One size."""
    import faiss

    faiss.omp_set_num_threads(1)
    model, queries = served(n)
    rows, asked = model.rows, model.asked
    exact, plain_exact = ExactIndex(rows), ExactIndex(rows)
    plain_exact._faiss = False
    began = time.process_time()
    lists = ListsIndex(rows)
    build = time.process_time() - began
    eight: Any = faiss.IndexScalarQuantizer(D, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    eight.train(rows[:50_000])
    eight.add(rows)
    world = World(version="v", model=model, index=GrowingIndex(lists), fresh=np.zeros(0, dtype=np.int32))
    withheld = frozen(np.zeros(n, dtype=np.bool_))
    questions = [_question(world, query, withheld) for query in queries]
    pipeline = build_pipeline()
    traces: list[list[float]] = []

    def request(question: int) -> None:
        # a question keeps what it computed, so it is asked once
        answer = pipeline.answer(replace(questions[question]))
        traces.append([stage.milliseconds * 1000 for stage in answer.trace])

    spent = in_turn(
        {
            "plain": lambda q: top_k((rows @ asked[q])[None], 10),
            "exact, numpy": lambda q: plain_exact.search(asked[q], NEAREST),
            "exact, faiss": lambda q: exact.search(asked[q], NEAREST),
            "8 bits, all": lambda q: eight.search(asked[q][None], NEAREST),
            "lists": lambda q: lists.search(asked[q], NEAREST),
            "request": request,
        }
    )
    best = [exact.search(q, BEST)[0] for q in asked]
    found = {
        "8 bits, all": share_held(best, [eight.search(q[None], NEAREST)[1] for q in asked]),
        "lists": share_held(best, [lists.search(q, NEAREST)[0] for q in asked]),
    }
    micro = {name: float(np.median(times)) for name, times in spent.items()}
    stages = [stage.stage for stage in pipeline.answer(replace(questions[0])).trace]
    typical = np.median(np.asarray(traces), axis=0)
    of_stage = dict(zip(stages, typical.tolist(), strict=True))
    result = {
        "items": n,
        "lists": lists.lists,
        "rows_read": lists.rows_read,
        "found_at_build": round(lists.found, 4),
        "build_cpu_seconds": round(build, 2),
        "cpu_microseconds": {name: round(value) for name, value in micro.items()},
        "found": {name: round(value, 4) for name, value in found.items()},
        "stages_microseconds": {name: round(value) for name, value in of_stage.items()},
        "beside": round(micro["request"] - of_stage["retrieve model"] - of_stage["rank model"]),
        "plain_over_lists": round(micro["plain"] / micro["lists"], 1),
        "plain_over_request": round(micro["plain"] / micro["request"], 1),
    }
    print(result)
    return result


def share_held(best: Sequence[Nums], found: Sequence[AnyArray]) -> float:
    """The share of the best rows of each question that is among those found."""
    return float(np.mean([np.isin(own, rows).mean() for own, rows in zip(best, found, strict=True)]))


def _question(world: World, query: Query, withheld: Bool) -> Asked:
    encoded = world.model.encode([query])
    return Asked(
        query=query,
        encoded=encoded,
        world=world,
        withheld=withheld,
        seen=np.unique(encoded.batch.history.item),
        draw=lambda: generator(7),
    )


def main() -> None:
    """Measures each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, action="append", help="size of the catalogue; may be repeated")
    sizes = parser.parse_args().items or [100_000, 1_000_000]
    if os.environ.get("OMP_NUM_THREADS") != "1":
        raise SystemExit("set OMP_NUM_THREADS=1: times are those of one thread")
    write_result("retrieval", {"sizes": [measured(n) for n in sizes]}, "benchmarks.retrieval")


if __name__ == "__main__":
    main()
