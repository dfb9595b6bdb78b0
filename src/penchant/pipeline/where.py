"""The filter expression of a question, from text to mask."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Bool, Nums, frozen
from penchant.data.catalogue import Catalogue
from penchant.pipeline.asked import Asked, World
from penchant.pipeline.expression.checking import check
from penchant.pipeline.expression.evaluating import mask
from penchant.pipeline.expression.parsing import parse
from penchant.pipeline.expression.tree import Tree
from penchant.pipeline.kept import Kept
from penchant.query import Query
from penchant.rng import generator

_CHECKED: Kept[Tree] = Kept(1024)


def checked_where(expression: str, catalogue: Catalogue) -> Tree:
    """The tree of an expression that speaks of this catalogue; raises UnknownName or BadConfig, with the column."""

    def make() -> Tree:
        tree = parse(expression)
        check(tree, catalogue.schema)
        return tree

    return _CHECKED.get(catalogue, expression, make)


def holds_for_nobody(expression: str, world: World, at: float) -> Bool:
    """Which items an expression holds for when nobody in particular asks at `at` (seconds), bool [n_items].

    Raises:
        UnknownName, BadConfig: it is no expression of this catalogue.
    """
    tree = checked_where(expression, world.catalogue)
    query = Query(history=(), at=at)
    n_items = len(world.catalogue.items)
    asked = Asked(
        query=query,
        encoded=world.model.encode([query]),
        world=world,
        withheld=frozen(np.zeros(n_items, dtype=np.bool_)),
        seen=frozen(np.zeros(0, dtype=np.int32)),
        rng=generator(0),
    )
    return mask(tree, asked)


class Where:
    """Items that the question's expression holds for. When it fails nothing may be shown: the rest was not asked for."""

    name = "where"
    fails_closed = True

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def forbid(self, asked: Asked, allowed: Bool) -> int:
        """O(n_items)."""
        before = int(np.count_nonzero(allowed))
        allowed &= mask(self.tree, asked)
        return before - int(np.count_nonzero(allowed))

    def holds(self, asked: Asked, items: Nums) -> Bool:
        """Whether it holds for each of `items`, bool [n]."""
        return mask(self.tree, asked, items)
