"""Names and types, against the shop's schema."""

from __future__ import annotations

import pytest

from penchant.errors import BadConfig, UnknownName
from penchant.pipeline.expression.checking import check
from penchant.pipeline.expression.evaluating import mask
from penchant.pipeline.expression.parsing import parse
from tests.pipeline.expression.shop import SCHEMA, question


@pytest.mark.parametrize(
    "text",
    [
        "item.genre in ['jazz'] and item.price < context.budget and not seen('buy')",
        "'jazz' in item.genre or item.brand in item.genre or item.genre in user.likes or user.group in item.genre",
        "item.id != 'a' and item.title == item.brand and 'x' == \"x\" and 1 < 2",
        "item.price in [] and item.genre in [] and context.mood in ['calm'] and user.likes in ['a']",
        "item['made in'] == 'de' and seen() and true",
    ],
)
def test_what_is_right(text: str) -> None:
    tree = parse(text)
    check(tree, SCHEMA)
    assert mask(tree, question()).shape == (7,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item.gnere in ['a']", 'where, column 1: unknown item attribute "gnere". Did you mean "genre"'),
        ("true and user.grop == 'a'", 'column 10: unknown user attribute "grop". Did you mean "group"'),
        ("item.price < context.bugdet", 'column 14: unknown context field "bugdet". Did you mean "budget"'),
        ("not seen('by')", 'column 5: unknown event kind "by". Did you mean "buy"'),
        ("user.id == 'a'", 'unknown user attribute "id"'),
    ],
)
def test_unknown_names(text: str, message: str) -> None:
    with pytest.raises(UnknownName, match=message):
        check(parse(text), SCHEMA)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "item.price < '3'",
            "where, column 12: < expects two of a kind, got a number and a text; texts stand in quotes",
        ),
        ("item.brand < 'b'", "column 12: < expects numbers, got texts; only == and != compare texts"),
        ("item.genre == 'jazz'", "column 12: == cannot compare tags, .*; write 'rock' in item.genre"),
        ("item.brand == ['a']", "column 12: == cannot compare a list; write item.genre in"),
        ("item.brand in [1]", "column 12: `in` expects texts behind it, as the text before it is, got numbers"),
        ("item.price in item.genre", "column 12: `in` expects numbers behind it, as the number before it is, got tags"),
        ("item.price in context.budget", "column 12: `in` expects a list or tags behind it, got a number"),
        ("['a'] in item.genre", "column 7: a list cannot stand before `in`"),
        ("item.brand in ['a', 1]", "column 15: expected a list of texts or a list of numbers, got both"),
        ("item.genre in item.genre", "column 12: the tags of an item cannot be compared with other tags"),
        ("item.sound == 1", "column 1: item.sound is a vector, which cannot be compared"),
    ],
)
def test_wrong_types(text: str, message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        check(parse(text), SCHEMA)
