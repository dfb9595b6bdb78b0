"""The front door: light to open, and everything it names is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

import penchant

HEAVY = ("numpy", "polars", "scipy", "sklearn", "pandas", "pyarrow", "pydantic", "torch", "typer", "rich")


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import sys, penchant; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_every_public_name_is_there() -> None:
    for name in penchant.__all__:
        assert getattr(penchant, name) is not None


def test_the_nouns_need_no_arrays() -> None:
    event = penchant.Interaction(user_id="ann", item_id="a", at=0.0)
    assert (event.kind, event.value, dict(event.context)) == ("view", 1.0, {})
    update = penchant.ItemUpdate(item_id="a", at=0.0)
    assert update.available and isinstance(update, penchant.Event)
    slate = penchant.Slate(recommendation_id="r", items=(penchant.Recommendation(item_id="a", rank=1, score=0.5),))
    assert slate.items[0].propensity == 1.0


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'penchant' has no attribute 'nothing'"):
        penchant.nothing  # noqa: B018
