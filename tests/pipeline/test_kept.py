"""What is kept is made once, and forgotten with its owner."""

from __future__ import annotations

import gc
import weakref

import pytest

from penchant.pipeline.kept import Kept


class Owner:
    """Something that things are kept for."""


def test_each_thing_is_made_once_and_the_oldest_goes() -> None:
    kept: Kept[int] = Kept(2)
    owner = Owner()
    made: list[str] = []

    def ask(key: str) -> int:
        def make() -> int:
            made.append(key)
            return len(made)

        return kept.get(owner, key, make)

    assert [ask(key) for key in "aabac"] == [1, 1, 2, 1, 3]
    # b is the one that was not asked for of late
    assert [ask(key) for key in "acb"] == [1, 3, 4]
    assert made == ["a", "b", "c", "b"]


def test_owners_share_nothing_and_are_not_kept_alive() -> None:
    kept: Kept[str] = Kept(2)
    first, second = Owner(), Owner()
    assert kept.get(first, "x", lambda: "of the first") == "of the first"
    assert kept.get(second, "x", lambda: "of the second") == "of the second"
    gone = weakref.ref(first)
    del first
    gc.collect()
    assert gone() is None


def test_what_fails_is_not_kept() -> None:
    kept: Kept[int] = Kept(2)
    owner = Owner()

    def fails() -> int:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        kept.get(owner, "x", fails)
    assert kept.get(owner, "x", lambda: 3) == 3
