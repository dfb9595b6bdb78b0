"""Attributes as sparse terms: words, tags, categories and bins of numbers, weighted by how rare they are.

What is learned from a catalogue (the words, their rarity, the borders of the bins) is kept as plain arrays, so that items that
come later are encoded in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from penchant.data.arrays import AnyArray, Float32, Int64, Nums, frozen
from penchant.data.features import Categories, Column, Numbers, Tags, Texts, Vectors
from penchant.data.storage import pack_strings, unpack_strings
from penchant.data.strings import Strings
from penchant.data.vocabulary import Vocabulary

_WORD = r"(?u)\b\w\w+\b"
"""Two letters or digits at least."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Terms:
    """How one attribute becomes D columns.

    Attributes:
        name: the attribute.
        names: the categories, tags or words, one a column; empty for numbers and vectors.
        weight: float32 [D], rarity of each column, ``1 + log((1 + n) / (1 + items with it))``.
        edges: float32 [D - 1], rising borders of the bins of a number; a bin holds its lower border. Else empty.
    """

    name: str
    names: Vocabulary
    weight: Float32
    edges: Float32

    def packed(self) -> dict[str, AnyArray]:
        """As named arrays."""
        arrays: dict[str, AnyArray] = {"weight": self.weight, "edges": self.edges}
        pack_strings(arrays, "name", Strings.of([self.name]))
        pack_strings(arrays, "names", self.names.ids)
        return arrays

    @classmethod
    def unpacked(cls, arrays: Mapping[str, AnyArray]) -> Terms:
        """What `packed` took apart."""
        return cls(
            name=unpack_strings(arrays, "name")[0],
            names=Vocabulary(unpack_strings(arrays, "names")),
            weight=arrays["weight"],
            edges=arrays["edges"],
        )


def learned_terms(name: str, column: Column, *, n_bins: int, min_items: int, max_words: int) -> Terms:
    """Learns the terms of an attribute from all items.

    Args:
        name: of the attribute.
        column: its values.
        n_bins: bins of about equal size for numbers; 0 gives no column.
        min_items: words that fewer items have are left out.
        max_words: most words, the most frequent ones.
    """
    names, edges = Vocabulary.of([]), np.zeros(0, dtype=np.float32)
    width = 0
    match column:
        case Categories() | Tags():
            names = column.names
            width = len(names)
        case Texts():
            names = _words(column, min_items, max_words)
            width = len(names)
        case Numbers():
            known = column.values[~np.isnan(column.values)]
            if n_bins > 0 and len(known):
                inner = np.linspace(0, 1, n_bins + 1)[1:-1]
                edges = np.unique(np.quantile(known, inner, method="higher")).astype(np.float32)
                width = len(edges) + 1
        case Vectors():
            width = column.values.shape[1]
    plain = Terms(name=name, names=names, weight=np.ones(width, dtype=np.float32), edges=frozen(edges))
    if isinstance(column, Vectors) or width == 0:
        return plain
    having = np.diff(_counts(plain, column).tocsc().indptr)
    weight = (1.0 + np.log((1.0 + len(column)) / (1.0 + having))).astype(np.float32)
    return Terms(name=name, names=names, weight=frozen(weight), edges=frozen(edges))


def terms_of(terms: Terms, column: Column) -> sp.csr_matrix:
    """The column's rows as terms, float32 [n, D], each row of Euclidean length 1, or empty where nothing is known.

    Categories, tags and words that were not there when the terms were learned have no column and do not count.
    """
    matrix = _counts(terms, column)
    matrix.data *= terms.weight[matrix.indices]
    return unit_rows(matrix)


def unit_rows(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """A copy without stored zeros whose rows have the Euclidean length 1; empty rows stay empty."""
    made = sp.csr_matrix(matrix, dtype=np.float32, copy=True)
    made.eliminate_zeros()
    row = np.repeat(np.arange(made.shape[0]), np.diff(made.indptr))
    squares = np.bincount(row, weights=made.data.astype(np.float64) ** 2, minlength=made.shape[0])
    made.data /= np.sqrt(squares)[row].astype(np.float32)
    return made


def _words(column: Texts, min_items: int, max_words: int) -> Vocabulary:
    from sklearn.feature_extraction.text import CountVectorizer

    reader = CountVectorizer(token_pattern=_WORD, dtype=np.float32, binary=True)
    try:
        counts = reader.fit_transform(column.values)
    except ValueError:  # not one word in all texts
        return Vocabulary.of([])
    having = np.diff(counts.tocsc().indptr)
    words = reader.get_feature_names_out()
    # the most frequent first, among equals by alphabet: the same catalogue gives the same words
    chosen = [word for word in np.argsort(-having, kind="stable")[:max_words] if having[word] >= min_items]
    return Vocabulary.of(str(words[word]) for word in chosen)


def _counts(terms: Terms, column: Column) -> sp.csr_matrix:
    """How often each row has each term, float32 [n, D] (the values themselves for vectors); the caller may write to it."""
    width = len(terms.weight)
    match column:
        case Categories():
            return _one_hot(_renumbered(column.codes, column.names, terms.names), width)
        case Tags():
            codes = _renumbered(column.codes, column.names, terms.names)
            row = np.repeat(np.arange(len(column)), np.diff(column.offsets))
            return _cells(row[codes >= 0], codes[codes >= 0], (len(column), width))
        case Texts():
            return _word_counts(terms, column)
        case Numbers():
            bins = np.searchsorted(terms.edges, column.values, side="right")
            return _one_hot(np.where(np.isnan(column.values) | (width == 0), -1, bins), width)
        case Vectors():
            return sp.csr_matrix(np.nan_to_num(column.values, nan=0.0))


def _word_counts(terms: Terms, column: Texts) -> sp.csr_matrix:
    from sklearn.feature_extraction.text import CountVectorizer

    if len(terms.names) == 0:
        return sp.csr_matrix((len(column), 0), dtype=np.float32)
    reader = CountVectorizer(token_pattern=_WORD, dtype=np.float32, vocabulary=list(terms.names))
    return sp.csr_matrix(reader.transform(column.values), dtype=np.float32)


def _renumbered(codes: Nums, theirs: Vocabulary, ours: Vocabulary) -> AnyArray:
    """Codes of one vocabulary as numbers of another; -1 for what is missing or unknown there."""
    if theirs is ours or len(codes) == 0:
        return codes
    numbers = [ours.number(name) for name in theirs]
    # the last place is what the code -1 of a missing category finds
    table = np.asarray([*(-1 if number is None else number for number in numbers), -1])
    return table[codes]


def _one_hot(codes: AnyArray, width: int) -> sp.csr_matrix:
    rows: Int64 = np.flatnonzero(codes >= 0)
    return _cells(rows, codes[rows], (len(codes), width))


def _cells(row: AnyArray, column: AnyArray, shape: tuple[int, int]) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones(len(row), dtype=np.float32), (row, column)), shape=shape)
