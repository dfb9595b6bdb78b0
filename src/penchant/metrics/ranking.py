"""Ranking figures per question (one relevant item) and per list (any number of them).

With binary relevance, ``hits`` = relevant items among the first k ranks, and ``relevant`` = all relevant items:

- ``recall@k`` = hits / relevant, ``recall_capped@k`` = hits / min(k, relevant), ``precision@k`` = hits / k;
- ``hit@k`` = 1 if there is a hit, else 0; ``mrr@k`` = 1 / rank of the first hit, 0 if it lies beyond k;
- ``map@k`` = sum of the precision at the rank of each hit / min(k, relevant);
- ``ndcg@k`` = sum over hits of 1 / log2(1 + rank), over the same sum for hits at ranks 1 .. min(k, relevant)
  (Järvelin & Kekäläinen 2002, with the discount that became standard after Burges et al. 2005).

Every figure lies in 0 .. 1, and higher is better.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from penchant.errors import BadData
from penchant.metrics.names import Metric
from penchant.metrics.shapes import TRUTH, WHOLE, checked, within

Float64s = npt.NDArray[np.float64]


def single_target(n_above: npt.ArrayLike, n_tied: npt.ArrayLike, metrics: Sequence[Metric]) -> dict[str, Float64s]:
    """Figures of questions that have one relevant item each, fair to ties.

    The value is the expectation of the metric over a uniformly random order among the equals, that is over the ranks
    n_above + 1 .. n_above + 1 + n_tied (McSherry & Najork, ECIR 2008). So a scorer that gives all items the
    same score gets exactly the figure of the random ranker.

    Args:
        n_above: whole numbers [Q], candidates that scored strictly above the target.
        n_tied: whole numbers [Q], *other* candidates with exactly the target's score.
        metrics: which figures.

    Returns:
        Metric text -> float64 [Q], never NaN. With one relevant item recall, recall_capped and hit are the same, and so
        are mrr and map.

    Raises:
        BadData: wrong shapes or kinds, or a negative count.

    Two candidates share the best score: the target is first or second with equal chance, (1 + 1/2) / 2 = 0.75.

    >>> single_target([0], [1], [Metric("mrr", 10)])
    {'mrr@10': array([0.75])}
    """
    above = checked("n_above", n_above, (None,), WHOLE).astype(np.int64)
    tied = checked("n_tied", n_tied, above.shape, WHOLE).astype(np.int64)
    within("n_above", above, 0)
    within("n_tied", tied, 0)
    last_rank = above + 1 + tied
    # Nobody stands deeper than this, so a huge k costs no memory.
    depth = int(last_rank.max(initial=1))
    values: dict[str, Float64s] = {}
    for metric in metrics:
        k = min(metric.k, depth)
        total = np.concatenate(([0.0], np.cumsum(_gain_at_rank(metric, k))))
        values[str(metric)] = (total[np.minimum(last_rank, k)] - total[np.minimum(above, k)]) / (tied + 1)
    return values


def _gain_at_rank(metric: Metric, depth: int) -> Float64s:
    """The metric's value when the only relevant item stands at rank 1, 2, .. depth: float64 [depth]."""
    ranks = np.arange(1, depth + 1, dtype=np.float64)
    if metric.name == "ndcg":
        return np.asarray(1.0 / np.log2(1.0 + ranks))
    if metric.name in ("mrr", "map"):
        return 1.0 / ranks
    return np.full(depth, 1.0 / metric.k if metric.name == "precision" else 1.0)


def ranked_lists(hits: npt.ArrayLike, n_relevant: npt.ArrayLike, metrics: Sequence[Metric]) -> dict[str, Float64s]:
    """Figures of lists with any number of relevant items.

    Args:
        hits: true or false [P, K]; hits[p, r] says that the item at rank r + 1 of list p is relevant. Lists shorter
            than K are filled up with False.
        n_relevant: whole numbers [P], all relevant items of the person, in the list or not.
        metrics: which figures; none deeper than K.

    Returns:
        Metric text -> float64 [P]; NaN for a person without a relevant item (no opinion).

    Raises:
        BadData: wrong shapes or kinds, a metric deeper than K, or more hits than relevant items.

    Hits at ranks 1 and 3, of three relevant items: map@3 = (1/1 + 2/3) / 3.

    >>> ranked_lists([[True, False, True]], [3], [Metric("map", 3), Metric("precision", 2)])
    {'map@3': array([0.55555556]), 'precision@2': array([0.5])}
    """
    hit_PK = checked("hits", hits, (None, None), TRUTH).astype(bool, copy=False)
    n_lists, width = hit_PK.shape
    relevant = checked("n_relevant", n_relevant, (n_lists,), WHOLE).astype(np.int64)
    within("n_relevant", relevant, 0)
    for metric in metrics:
        if metric.k > width:
            raise BadData(f"{metric}: the lists hold {width} ranks; ask for {metric.k} or choose a smaller depth")
    too_many = np.flatnonzero(np.count_nonzero(hit_PK, axis=1) > relevant)
    if too_many.size:
        row = int(too_many[0])
        raise BadData(
            f"hits[{row}] has {np.count_nonzero(hit_PK[row])} hits but n_relevant[{row}] is {relevant[row]}: "
            "count every relevant item, and no item twice in a list"
        )
    found = _walk_down(hit_PK, np.where(relevant > 0, relevant, 1), metrics)
    return {str(metric): np.where(relevant > 0, found[metric], np.nan) for metric in metrics}


def _walk_down(
    hit_PK: npt.NDArray[np.bool_], relevant: npt.NDArray[np.int64], metrics: Sequence[Metric]
) -> dict[Metric, Float64s]:
    """One walk down the ranks for all lists at once; each figure is read off at its depth. Memory: a few [P] arrays."""
    depth = max((metric.k for metric in metrics), default=0)
    discounts = _gain_at_rank(Metric("ndcg", 1), depth)
    # Summed in the same order as the gains below, so that a perfect list is 1 to the last bit.
    ideal = np.cumsum(discounts)
    n_lists = hit_PK.shape[0]
    n_hits, gain, precisions, first = (np.zeros(n_lists) for _ in range(4))
    values: dict[Metric, Float64s] = {}
    for k in range(1, depth + 1):
        hit = hit_PK[:, k - 1]
        first[hit & (n_hits == 0)] = 1.0 / k
        n_hits += hit
        gain[hit] += discounts[k - 1]
        precisions[hit] += n_hits[hit] / k
        for metric in metrics:
            if metric.k != k:
                continue
            reachable = np.minimum(relevant, k)
            match metric.name:
                case "ndcg":
                    value = gain / ideal[reachable - 1]
                case "recall":
                    value = n_hits / relevant
                case "recall_capped":
                    value = n_hits / reachable
                case "precision":
                    value = n_hits / k
                case "hit":
                    value = (n_hits > 0).astype(np.float64)
                case "mrr":
                    value = first.copy()
                case _:
                    value = precisions / reachable
            values[metric] = value
    return values
