"""Words and their columns."""

from __future__ import annotations

import pytest

from penchant.errors import BadConfig
from penchant.pipeline.expression.words import LONGEST, words


def test_words_and_where_they_stand() -> None:
    found = words("item.price<=-1.5e2 and\n not 'it\\'s'")
    assert [(word.kind, word.text, word.column) for word in found] == [
        ("name", "item", 1), ("sign", ".", 5), ("name", "price", 6), ("sign", "<=", 11), ("number", "-1.5e2", 13),
        ("name", "and", 20), ("name", "not", 25), ("text", "it's", 29), ("end", "", 36),
    ]  # fmt: skip
    assert found[4].value == -150.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item.a = 1", "where, column 8: '=' means nothing here; write == to compare"),
        ("a && b", "column 3: '&' means nothing here; write `and`"),
        ("item.a == 'jazz", 'column 11: "\'" means nothing here; the text has no closing quote'),
        ("item.a == 1e999", "column 11: expected a finite number, got 1e999"),
        ("item.a == 1 + 2", "column 13: '\\+' means nothing here; there is no arithmetic"),
        ("item.a == $", "column 11: '\\$' means nothing here"),
        ("x" * (LONGEST + 1), "expected at most 2000 characters, got 2001"),
    ],
)
def test_what_is_no_word(text: str, message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        words(text)
