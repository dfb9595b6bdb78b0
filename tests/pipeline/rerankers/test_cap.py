"""Caps by hand on the shop: brands acme acme - bolt bolt - jazz, genres jazz+slow, rock, -, jazz, loud+rock, -, slow."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.errors import BadConfig, UnknownName
from penchant.pipeline.rerankers.cap import Cap, CapConfig
from penchant.pipeline.stages import Candidates
from penchant.query import Query
from tests.pipeline.expression.shop import IDS, SCHEMA, WORLD
from tests.pipeline.worlds import ask


def capped(k: int, order: str = "abcdefg", unscored: str = "", **settings: object) -> str:
    items = np.asarray([IDS.index(item) for item in order], dtype=np.int32)
    scores = np.asarray([np.nan if x in unscored else 9.0 - i for i, x in enumerate(order)], dtype=np.float32)
    made = Cap(CapConfig.parse(settings)).rerank(ask(WORLD, Query(k=k)), Candidates.of(items, scores, "model"), k)
    return "".join(IDS[item] for item in made.items.tolist())


def test_a_category() -> None:
    assert capped(7, attribute="brand", most=1) == "acdfg"
    assert capped(7, attribute="brand", most=2) == "abcdefg"
    assert capped(7, "bafedcg", attribute="brand", most=1) == "bfecg"


def test_tags_count_for_each() -> None:
    # a takes jazz and slow; d is jazz and g is slow again, e is rock again
    assert capped(7, attribute="genre", most=1) == "abcf"
    # d and g come first: a would be both
    assert capped(7, "dgabcef", attribute="genre", most=1) == "dgbcf"


def test_a_short_list_is_filled_only_when_asked_for() -> None:
    assert capped(7, attribute="genre", most=1, fill=True) == "abcfdeg"
    # three are enough: what was left out stands behind the list
    assert capped(3, attribute="genre", most=1, fill=True)[:3] == "abc"


def test_items_without_a_score_stay_behind() -> None:
    assert capped(7, "abdgef", unscored="ef", attribute="brand", most=1) == "adgef"
    assert capped(7, "abdgef", unscored="ef", attribute="brand", most=1, fill=True) == "adgbef"


@pytest.mark.parametrize(
    ("attribute", "error", "message"),
    [
        ("brnd", UnknownName, 'x.toml: rerank.0..attribute: unknown item attribute "brnd". Did you mean "brand"'),
        ("price", BadConfig, 'expected an attribute of kind category or tags, "price" is of kind number'),
    ],
)
def test_what_the_schema_does_not_declare(attribute: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        CapConfig.parse({"attribute": attribute}).check(SCHEMA, "x.toml: rerank[0]")
