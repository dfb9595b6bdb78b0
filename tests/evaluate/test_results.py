"""Results on their way from one process to the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from penchant.evaluate.results import ModelResult
from tests.evaluate.made_results import result


def test_what_is_written_is_read(tmp_path: Path) -> None:
    made = result("a/b ß", [0.1, np.nan, 0.3, 0.4, 0.5, 0.6], settings={"half_life": None})
    made.write(tmp_path / "out")
    read = ModelResult.read(tmp_path / "out")
    assert (read.label, read.about) == (made.label, made.about)
    np.testing.assert_array_equal(read.people, made.people)
    for part in ("metrics", "new_only", "slices"):
        mine, other = getattr(made, part), getattr(read, part)
        assert {h: list(v) for h, v in mine.items()} == {h: list(v) for h, v in other.items()}
        for history, values in mine.items():
            for name, array in values.items():
                np.testing.assert_array_equal(other[history][name], array)
