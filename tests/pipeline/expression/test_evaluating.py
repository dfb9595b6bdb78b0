"""Masks by hand, and against a second reading of the tree that goes item by item in plain Python."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.data.arrays import Nums
from penchant.data.vocabulary import Vocabulary
from penchant.pipeline.asked import Asked
from penchant.pipeline.expression import evaluating
from penchant.pipeline.expression.checking import check
from penchant.pipeline.expression.evaluating import mask
from penchant.pipeline.expression.parsing import parse
from penchant.pipeline.expression.tree import (
    And,
    Compare,
    Listed,
    Literal,
    Member,
    Not,
    Operand,
    Or,
    Reference,
    Seen,
    Tree,
    Truth,
)
from tests.pipeline.expression.shop import IDS, ROWS, SCHEMA, SEEN, question


def shown(text: str, asked: Asked | None = None) -> str:
    tree = parse(text)
    check(tree, SCHEMA)
    asked = asked or question()
    which = mask(tree, asked)
    rows = np.asarray([6, 0, 3], dtype=np.int32)
    assert mask(tree, asked, rows).tolist() == which[rows].tolist()
    return "".join(item for item, there in zip(IDS, which.tolist(), strict=True) if there)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("item.price <= 10", "abeg"),
        ("item.price == 0.1", "g"),
        ("item.price < 1e300 and item.price not in [1e300] and 1e300 in [1e300]", "abceg"),
        ("not item.price <= 10", "c"),  # d and f have no price: unknown, also under `not`
        ("item.price <= 10 or true", "abcdefg"),
        ("item.price <= 10 or item.id == 'd'", "abdeg"),
        ("item.brand == 'acme'", "ab"),
        ("item.brand != 'acme'", "deg"),
        ("item.brand == 'nobody'", ""),
        ("item.brand not in ['acme', 'nobody']", "deg"),
        ("item.genre in ['jazz', 'loud']", "ade"),
        ("'rock' in item.genre", "be"),
        ("not 'rock' in item.genre", "acdfg"),  # no genre is no rock
        ("item.title == item.brand", "b"),
        ("item.title == item.id", "e"),
        ("item.brand == item.title or item.brand in item.genre", "b"),
        ("item.title in ['Blue Night']", "af"),
        ("item.id in ['a', 'g', 'zzz']", "ag"),
        ("item.price in [10, 0.1]", "beg"),
        ("item.price in []", ""),
        ("item.price not in []", "abceg"),
        ("item['made in'] == 'de' and not (item.price < 5)", "c"),
        ("seen()", "abg"),
        ("seen('buy')", "bg"),
        ("seen('play')", ""),
        ("not seen('view')", "cdefg"),
        ("user.group == 'young' and item.id == 'a'", "a"),
        ("item.genre in user.likes", "abde"),
        ("user.likes in ['rock'] and item.id == 'a'", "a"),
        ("user.age > 29 and item.price > 15", "c"),
        ("true", "abcdefg"),
        ("false", ""),
    ],
)
def test_by_hand(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_the_question_speaks_for_itself() -> None:
    assert shown("item.price < context.budget", question({"budget": 10.0})) == "ag"
    assert shown("item.price < context.budget") == ""
    assert shown("not item.price < context.budget") == ""
    # "acme" is no mood that any event had; it is compared all the same
    assert shown("item.brand == context.mood", question({"mood": "acme"})) == "ab"
    assert shown("item.genre in user.likes", question(features={"likes": ["slow"]})) == "ag"
    # a stranger has no group, and likes nothing
    assert shown("user.group != 'old'", question(user=None)) == ""
    assert shown("not item.genre in user.likes", question(user=None)) == "abcdefg"


def test_a_very_long_past_counts_where_items_are_looked_at() -> None:
    asked = replace(question(), chosen_before=lambda items, kind: items == (3 if kind is None else 4))
    rows = np.arange(7, dtype=np.int32)
    assert mask(parse("seen()"), asked, rows).tolist() == [True, True, False, True, False, False, True]
    known = mask(parse("seen('buy')"), question(), rows)
    assert not known[4]
    assert mask(parse("seen('buy')"), asked, rows).tolist() == [*known[:4].tolist(), True, *known[5:].tolist()]


def test_two_columns_are_translated_once_however_often_they_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request of 2 kB may compare eighty times, and each translation is a loop over all names of a column."""
    made: list[int] = []
    table = evaluating._table

    def counted(texts: Vocabulary, names: Vocabulary) -> Nums:
        made.append(len(texts))
        return table(texts, names)

    monkeypatch.setattr(evaluating, "_table", counted)
    asked = question()
    fresh = Vocabulary.of(IDS)
    asked = replace(
        asked,
        world=replace(
            asked.world,
            model=asked.world.model.in_world(replace(asked.world.catalogue, items=fresh), asked.world.model.people),
        ),
    )
    assert shown(" or ".join(["item.id == item.title"] * 80), asked) == "e"
    assert shown("item.id != item.title", asked) == "abdfg"
    assert len(made) == 1


# -- a second reading --------------------------------------------------------------------------------------------------

SIGNS: dict[str, Any] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge
}  # fmt: skip


def value(operand: Operand, item: dict[str, Any], asked: dict[str, dict[str, Any]]) -> Any:
    match operand:
        case Literal():
            return operand.value
        case Listed():
            return frozenset(v.value for v in operand.values)
    return (item if operand.scope == "item" else asked[operand.scope]).get(operand.name)


def rounded(x: Any) -> Any:
    if isinstance(x, frozenset):
        return frozenset(rounded(part) for part in x)
    return float(np.float32(x)) if isinstance(x, float) else x


def holds(tree: Tree, item: dict[str, Any], asked: dict[str, dict[str, Any]]) -> bool | None:
    """True, False, or None for unknown."""
    match tree:
        case Truth():
            return tree.value
        case Seen():
            return item["id"] in (SEEN["view"] | SEEN["buy"] if tree.kind is None else SEEN.get(tree.kind, set()))
        case Not():
            inside = holds(tree.part, item, asked)
            return None if inside is None else not inside
        case And() | Or():
            parts = [holds(part, item, asked) for part in tree.parts]
            decisive = isinstance(tree, Or)
            if decisive in parts:
                return decisive
            return None if None in parts else not decisive
        case Compare() | Member():
            left, right = (rounded(value(x, item, asked)) for x in (tree.left, tree.right))
            if left is None or right is None:
                return None
            if isinstance(tree, Compare):
                return bool(SIGNS[tree.sign](left, right))
            return bool(left & right) if isinstance(left, frozenset) else left in right


texts = st.sampled_from(["acme", "bolt", "jazz", "rock", "de", "Blue Night", "a", "e", "nobody"]).map(Literal)
numbers = st.sampled_from([0.1, 1.5, 10.0, 15.0, 20.0, 30.0]).map(Literal)
text_of = st.sampled_from(
    [*(Reference("item", name) for name in ("brand", "title", "made in", "id")), Reference("context", "mood"),
     Reference("user", "group")]
)  # fmt: skip
number_of = st.sampled_from([Reference("item", "price"), Reference("context", "budget"), Reference("user", "age")])
item_tags, user_tags = st.just(Reference("item", "genre")), st.just(Reference("user", "likes"))
text_list = st.lists(texts, max_size=3).map(lambda some: Listed(tuple(some)))
number_list = st.lists(numbers, max_size=3).map(lambda some: Listed(tuple(some)))
leaves = (
    st.builds(Truth, st.booleans())
    | st.builds(Seen, st.sampled_from([None, "view", "buy", "play"]))
    | st.builds(Compare, st.sampled_from(["==", "!="]), texts | text_of, texts | text_of)
    | st.builds(Compare, st.sampled_from(list(SIGNS)), numbers | number_of, numbers | number_of)
    | st.builds(Member, texts | text_of | user_tags, text_list | item_tags)
    | st.builds(Member, texts | text_of | item_tags | user_tags, text_list | user_tags)
    | st.builds(Member, numbers | number_of, number_list)
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.builds(Not, inner)
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts)))
    ),
    max_leaves=8,
)


@settings(max_examples=400)
@given(
    tree=trees,
    context=st.fixed_dictionaries(
        {}, optional={"mood": st.sampled_from(["calm", "jazz", "a"]), "budget": st.sampled_from([0.1, 10.0, 15.0])}
    ),
    known=st.booleans(),
)
def test_masks_are_those_of_plain_python(tree: Tree, context: dict[str, Any], known: bool) -> None:
    check(tree, SCHEMA)
    asked = question(context, {"group": "acme"} if known else {})
    user = {"group": "acme" if known else "young", "age": 30.0, "likes": frozenset({"jazz", "rock"})}
    expected = [holds(tree, row, {"user": user, "context": context}) is True for row in ROWS]
    assert mask(tree, asked).tolist() == expected
    rows = np.asarray([5, 2, 6, 0], dtype=np.int32)
    assert mask(tree, asked, rows).tolist() == [expected[i] for i in rows]
