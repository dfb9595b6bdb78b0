"""The query checks what needs no catalogue."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from penchant.errors import BadConfig
from penchant.query import Past, Query


def test_a_query_needs_nothing_and_is_frozen() -> None:
    query = Query()
    assert (query.user_id, query.history, query.at, query.k, query.repeats) == (None, None, None, 10, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        query.k = 3  # type: ignore[misc]


@pytest.mark.parametrize("k", [0, -1])
def test_k_is_at_least_one(k: int) -> None:
    with pytest.raises(BadConfig, match=f"k: expected a whole number >= 1, got {k}"):
        Query(k=k)


@pytest.mark.parametrize("history", [("tea",), "tea"])
def test_a_history_of_bare_ids_is_refused(history: Any) -> None:
    with pytest.raises(BadConfig, match=r"history: expected entries such as Past\(item_id=...\), got 't"):
        Query(history=history)


def test_repeats_is_a_known_word() -> None:
    assert Query(repeats="allow").repeats == "allow"
    with pytest.raises(BadConfig, match='repeats: expected "allow" or "exclude", got "maybe"'):
        Query(repeats="maybe")  # type: ignore[arg-type]


@pytest.mark.parametrize("at", [float("nan"), float("inf"), 1e30, 1_736_121_600_000])
def test_a_moment_lies_in_the_calendar(at: float) -> None:
    with pytest.raises(BadConfig, match="^at: expected seconds since 1970, got"):
        Query(at=at)
    with pytest.raises(BadConfig, match="history: a: at: expected seconds since 1970, got"):
        Past(item_id="a", at=at)
