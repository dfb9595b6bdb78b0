"""Items by their attributes: sparse vectors of length 1 with all attributes side by side, the same for every model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from penchant.config import Between, Config, setting
from penchant.data.arrays import AnyArray
from penchant.data.features import Column, FeatureTable, Texts
from penchant.data.terms import Terms, learned_terms, terms_of, unit_rows
from penchant.errors import BadData, UnknownName


class AttributesConfig(Config):
    """Settings of every model that looks at item attributes."""

    weights: dict[str, float] = setting(
        {}, "weights of single item attributes; 0 leaves one out, one that is not named has 1 (a text `text_weight`)"
    )
    text_weight: float = setting(
        1.0, "weight of each text attribute", grid=(0.0, 1.0, 3.0), search=Between(0.1, 10, log=True, also=(0.0,)), ge=0
    )
    n_bins: int = setting(
        10,
        "bins of equal size that numbers are cut into; 0 leaves numbers out",
        grid=(0, 10),
        search=(0, 5, 10, 20),
        ge=0,
    )
    min_items: int = setting(
        2, "a word counts when so many items have it", unit="items", search=Between(1, 20, log=True), ge=1
    )
    max_words: int = setting(50_000, "most words of one text attribute", unit="words", ge=1)

    def weight_of(self, name: str, column: Column) -> float:
        """What an attribute counts."""
        return self.weights.get(name, self.text_weight if isinstance(column, Texts) else 1.0)


def learned_attributes(config: AttributesConfig, items: FeatureTable, model: str) -> tuple[Terms, ...]:
    """How each attribute of weight > 0 becomes numbers, learned from the whole catalogue.

    Raises:
        UnknownName: a weight names no attribute; the message begins with `model`.
        BadData: there is no attribute to compare.
    """
    for name in config.weights:
        if name not in items.columns:
            raise UnknownName("item attribute", name, items.columns, f"{model}: weights")
    used = [name for name, column in items.columns.items() if config.weight_of(name, column) > 0]
    if not used:
        raise BadData(f"{model}: expected item attributes to compare, got none; give a file of items (--items)")
    limits = config.model_dump(include={"n_bins", "min_items", "max_words"})
    return tuple(learned_terms(name, items.columns[name], **limits) for name in used)


def item_vectors(terms: Sequence[Terms], config: AttributesConfig, items: FeatureTable) -> sp.csr_matrix:
    """The attributes of items side by side, each of the length of its weight, the whole of length 1. float32 [n, D].

    An item of which nothing is known has an empty row.
    """
    columns = [items.columns[one.name] for one in terms]
    blocks = [
        terms_of(one, column) * np.float32(config.weight_of(one.name, column))
        for one, column in zip(terms, columns, strict=True)
    ]
    return unit_rows(sp.hstack(blocks, format="csr", dtype=np.float32))


def packed_terms(terms: Sequence[Terms]) -> dict[str, AnyArray]:
    """The learned terms as named arrays, for a model's state."""
    return {f"terms.{i}.{key}": part for i, one in enumerate(terms) for key, part in one.packed().items()}


def unpacked_terms(arrays: Mapping[str, AnyArray]) -> tuple[Terms, ...]:
    """What `packed_terms` took apart, found among other arrays."""
    found: list[Terms] = []
    while f"terms.{len(found)}.weight" in arrays:
        found.append(Terms.unpacked(under(arrays, f"terms.{len(found)}.")))
    return tuple(found)


def under(arrays: Mapping[str, AnyArray], prefix: str) -> dict[str, AnyArray]:
    """The arrays whose names begin with `prefix`, named without it."""
    return {key[len(prefix) :]: part for key, part in arrays.items() if key.startswith(prefix)}
