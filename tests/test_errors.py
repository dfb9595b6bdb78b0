"""Errors: what came, what is known, and the nearest valid name."""

from __future__ import annotations

import pytest

from penchant.errors import BadConfig, BadData, BadModelFolder, PenchantError, UnknownName, UserError, nearest


def test_the_tree() -> None:
    for kind in (UnknownName, BadData, BadConfig, BadModelFolder):
        assert issubclass(kind, UserError)
    assert issubclass(UserError, PenchantError) and not issubclass(PenchantError, UserError)


def test_the_nearest_name_is_offered() -> None:
    fault = UnknownName("model", "eese", ["popular", "ease"], "a.toml")
    assert str(fault) == 'a.toml: unknown model "eese". Did you mean "ease"? Known: ease, popular.'
    assert (fault.kind, fault.name, fault.known) == ("model", "eese", ["ease", "popular"])


def test_nothing_is_offered_where_nothing_is_near() -> None:
    assert str(UnknownName("model", "xyz", ["ease"])) == 'unknown model "xyz". Known: ease.'
    assert str(UnknownName("context field", "mood", [])) == 'unknown context field "mood". Known: none.'


@pytest.mark.parametrize(
    ("name", "found"), [("EASE", "ease"), ("popluar", "popular"), ("Itemknn", "itemKNN"), ("", None), ("zzz", None)]
)
def test_nearest_ignores_case(name: str, found: str | None) -> None:
    assert nearest(name, ["ease", "popular", "itemKNN"]) == found
