"""Masks of the catalogue from a checked tree.

A comparison with a missing value is unknown, `not` of it too, and what is unknown in the end is not shown, as in SQL. Tags are
sets, and an empty set is known: ``not ('loud' in item.genre)`` shows what has no genre at all. Numbers are compared as
float32, as they are stored.
"""

from __future__ import annotations

import operator
import weakref
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import numpy as np

from penchant.data.arrays import Bool, Float32, Nums
from penchant.data.features import Categories, Tags
from penchant.data.vocabulary import Vocabulary
from penchant.pipeline.asked import Asked
from penchant.pipeline.contract import among
from penchant.pipeline.expression.logic import Verdicts
from penchant.pipeline.expression.tree import And, Compare, Member, Not, Or, Seen, Tree, Truth, about_items_alone
from penchant.pipeline.expression.values import Value, Values
from penchant.pipeline.kept import Kept

_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge
}  # fmt: skip

_ABOUT_ITEMS: Kept[Verdicts] = Kept(16)
"""Verdicts that do not depend on the question, of each table of item attributes."""

_TABLES: Kept[Nums] = Kept(16)
"""What names of one column are in another: as many steps of Python as there are names, and an expression may compare often."""


def mask(tree: Tree, asked: Asked, rows: Nums | None = None) -> Bool:
    """Which items the tree holds for, bool [n_items], or bool [m] for the items `rows` (int32 [m]).

    O(n_items) time for parts that depend on the question; others are kept with the attributes of the items.
    """
    n = asked.n_items if rows is None else len(rows)
    return np.broadcast_to(_verdicts(tree, Values(catalogue=asked.world.catalogue, asked=asked, rows=rows)).yes, (n,))


def _verdicts(tree: Tree, values: Values) -> Verdicts:
    if values.asked is not None and about_items_alone(tree) and not isinstance(tree, Truth):
        every = Values(catalogue=values.catalogue)
        kept = _ABOUT_ITEMS.get(values.catalogue.item_features, tree, lambda: _verdicts(tree, every))
        return kept.at(values.rows)
    match tree:
        case Truth():
            return Verdicts.of(tree.value)
        case Seen():
            return Verdicts.of(_seen(tree, values))
        case Compare():
            return _compared(tree.sign, values.of(tree.left), values.of(tree.right))
        case Member():
            return _member(values.of(tree.left), values.of(tree.right))
        case Not():
            return ~_verdicts(tree.part, values)
        case And():
            return reduce(operator.and_, (_verdicts(part, values) for part in tree.parts))
        case Or():
            return reduce(operator.or_, (_verdicts(part, values) for part in tree.parts))


def _seen(tree: Seen, values: Values) -> Bool:
    asked = values.asked
    if asked is None:
        raise ValueError("seen() depends on the question")
    none = np.zeros(0, dtype=np.int32)
    items = asked.seen if tree.kind is None else asked.seen_by_kind.get(tree.kind, none)
    if values.rows is None:
        seen = np.zeros(asked.n_items, dtype=np.bool_)
        seen[items] = True
        return seen
    seen = among(values.rows, items)
    if asked.chosen_before is not None:
        seen |= asked.chosen_before(values.rows, tree.kind)
    return seen


# -- comparisons -------------------------------------------------------------------------------------------------------


def _compared(sign: str, left: Value, right: Value) -> Verdicts:
    compare = _SIGNS[sign]
    if left is None or right is None:
        return Verdicts.unknown()
    if isinstance(left, Categories) or isinstance(right, Categories):
        same = _same_text(left, right) if isinstance(left, Categories) else _same_text(right, left)  # type: ignore[arg-type]
        return same if sign == "==" else ~same
    if isinstance(left, str) or isinstance(right, str):
        return Verdicts.of(compare(left, right))
    with np.errstate(over="ignore"):
        # what is too great for float32 is greater than all that is stored
        a, b = np.asarray(left, dtype=np.float32), np.asarray(right, dtype=np.float32)
    return Verdicts.of(compare(a, b), ~(np.isnan(a) | np.isnan(b)))


def _same_text(left: Categories, right: Value) -> Verdicts:
    if isinstance(right, Categories):
        code = _translated(right, left.names)
        return Verdicts.of(left.codes == code, (left.codes >= 0) & (right.codes >= 0))
    number = left.names.number(str(right))
    same = np.zeros(len(left), dtype=np.bool_) if number is None else left.codes == number
    return Verdicts.of(same, left.codes >= 0)


def _translated(column: Categories, names: Vocabulary) -> Nums:
    """The codes that the texts of `column` have in `names`, int32 [n]; -2 where they have none."""
    codes: Nums = _TABLES.get(names, weakref.ref(column.names), lambda: _table(column.names, names))[column.codes]
    return codes


def _table(texts: Vocabulary, names: Vocabulary) -> Nums:
    numbers = [names.number(text) for text in texts]
    return np.asarray([-2 if n is None else n for n in numbers] + [-2], dtype=np.int32)


# -- membership --------------------------------------------------------------------------------------------------------


def _member(left: Value, right: Value) -> Verdicts:
    if left is None or right is None:
        return Verdicts.unknown()
    if isinstance(right, Tags):
        return _in_tags(left, right)
    within: Any = right
    match left:
        case Categories():
            return Verdicts.of(_of_those(left.names, within)[left.codes], left.codes >= 0)
        case Tags():
            return Verdicts.of(_rows_with(left, _of_those(left.names, within)[left.codes]))
        case np.ndarray():
            wanted = _numbers(within)
            return Verdicts.of(np.isin(left, wanted), ~np.isnan(left))
        case frozenset():
            return Verdicts.of(bool(left & within))
        case float() | int():
            return Verdicts.of(np.isin(_numbers([left]), _numbers(within))[0])
    return Verdicts.of(left in within)


def _in_tags(left: Value, right: Tags) -> Verdicts:
    if isinstance(left, Categories):
        code = np.repeat(_translated(left, right.names), np.diff(right.offsets))
        return Verdicts.of(_rows_with(right, right.codes == code), left.codes >= 0)
    texts: Any = left if isinstance(left, frozenset) else (left,)
    return Verdicts.of(_rows_with(right, _of_those(right.names, texts)[right.codes]))


def _numbers(values: Iterable[float]) -> Float32:
    with np.errstate(over="ignore"):
        return np.asarray(list(values), dtype=np.float32)


def _of_those(names: Vocabulary, texts: Iterable[str]) -> Bool:
    """Whether each name is one of `texts`, bool [n + 1]; the last one, that of the code -1, is False."""
    those = np.zeros(len(names) + 1, dtype=np.bool_)
    those[names.numbers(texts)[0]] = True
    return those


def _rows_with(tags: Tags, hit: Bool) -> Bool:
    """Which rows have a tag that is hit, bool [n]; hit: bool, one a tag."""
    rows = np.zeros(len(tags), dtype=np.bool_)
    rows[np.searchsorted(tags.offsets, np.flatnonzero(hit), side="right") - 1] = True
    return rows
