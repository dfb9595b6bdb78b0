"""How sequence nets answer: pasts of like length together, and nothing for those without one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.models import sequential  # noqa: E402
from penchant.models.sasrec import Sasrec  # noqa: E402
from penchant.models.sequential import _alike  # noqa: E402
from tests.models import nets  # noqa: E402
from tests.models.toys import tiny_log  # noqa: E402


def test_groups_hold_every_row_with_a_past_once_and_stay_small():
    lengths = np.random.default_rng(7).integers(0, 60, 3000).astype(np.int64)
    groups = list(_alike(lengths))
    assert sorted(np.concatenate(groups).tolist()) == np.flatnonzero(lengths).tolist()
    assert max(len(rows) * int(lengths[rows].max()) for rows in groups) <= sequential._MOST_PLACES
    # what is padded is little: the shortest of a group is nearly as long as its longest
    assert sum(len(rows) * int(lengths[rows].max()) for rows in groups) < 1.1 * lengths.sum()


def test_a_past_longer_than_all_places_is_a_group_of_its_own():
    lengths = np.asarray([10_000, 1, 20_000], dtype=np.int64)
    assert [rows.tolist() for rows in _alike(lengths)] == [[1], [0], [2]]


def test_groups_change_no_answer(monkeypatch):
    settings: dict[str, Any] = {**nets.QUICK, "epochs": 2, "max_len": 5}
    model = Sasrec(**settings).fit(nets.ring_log())
    queries = [nets.asked(past) for past in ("a", "b c d e f", "c d", "", "f e", "a b c", "d")]
    batch = model.encode(queries).batch
    together = model.score_batch(batch)
    monkeypatch.setattr(sequential, "_MOST_PLACES", 1)
    assert np.allclose(together, model.score_batch(batch), rtol=1e-5, atol=1e-6)


def test_without_a_past_there_is_no_opinion():
    settings: dict[str, Any] = {**nets.QUICK, "epochs": 1, "popularity_behind": False}
    model = Sasrec(**settings).fit(nets.ring_log())
    scores = model.score_batch(model.encode([nets.asked(""), nets.asked("a")]).batch)
    assert np.isnan(scores[0]).all() and np.isfinite(scores[1]).all()


def test_places_that_no_training_window_had_are_not_read(tmp_path):
    # ann has three events, so windows have two inputs at most, whatever max_len says
    log = tiny_log("ann:a ann:b ann:c bob:a bob:b", "a b c d")
    settings: dict[str, Any] = {**nets.QUICK, "epochs": 2, "max_len": 50}
    model = Sasrec(**settings).fit(log)
    assert model.reach == 2
    queries = [nets.asked("a b a c b"), nets.asked("c b")]
    scores = model.score_batch(model.encode(queries).batch)
    assert np.array_equal(scores[0], scores[1], equal_nan=True)
    model.save(tmp_path / "model")
    loaded = Sasrec.load(tmp_path / "model")
    assert loaded.reach == 2
    assert np.array_equal(loaded.score_batch(loaded.encode(queries).batch), scores, equal_nan=True)
