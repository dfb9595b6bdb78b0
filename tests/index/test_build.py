"""Size decides, and whether faiss is there."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.index import build
from penchant.index.build import build_index
from penchant.index.exact import ExactIndex
from tests.index.made_vectors import clustered


def test_small_ones_are_exact_and_big_ones_are_lists() -> None:
    pytest.importorskip("faiss")
    rows, _ = clustered(300, 1)
    assert isinstance(build_index(rows).base, ExactIndex)
    assert type(build_index(rows, exact_up_to=299).base).__name__ == "ListsIndex"


def test_without_faiss_any_size_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "find_spec", lambda name: None)
    rows, queries = clustered(300, 1)
    index = build_index(rows, exact_up_to=10)
    assert isinstance(index.base, ExactIndex)
    assert index.search(queries[0], 1)[0][0] == np.argmax(rows @ queries[0])
