"""The filter expression of a question, from text to mask."""

from __future__ import annotations

from penchant.data.arrays import Bool, Nums
from penchant.data.catalogue import Catalogue
from penchant.index.allowed import Allowed
from penchant.pipeline.asked import Asked
from penchant.pipeline.expression.checking import check
from penchant.pipeline.expression.evaluating import mask
from penchant.pipeline.expression.parsing import parse
from penchant.pipeline.expression.tree import Tree
from penchant.pipeline.kept import Kept

_CHECKED: Kept[Tree] = Kept(1024)


def checked_where(expression: str, catalogue: Catalogue) -> Tree:
    """The tree of an expression that speaks of this catalogue; raises UnknownName or BadConfig, with the column."""

    def make() -> Tree:
        tree = parse(expression)
        check(tree, catalogue.schema)
        return tree

    return _CHECKED.get(catalogue, expression, make)


class Where:
    """Items that the question's expression holds for. When it fails nothing may be shown: the rest was not asked for."""

    name = "where"
    fails_closed = True

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def forbid(self, asked: Asked, allowed: Allowed) -> None:
        """O(n_items)."""
        allowed.keep(mask(self.tree, asked))

    def holds(self, asked: Asked, items: Nums) -> Bool:
        """Whether it holds for each of `items`, bool [n]."""
        return mask(self.tree, asked, items)
