"""No more than so many of a kind: at most n items for each value of an attribute."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np

from penchant.config import Config, setting
from penchant.data.arrays import Bool, Nums
from penchant.data.features import Categories, Tags
from penchant.data.schema import Schema
from penchant.errors import BadConfig, UnknownName
from penchant.pipeline.asked import Asked
from penchant.pipeline.stages import Candidates

_SPARE = 100
"""Items looked at beyond the list."""


class CapConfig(Config):
    """Settings of the reranker `cap`."""

    use: Literal["cap"] = "cap"
    attribute: str = setting(..., "item attribute whose values are counted, a category or tags")
    most: int = setting(2, "items of one value in a list", unit="items", ge=1)
    fill: bool = setting(False, "whether items above the cap stand at the end of a list that is else too short")

    def check(self, schema: Schema, where: str) -> None:
        """Raises UnknownName or BadConfig when the schema has no such attribute."""
        checked_attribute(self.attribute, schema, f"{where}.attribute")


def checked_attribute(name: str, schema: Schema, where: str) -> None:
    """Raises UnknownName or BadConfig unless `name` is an item attribute of kind category or tags."""
    if name not in schema.item_attributes:
        raise UnknownName("item attribute", name, schema.item_attributes, where)
    kind = schema.item_attributes[name].kind
    if kind not in ("category", "tags"):
        raise BadConfig(f'{where}: expected an attribute of kind category or tags, "{name}" is of kind {kind}')


class Cap:
    """Walks down the list and leaves out what would be one too many; an item without a value never is.

    An item with several tags counts for each of them. O(n log n) time for a category, O(tags of k items) steps for tags.
    """

    name = "cap"

    def __init__(self, config: CapConfig) -> None:
        self.config = config

    def rerank(self, asked: Asked, ranked: Candidates, k: int) -> Candidates:
        """See `Reranker`."""
        column = asked.world.catalogue.item_features.columns.get(self.config.attribute)
        if isinstance(column, Categories):
            keep = _occurrence(column.codes[ranked.items]) < self.config.most
            keep |= column.codes[ranked.items] < 0
        elif isinstance(column, Tags):
            keep = _tagged(column, ranked.items, self.config.most, k + _SPARE)
        else:
            return ranked
        # those without a score are not shown, but may be drawn
        keep |= ~np.isfinite(ranked.scores)
        order = np.flatnonzero(keep)
        if self.config.fill:
            order = np.concatenate([order[:k], np.flatnonzero(~keep), order[k:]])
            unscored = ~np.isfinite(ranked.scores[order])
            order = np.concatenate([order[~unscored], order[unscored]])
        return ranked.take(order)


def _occurrence(codes: Nums) -> Nums:
    """How many places before it hold the same code, int32 [n]."""
    order = np.argsort(codes, kind="stable")
    by_code = codes[order]
    first = np.searchsorted(by_code, by_code)
    before = np.empty(len(codes), dtype=np.int32)
    before[order] = np.arange(len(codes)) - first
    return before


def _tagged(column: Tags, items: Nums, most: int, enough: int) -> Bool:
    """Which of `items` stay, bool [n]; after `enough` of them none do."""
    of_items = column.take(items)
    codes, bounds = of_items.codes.tolist(), of_items.offsets.tolist()
    count: dict[int, int] = {}
    kept: list[int] = []
    for place, (start, end) in enumerate(pairwise(bounds)):
        tags = codes[start:end]
        if any(count.get(tag, 0) >= most for tag in tags):
            continue
        for tag in tags:
            count[tag] = count.get(tag, 0) + 1
        kept.append(place)
        if len(kept) == enough:
            break
    keep = np.zeros(len(items), dtype=np.bool_)
    keep[kept] = True
    return keep
