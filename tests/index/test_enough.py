"""How many rows are read until the best are found."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.index.clusters import Clusters
from penchant.index.protocol import Float32

pytest.importorskip("faiss")
from penchant.index.enough import BEST, QUESTIONS, rows_read_for_best  # noqa: E402


def in_parts(rows: Float32, parts: int) -> Clusters:
    members = np.array_split(np.arange(len(rows)), parts)
    return Clusters(np.stack([rows[m].mean(axis=0) for m in members]), members, rows)


def test_rows_of_one_cluster_are_all_read() -> None:
    rows = np.random.default_rng(1).normal(size=(300, 8)).astype(np.float32)
    assert rows_read_for_best(in_parts(rows, 1), rows, 7) == [300] * (QUESTIONS * BEST)


def test_clear_clusters_need_few_rows_and_cut_ones_many() -> None:
    # twenty clumps of fifty rows, far from one another, beside the same rows cut without regard to clumps. A sum of rows of up
    # to five clumps finds its ten best in these
    rng = np.random.default_rng(2)
    rows = (np.repeat(20 * np.eye(20), 50, axis=0) + rng.normal(size=(1000, 20))).astype(np.float32)
    clear = rows_read_for_best(in_parts(rows, 20), rows, 7)
    mixed = rng.permutation(1000)
    cut = rows_read_for_best(in_parts(rows[mixed], 20), rows[mixed], 7)
    assert clear == sorted(clear)
    assert clear[-1] <= 5 * 50
    assert np.mean(cut) > 300


def test_the_same_seed_asks_the_same() -> None:
    rows = np.random.default_rng(3).normal(size=(400, 8)).astype(np.float32)
    clusters = in_parts(rows, 16)
    assert rows_read_for_best(clusters, rows, 7) == rows_read_for_best(clusters, rows, 7)
    assert rows_read_for_best(clusters, rows, 7) != rows_read_for_best(clusters, rows, 8)


def test_of_very_few_rows_all_are_read() -> None:
    rows = np.ones((12, 2), dtype=np.float32)
    assert rows_read_for_best(in_parts(rows, 2), rows, 7) == [12]
