"""A probe: what do the vectors of items or people say about an attribute that they were never told?

A logistic regression is learned on four fifths of the rows and says something about the last fifth, five times over
(Alain and Bengio, "Understanding intermediate layers using linear classifier probes", ICLR 2017 workshop). For a category
the figure is accuracy; for tags it is the mean over rows of the average precision with which the row's tags are ranked. Beside
the model's vectors stand those of a truncated SVD of the same size, of the matrix of who chose what in the same training log
(Cremonesi, Koren and Turrin, "Performance of recommender algorithms on top-n recommendation tasks", RecSys 2010), and what the
frequencies alone say. All are judged on the same rows and folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from penchant.data.arrays import Bool, Float32, Float64, Int64
from penchant.data.features import Categories, Column, Tags
from penchant.data.popularity import PopularityLog
from penchant.errors import BadData
from penchant.metrics.intervals import Difference, Interval, mean_interval, paired_bootstrap
from penchant.metrics.names import Metric
from penchant.metrics.ranking import ranked_lists
from penchant.rng import generator

FOLDS = 5
MOST_ROWS = 5_000
"""Rows that are probed; of more, so many are drawn by the seed."""
MOST_CLASSES = 30
"""Categories or tags that are foretold, the most frequent ones."""
FEWEST_ROWS = 2 * FOLDS
"""A rarer category or tag cannot be learned in every fold."""
STRENGTHS = (0.01, 0.1, 1.0, 10.0)
"""Inverse penalties of the regression; each fold chooses by a fifth of its own training rows."""


@dataclass(frozen=True, kw_only=True)
class Probed:
    """The figures of a probe.

    Attributes:
        metric: "accuracy" or "average precision".
        n_rows, n_classes, dim: rows judged, categories or tags foretold, numbers in a vector.
        figures: whose vectors -> mean and interval over rows; "frequencies" knows no vector.
        against_svd: the model's figure less that of the SVD, paired by row.
    """

    attribute: str
    metric: str
    n_rows: int
    n_classes: int
    dim: int
    figures: Mapping[str, Interval]
    against_svd: Difference

    def as_json(self) -> dict[str, Any]:
        """In plain values."""
        return asdict(self)


def probe(vectors: Float32, svd: Float32, column: Column, *, attribute: str, name: str, seed: int) -> Probed:
    """Compares two representations of the same n items or people.

    Args:
        vectors: float32 [n, D]; rows of NaN are left out of both.
        svd: float32 [n, D'], see `svd_vectors`; rows of NaN likewise.
        column: the attribute, n rows; what is missing is left out.
        name: of the model.

    Raises:
        BadData: the attribute is neither a category nor tags, or too few rows or classes are left.
    """
    labels, single = _labels(column, attribute)
    usable = np.isfinite(vectors).all(axis=1) & np.isfinite(svd).all(axis=1) & labels.any(axis=1)
    rows = generator(seed, "probe").permutation(np.flatnonzero(usable))[:MOST_ROWS]
    counts = labels[rows].sum(axis=0)
    classes = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
    classes = classes[counts[classes] >= FEWEST_ROWS]
    rows = rows[labels[np.ix_(rows, classes)].any(axis=1)]
    if len(classes) < 2 or len(rows) < 4 * FOLDS:
        raise BadData(
            f"probe: expected two values of {attribute} with {FEWEST_ROWS} rows each that have vectors, found {len(classes)}"
        )
    truth = labels[np.ix_(rows, classes)]
    values = {
        label: _judged(np.asarray(found[rows], dtype=np.float64), truth, single)
        for label, found in ((name, vectors), ("svd", svd), ("frequencies", np.zeros((len(vectors), 1), np.float32)))
    }
    return Probed(
        attribute=attribute,
        metric="accuracy" if single else "average precision",
        n_rows=len(rows),
        n_classes=len(classes),
        dim=vectors.shape[1],
        figures={label: mean_interval(value) for label, value in values.items()},
        against_svd=paired_bootstrap(values[name], values["svd"], seed=seed),
    )


def svd_vectors(log: PopularityLog, n_people: int, dim: int, seed: int) -> tuple[Float32, Float32]:
    """People (U S) and items (V S) of the truncated SVD of who chose what, float32 [n_people, d] and [n_items, d].

    The matrix holds 1 where a person chose an item, else 0; d is `dim`, or one less than its smaller side. Rows of people and
    items without an event are NaN.
    """
    from scipy.sparse.linalg import svds

    counted = log.weight > 0
    cells = (np.ones(int(counted.sum()), dtype=np.float32), (log.user[counted], log.item[counted]))
    matrix = sp.csr_matrix(cells, shape=(n_people, log.n_items))
    matrix.data[:] = 1.0  # also where a person chose an item again
    d = min(dim, min(matrix.shape) - 1)
    if d < 1:
        raise BadData("probe: the log is too small for an SVD; need two people and two items")
    u, s, v = svds(matrix, k=d, v0=generator(seed, "svd").standard_normal(min(matrix.shape)))
    people, items = (u * s).astype(np.float32), (v.T * s).astype(np.float32)
    people[np.diff(matrix.indptr) == 0] = np.nan
    items[np.diff(matrix.tocsc().indptr) == 0] = np.nan
    return people, items


def _labels(column: Column, attribute: str) -> tuple[Bool, bool]:
    """Which row has which category or tag, bool [n, C], and whether each has one at most."""
    match column:
        case Categories():
            row, code = np.flatnonzero(column.codes >= 0), column.codes[column.codes >= 0]
        case Tags():
            row, code = np.repeat(np.arange(len(column)), np.diff(column.offsets)), column.codes
        case _:
            raise BadData(f"probe: {attribute} is neither a category nor tags, so there is nothing to tell apart")
    labels = np.zeros((len(column), len(column.names)), dtype=np.bool_)
    labels[row, code] = True
    return labels, isinstance(column, Categories)


def _judged(x: Float64, truth: Bool, single: bool) -> Float64:
    """The figure of each row when its fold is foretold from the others, float64 [n]."""
    x = x - x.mean(axis=0)
    x /= max(
        float(np.sqrt((x**2).mean())), 1e-12
    )  # one scale for all numbers: a rotation of the vectors changes nothing
    fold = np.arange(len(x)) % FOLDS  # the rows come in drawn order
    values = np.empty(len(x))
    for part in range(FOLDS):
        inside, outside = np.flatnonzero(fold == part), np.flatnonzero(fold != part)
        inner, held = outside[np.arange(len(outside)) % FOLDS > 0], outside[::FOLDS]
        tried = [float(_scored(x, truth, inner, held, strength, single).mean()) for strength in STRENGTHS]
        values[inside] = _scored(x, truth, outside, inside, STRENGTHS[int(np.argmax(tried))], single)
    return values


def _scored(x: Float64, truth: Bool, train: Int64, test: Int64, strength: float, single: bool) -> Float64:
    """The figure of each row of `test`, learned from `train`."""
    chances = _foretold(x[train], truth[train], x[test], strength, single)
    order = np.argsort(-chances, axis=1, kind="stable")
    hits = np.take_along_axis(truth[test], order, axis=1)
    metric = Metric("hit", 1) if single else Metric("map", truth.shape[1])
    found: Float64 = ranked_lists(hits, truth[test].sum(axis=1), [metric])[str(metric)]
    return found


def _foretold(x: Float64, truth: Bool, asked: Float64, strength: float, single: bool) -> Float64:
    """How likely each class is for each row of `asked`, float64 [m, C], up to a constant of the row."""
    from sklearn.linear_model import LogisticRegression

    if not x.any():
        return np.tile(truth.mean(axis=0), (len(asked), 1))
    share = truth.mean(axis=0)
    # a class that all training rows have comes first, one that they lack last
    chances = np.tile(np.where(truth.all(axis=0), 2.0, share - 2.0), (len(asked), 1))
    if single:
        fitted = LogisticRegression(C=strength, max_iter=500, tol=1e-3).fit(x, truth.argmax(axis=1))
        chances[:, fitted.classes_] = fitted.predict_proba(asked)
        return chances
    for number in _both_ways(truth):
        fitted = LogisticRegression(C=strength, max_iter=500, tol=1e-3).fit(x, truth[:, number])
        chances[:, number] = fitted.predict_proba(asked)[:, 1]
    return chances


def _both_ways(truth: Bool) -> Sequence[int]:
    """Classes that some rows have and others lack."""
    chosen: list[int] = np.flatnonzero(truth.any(axis=0) & ~truth.all(axis=0)).tolist()
    return chosen
