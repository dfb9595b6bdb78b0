"""How many rows a search has to read to find nearly all of the best: measured on the rows themselves, not assumed."""

from __future__ import annotations

import numpy as np

from penchant.index.clusters import Clusters
from penchant.index.protocol import Float32
from penchant.rng import generator

QUESTIONS, SUMMED, BEST = 200, 5, 10
"""Questions asked, how many rows each is the sum of, and how many of the best are looked for.

Sums of some rows stand for tastes that are made of some items. They lie less close to their best than what a trained model
asks, so that they ask for more rows: of sasrec at 100,000 items, three times as many; at a million, twice as many.
"""


def rows_read_for_best(clusters: Clusters, dense: Float32, seed: int) -> list[int]:
    """Rows that are read until one of the best is found, rising, one number for each of the best of each question.

    The rows a question is made of are not counted: they are what somebody has seen. Costs 200 products with all rows (1.5 s at
    a million rows of 64, on one core).
    """
    import faiss

    if len(dense) <= SUMMED + BEST:
        return [len(dense)]
    made_of = generator(seed, "rows to read").integers(0, len(dense), (QUESTIONS, SUMMED))
    questions = dense[made_of].sum(axis=1)
    _, nearest = faiss.knn(questions, dense, SUMMED + BEST, metric=faiss.METRIC_INNER_PRODUCT)
    read: list[int] = []
    for question, own, rows in zip(questions, made_of, nearest, strict=True):
        order, _ = clusters.in_order(question)
        until = np.empty(len(order), dtype=np.int64)
        until[order] = clusters.sizes[order].cumsum()
        read += until[clusters.of_row[rows[~np.isin(rows, own)][:BEST]]].tolist()
    return sorted(read)
