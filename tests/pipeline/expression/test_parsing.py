"""Trees by hand, and every wrong turn with its column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import BadConfig, UnknownName
from penchant.pipeline.expression.parsing import DEEPEST, parse
from penchant.pipeline.expression.tree import And, Compare, Listed, Literal, Member, Not, Or, Reference, Seen, Truth

GENRE, PRICE = Reference("item", "genre"), Reference("item", "price")


def test_the_example_of_the_documentation() -> None:
    tree = parse("item.genre in ['jazz'] and item.price < context.budget and not seen('buy')")
    assert tree == And(
        (
            Member(GENRE, Listed((Literal("jazz"),))),
            Compare("<", PRICE, Reference("context", "budget")),
            Not(Seen("buy")),
        )
    )


def test_what_binds_how_strongly() -> None:
    assert parse("true or false and not true") == Or((Truth(True), And((Truth(False), Not(Truth(True))))))
    assert parse("(true or false) and true") == And((Or((Truth(True), Truth(False))), Truth(True)))
    assert parse("not item.price == 1") == Not(Compare("==", PRICE, Literal(1.0)))
    assert parse("item.price not in [1, 2]") == Not(Member(PRICE, Listed((Literal(1.0), Literal(2.0)))))


def test_names_with_other_letters_stand_in_quotes() -> None:
    assert parse("item['made in'] == \"d'e\"") == Compare("==", Reference("item", "made in"), Literal("d'e"))


def test_columns_do_not_make_trees_different() -> None:
    assert parse("true  or item.price < 3") == parse("true or item.price<3")
    assert hash(parse("true  or item.price < 3")) == hash(parse("true or item.price<3"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "where, column 1: expected a value such as item.genre, .*, got the end"),
        ("item.price", "column 11: expected a comparison such as == or `in` after item.price, got the end"),
        ("item.price < ", "column 14: expected a value"),
        ("1 < item.price < 3", "column 16: comparisons do not chain; write `a < b and b < c`"),
        ("(true", 'column 6: expected "\\)", got the end'),
        ("true)", 'column 5: expected `and`, `or` or the end, got "\\)"'),
        ("true true", 'column 6: expected `and`, `or` or the end, got "true"'),
        ("item.price in [1 2]", 'column 18: expected ",", got "2"'),
        ("item.price in [item.id]", 'column 16: expected a text in quotes or a number, got "item"'),
        ("seen(buy)", 'column 6: expected seen\\(\\) or one kind of event in quotes, .*, got "buy"'),
        ("item. == 3", 'column 7: expected a name after item., got "=="'),
        ("item[price] == 3", "column 6: expected a name in quotes, such as item\\['release year'\\]"),
        ("item.price not 3", 'column 16: expected "in", got "3"'),
        ("and true", 'column 1: expected a value such as item.genre, .*, got "and"'),
        ("(" * 60 + "true" + ")" * 60, "column 51: expected at most 50 parentheses and `not` inside each other"),
        ("not " * 400 + "true", "column 201: expected at most 50"),
    ],
)
def test_wrong_turns(text: str, message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        parse(text)


def test_an_unknown_word_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match='where, column 1: unknown word "itme". Did you mean "item"'):
        parse("itme.price < 3")


def test_as_deep_as_allowed() -> None:
    assert parse("(" * DEEPEST + "true" + ")" * DEEPEST) == Truth(True)
    assert isinstance(parse(" and ".join(["true"] * 200)), And)


@given(st.text(alphabet="item.genre ()[]'\"<>=!,not in and or seen 123", max_size=60))
def test_any_text_gives_a_tree_or_one_clear_line(text: str) -> None:
    try:
        tree = parse(text)
    except (BadConfig, UnknownName) as fault:
        assert str(fault).startswith("where")
        assert "\n" not in str(fault)
    else:
        assert isinstance(tree, And | Or | Not | Compare | Member | Truth | Seen)
