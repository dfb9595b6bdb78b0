"""Checks of models that have vectors; other models pass them unasked."""

from __future__ import annotations

import numpy as np

from penchant.models.vectors import HELD, HasVectors
from penchant.testing.subject import Subject, difference, expect

_NEAREST, _BEST = 12, 4
"""The promise of `penchant.models.vectors` in a world of 42 items: a larger share must be found among fewer."""


def check_vectors(s: Subject) -> None:
    """Vectors have the right form, do not depend on what else is asked, and retrieve what the model ranks first."""
    model = s.model
    if not isinstance(model, HasVectors):
        return
    batch = model.encode(s.queries).batch
    people, items = model.query_vectors(batch), model.item_vectors()
    for what, found, n in (("query_vectors", people, len(batch)), ("item_vectors", items, batch.n_items)):
        expect(found.dtype == np.float32, f"{what}: expected float32, got {found.dtype}")
        expect(
            found.shape == (n, people.shape[1]), f"{what}: expected {n} rows of {people.shape[1]}, got {found.shape}"
        )
        whole = np.isfinite(found).all(axis=1)
        expect(bool((whole | np.isnan(found).all(axis=1)).all()), f"{what}: a row is neither finite nor NaN throughout")
    alone = np.concatenate([model.query_vectors(model.encode([query]).batch) for query in s.queries])
    told = difference(people, alone)
    expect(not told, f"query_vectors depend on what else is asked: {told}")
    plain = model.with_settings(popularity_behind=False, context_lift=0.0)
    exact = plain.score_batch(batch)
    scored, known = np.isfinite(exact).any(axis=0), np.isfinite(items).all(axis=1)
    expect(bool((scored <= known).all()), "item_vectors: an item that gets a score has no vector")
    products = np.where(known, people @ np.nan_to_num(items).T, -np.inf)
    held = [
        np.isin(np.argsort(-np.where(np.isfinite(row), row, -np.inf), kind="stable")[:_BEST], near[:_NEAREST]).mean()
        for row, near in zip(exact, np.argsort(-products, axis=1, kind="stable"), strict=True)
        if np.isfinite(row).any()
    ]
    expect(
        bool(held) and float(np.mean(held)) >= HELD,
        f"the {_NEAREST} nearest items hold {np.mean(held) if held else 0:.3f} of the {_BEST} best, expected {HELD}",
    )


CHECKS = (check_vectors,)
