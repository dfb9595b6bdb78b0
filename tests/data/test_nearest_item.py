"""What somebody meant by an unknown item: ids first, then titles, without regard to case."""

from __future__ import annotations

import pytest

from penchant.data import nearest_item as module
from penchant.data.nearest_item import nearest_item
from tests.toy import toy_dataset


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("silver rain", "a"),  # the whole title
        ("Nigth Drive", "d"),  # two letters changed places
        ("A", "a"),  # the id in another case
        ("xylophone", None),
        ("", None),
    ],
)
def test_nearest_item(text: str, item: str | None) -> None:
    assert nearest_item(toy_dataset().catalogue(), text) == item


def test_a_large_catalogue_compares_only_what_begins_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_COMPARED", 2)
    catalogue = toy_dataset().catalogue()
    assert nearest_item(catalogue, "Silver Rian") == "a"
    assert nearest_item(catalogue, "Xilver Rain") is None
