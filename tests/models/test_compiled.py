"""When compiled code is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from penchant.models import compiled


def test_only_much_work_is_worth_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "find_spec", lambda name: object())
    assert not compiled.pays(compiled.WORTH_LOADING - 1)
    assert compiled.pays(compiled.WORTH_LOADING)
    monkeypatch.setattr(compiled, "find_spec", lambda name: None)
    assert not compiled.pays(10**15)


def total(values: np.ndarray) -> float:
    found = 0.0
    for value in values:
        found += value
    return found


def test_no_folder_for_a_cache_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba", reason="needs the extra `fast`")
    njit = numba.njit

    def without_cache(*functions: Any, **options: Any) -> Callable[..., Any]:
        # numba itself compiles some functions when they are first needed, without options
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        made: Callable[..., Any] = njit(*functions, **options)
        return made

    monkeypatch.setattr(numba, "njit", without_cache)
    assert compiled.compiled(total)(np.asarray([1.0, 2.5])) == 3.5
