"""Which clusters come first, and how many are read."""

from __future__ import annotations

import math

import numpy as np

from penchant.index.clusters import Clusters
from penchant.index.protocol import Float32


def two() -> tuple[Float32, Clusters]:
    """A tight cluster of two rows around (1, 0), and a wide one of four around (0, 0)."""
    rows = np.asarray([[1.1, 0], [0.9, 0], [2, 0], [-2, 0], [0, 2], [0, -2]], dtype=np.float32)
    centres = np.asarray([[1, 0], [0, 0]], dtype=np.float32)
    return rows, Clusters(centres, [np.asarray([0, 1]), np.asarray([2, 3, 4, 5])], rows)


def test_a_wide_cluster_comes_before_a_nearer_tight_one() -> None:
    rows, clusters = two()
    query = np.asarray([3, 0], dtype=np.float32)
    order, middle = clusters.in_order(query)
    assert middle.tolist() == [3, 0]
    assert order.tolist() == [1, 0]
    # and rightly so: row 2, of the wide one, has the greatest product
    assert int((rows @ query).argmax()) == 2


def test_the_reach_is_that_of_the_formula() -> None:
    # mean squares of a number: .01 / 2 of the tight one, 4 / 2 of the wide one; half again as far, as clusters are stretched
    _, clusters = two()
    expected = [1.5 * math.sqrt(0.005 * 2 * math.log(2)), 1.5 * math.sqrt(2 * 2 * math.log(4))]
    assert np.allclose(clusters._reach, expected, rtol=1e-5)


def test_a_longer_question_has_the_same_order() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(60, 4)).astype(np.float32)
    members = [np.arange(k, 60, 6) for k in range(6)]
    clusters = Clusters(np.stack([rows[m].mean(axis=0) for m in members]), members, rows)
    query = rng.normal(size=4).astype(np.float32)
    assert clusters.in_order(query)[0].tolist() == clusters.in_order(8 * query)[0].tolist()
    assert clusters.of_row.tolist() == [place % 6 for place in range(60)]


def test_clusters_are_read_until_they_held_enough() -> None:
    _, clusters = two()
    order = np.asarray([1, 0])
    assert [clusters.read_until(order, rows) for rows in (1, 4, 5, 6, 99)] == [1, 1, 2, 2, 2]


def test_empty_clusters_and_those_of_one_row_reach_nowhere() -> None:
    rows = np.ones((1, 2), dtype=np.float32)
    clusters = Clusters(np.zeros((2, 2), dtype=np.float32), [np.zeros(0, dtype=np.int64), np.asarray([0])], rows)
    assert clusters._reach.tolist() == [0, 0]
    assert clusters.sizes.tolist() == [0, 1]
