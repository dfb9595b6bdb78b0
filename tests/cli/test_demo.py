"""`penchant demo`, small, on both of its logs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.running import run

DATA = os.environ.get("PENCHANT_DATA", "")


@pytest.mark.slow
def test_the_music_story_ends_with_a_moment_that_is_worth_something() -> None:
    done = run("demo", "--people", "150", "--trials", "8", "--json")
    assert done.code == 0
    told = json.loads(done.out)
    assert [row["model"] for row in told["report"]["rows"] if row["history"] == "live"] == [
        "popular", "repeats", "itemknn", "markov", "ease",
    ]  # fmt: skip
    first, second = told["lists"].values()
    assert len(first) == len(second) == 10 and first != second
    # the right list for a moment captures more of the truth than the list of the other moment, and surely so
    assert told["captured@10"]["low"] > 0
    assert "Your turn" in done.err


@pytest.mark.slow
@pytest.mark.skipif(
    not Path(DATA, "ml-100k/u.item").exists(), reason="PENCHANT_DATA holds no ml-100k in its official layout"
)
def test_movielens_tells_the_same_story() -> None:
    done = run("demo", "--data", "movielens", str(Path(DATA, "ml-100k")), "--trials", "2")
    assert done.code == 0
    assert "ratings" in done.out and "No new fit lies between the two lists" in done.out


def test_a_path_needs_its_data() -> None:
    done = run("demo", "somewhere")
    assert (done.code, done.err) == (1, "error: demo: PATH goes with --data movielens\n")
