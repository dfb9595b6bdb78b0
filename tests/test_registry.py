"""Models by name."""

from __future__ import annotations

import pytest

from penchant.errors import UnknownName
from penchant.models.base import Model
from penchant.registry import model_class, model_names


def test_every_name_is_a_model_called_so() -> None:
    names = model_names()
    assert names == tuple(sorted(names)) and {"popular", "ease", "itemknn"} <= set(names)
    for name in names:
        found = model_class(name)
        assert issubclass(found, Model) and found.name() == name


def test_shared_parts_are_no_models() -> None:
    assert not {"base", "folder", "history", "neighbours", "topk", "circumstances"} & set(model_names())


def test_a_misspelt_model_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match='unknown model "itemknnn". Did you mean "itemknn"'):
        model_class("itemknnn")
    with pytest.raises(UnknownName, match='unknown model "base"'):
        model_class("base")
