"""The probe on vectors that say everything, nothing, or half of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from penchant.data.arrays import frozen
from penchant.data.features import Categories, Numbers, Tags
from penchant.data.popularity import PopularityLog
from penchant.errors import BadData
from penchant.evaluate.probe import Probed, probe, svd_vectors

N = 200
RNG = np.random.default_rng(3)
GENRE = np.arange(N) % 2
TELLING = np.stack([GENRE * 2.0 - 1, RNG.standard_normal(N)], axis=1).astype(np.float32)
NOISE = RNG.standard_normal((N, 2)).astype(np.float32)
COLUMN = Categories.of(["rock" if genre else "folk" for genre in GENRE])


def probed(vectors: Any, svd: Any, column: Any = COLUMN) -> Probed:
    """A probe under usual names."""
    return probe(vectors, svd, column, attribute="genre", name="model", seed=7)


def test_what_vectors_say_is_found_and_noise_says_nothing() -> None:
    found = probed(TELLING, NOISE)
    assert (found.metric, found.n_rows, found.n_classes, found.dim) == ("accuracy", N, 2, 2)
    # two classes of equal size: noise and frequencies guess
    assert found.figures["model"].mean == 1.0 and found.figures["svd"].mean < 0.6
    assert found.figures["frequencies"].mean <= 0.5
    assert found.against_svd.verdict == "a is better" and found.against_svd.low > 0.3
    assert probed(NOISE, TELLING).against_svd.verdict == "b is better"
    assert probed(TELLING, TELLING).against_svd.difference == 0


def test_a_rotation_or_a_scale_of_the_vectors_changes_nothing() -> None:
    mixed = (GENRE[:, None] - 0.5 + RNG.standard_normal((N, 3))).astype(np.float32)
    turn, _ = np.linalg.qr(RNG.standard_normal((3, 3)))
    found = probed(mixed, (mixed @ turn * 7).astype(np.float32))
    assert 0.6 < found.figures["model"].mean < 1.0
    assert abs(found.against_svd.difference) <= 0.01


def test_tags_are_judged_by_average_precision() -> None:
    # everybody has "all"; the other tag is told by the vector, so that the two right tags always come first
    tags = Tags.of([["all", "rock" if genre else "folk"] for genre in GENRE])
    found = probed(TELLING, NOISE, tags)
    assert (found.metric, found.n_classes) == ("average precision", 3)
    assert found.figures["model"].mean == pytest.approx(1.0)
    # frequencies rank "all" first; then one of two at random: (1 + 1) / 2 or (1 + 2/3) / 2;
    # a little less, because the one that is more frequent in four folds is less frequent in the fifth
    assert found.figures["frequencies"].mean == pytest.approx((1 + 5 / 6) / 2, abs=0.03)


def test_rows_without_vector_or_value_and_rare_values_are_left_out() -> None:
    vectors, svd = TELLING.copy(), NOISE.copy()
    vectors[:10], svd[10:20] = np.nan, np.nan
    words = [None if i < 30 else "rare" if i < 35 else "rock" if GENRE[i] else "folk" for i in range(N)]
    found = probed(vectors, svd, Categories.of(words))
    assert (found.n_rows, found.n_classes) == (N - 35, 2)
    with pytest.raises(BadData, match="expected two values of genre with 10 rows each that have vectors, found 1"):
        probed(TELLING, NOISE, Categories.of(["rock"] * N))
    with pytest.raises(BadData, match="neither a category nor tags"):
        probed(TELLING, NOISE, Numbers(frozen(np.zeros(N, dtype=np.float32))))


def test_the_svd_is_that_of_who_chose_what() -> None:
    # two people chose items 0 and 1 (one of them twice), one item 2; nobody item 3; a fourth event has no weight
    user, item = np.asarray([0, 0, 0, 1, 1, 2, 3]), np.asarray([0, 0, 1, 0, 1, 2, 0])
    log = PopularityLog(
        item=item.astype(np.int32), at=np.arange(7), weight=np.asarray([1, 1, 1, 1, 1, 1, 0], np.float32),
        user=user.astype(np.int32), n_items=4,
    )  # fmt: skip
    people, items = svd_vectors(log, 4, 2, seed=7)
    matrix = np.asarray([[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    # singular values 2 and 1: two dimensions hold the matrix, and U S (V S)' = U S^2 V'
    np.testing.assert_allclose(people[:3] @ np.diag([1 / 1, 1 / 2]) @ items[:3].T, matrix, atol=1e-5)
    assert np.isnan(people[3]).all() and np.isnan(items[3]).all()
    with pytest.raises(BadData, match="too small for an SVD"):
        svd_vectors(log.within(np.asarray([True, False, False, False])), 1, 2, seed=7)
