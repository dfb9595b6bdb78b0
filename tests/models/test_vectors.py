"""Which models have vectors, and what they say about items that the training log does not hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.errors import UserError
from penchant.models.ials import Ials
from penchant.models.popular import Popular
from penchant.models.vectors import HasVectors, with_vectors
from penchant.query import Past, Query
from penchant.testing.living import grown
from tests.models.toys import Pointing, tiny_log

LOG = tiny_log("ann:a ann:b bob:b bob:c cid:a", "a b c never")


def test_the_ability_is_told_by_the_methods():
    assert isinstance(Ials(), HasVectors) and not isinstance(Popular(), HasVectors)
    with pytest.raises(UserError, match="popular: this model has no vectors"):
        with_vectors(Popular())


def test_items_without_an_event_have_no_vector_and_say_nothing_in_a_history():
    model = Pointing().fit(LOG)
    assert np.isnan(model.item_vectors()).all(axis=1).tolist() == [False, False, False, True]
    model.catalogue = replace(grown(model.catalogue))
    assert np.isnan(model.item_vectors()).all(axis=1).tolist() == [False, False, False, True, True, True]
    queries = [Query(history=(Past(item_id="a"), Past(item_id=last))) for last in ("a", "never", "came later 1")] + [
        Query(history=(Past(item_id="never"),))
    ]
    vectors = model.query_vectors(model.encode(queries).batch)
    assert vectors[:3].tolist() == [[0, 1, 0, 0]] * 3
    # a past of nothing but such items is no past
    assert np.isnan(vectors[3]).all()


def test_inner_products_are_the_scores_of_ials():
    model = Ials(embedding_dim=3, popularity_behind=False).fit(LOG)
    batch = model.encode([Query(history=(Past(item_id="a"),)), Query(history=())]).batch
    products = model.query_vectors(batch) @ model.item_vectors().T
    np.testing.assert_allclose(products, model.score_batch(batch), atol=1e-6)
    assert np.isnan(products[1]).all()


def test_scores_of_some_items_read_the_past_once_and_no_other_item(monkeypatch):
    model = Ials(embedding_dim=3).fit(LOG)
    batch = model.encode([Query(history=(Past(item_id="a"),))]).batch
    items = np.asarray([3, 1], dtype=np.int32)
    expected = model.score_batch(batch)[:, items]
    vectors = model.query_vectors(batch)
    for name in ("_score", "_factors_of"):
        monkeypatch.setattr(Ials, name, None)
    np.testing.assert_allclose(model.score_items(batch, items), expected, rtol=1e-5)
    assert np.isnan(expected[0, 0]) and model.query_vectors(batch) is vectors


def test_vectors_of_a_batch_are_those_of_its_model():
    model = Ials(embedding_dim=3).fit(LOG)
    batch = model.encode([Query(history=(Past(item_id="a"), Past(item_id="c")))]).batch
    first = model.query_vectors(batch)
    # another setting is another model, and another fit too
    assert (model.with_settings(last_n=1).query_vectors(batch) != first).any()
    model.fit(tiny_log("ann:a ann:c bob:b bob:c cid:a", "a b c never"))
    assert (model.query_vectors(batch) != first).any()
