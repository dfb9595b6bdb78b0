"""The same figures from ir-measures (trec_eval behind it), an implementation that is not ours."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.metrics.names import Metric
from penchant.metrics.ranking import ranked_lists

ir_measures = pytest.importorskip("ir_measures", reason="ir-measures is the second implementation of the metrics")

N_LISTS, WIDTH = 60, 25
THEIR_NAMES = {"ndcg": "nDCG", "recall": "R", "precision": "P", "map": "AP", "mrr": "RR", "hit": "Success"}


@pytest.mark.parametrize("k", [1, 3, 10, 25])
def test_agrees_with_ir_measures_on_random_lists(k: int) -> None:
    rng = np.random.default_rng(k)
    hits = rng.random((N_LISTS, WIDTH)) < rng.choice([0.02, 0.1, 0.4], (N_LISTS, 1))
    relevant = hits.sum(axis=1) + rng.integers(0, 4, N_LISTS)
    ours = ranked_lists(hits, relevant, [Metric(name, k) for name in THEIR_NAMES])

    run = [ir_measures.ScoredDoc(str(p), f"r{r}", float(WIDTH - r)) for p in range(N_LISTS) for r in range(WIDTH)]
    judged = [ir_measures.Qrel(str(p), f"r{r}", int(hits[p, r])) for p in range(N_LISTS) for r in range(WIDTH)]
    # Relevant items that the list does not hold.
    judged += [
        ir_measures.Qrel(str(p), f"missed{i}", 1) for p in range(N_LISTS) for i in range(relevant[p] - hits[p].sum())
    ]
    measures = [ir_measures.parse_measure(f"{theirs}@{k}") for theirs in THEIR_NAMES.values()]
    theirs = {(str(row.measure), int(row.query_id)): row.value for row in ir_measures.iter_calc(measures, judged, run)}

    n_compared = 0
    for name, their_name in THEIR_NAMES.items():
        for p in np.flatnonzero(relevant > 0):
            # Their AP divides by all relevant items, ours by min(k, relevant).
            if name == "map" and relevant[p] > k:
                continue
            expected = theirs[f"{their_name}@{k}", int(p)]
            assert ours[f"{name}@{k}"][p] == pytest.approx(expected, abs=1e-9), (name, p)
            n_compared += 1
    assert n_compared > 4 * N_LISTS
