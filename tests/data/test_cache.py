"""A dataset as a folder of memory-mapped files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from penchant.data.cache import open_dataset, save_dataset
from penchant.errors import BadModelFolder
from tests.data.columns_as_values import plain
from tests.evaluate.logs import dataset
from tests.toy import toy_dataset


def test_everything_comes_back(tmp_path: Path) -> None:
    data = toy_dataset()
    save_dataset(data, tmp_path / "toy")
    again = open_dataset(tmp_path / "toy")
    assert (again.schema, again.name, again.timed, again.digest) == (data.schema, "toy", True, data.digest)
    assert list(again.users) == list(data.users) and list(again.items) == list(data.items)
    for mine, other in ((again.item_features, data.item_features), (again.user_features, data.user_features)):
        assert {n: plain(c) for n, c in mine.columns.items()} == {n: plain(c) for n, c in other.columns.items()}
    assert plain(again.interactions.context["mood"]) == plain(data.interactions.context["mood"])
    assert isinstance(again.interactions.at.base, np.memmap)


def test_columns_kept_for_protocols_come_back(tmp_path: Path) -> None:
    data = dataset(np.asarray([0, 0]), np.asarray([0, 1]), np.asarray([1, 2]), ["train", "test"])
    save_dataset(data, tmp_path / "d")
    assert plain(open_dataset(tmp_path / "d").interactions.extra["split"]) == ["train", "test"]


def test_another_format_is_refused(tmp_path: Path) -> None:
    save_dataset(toy_dataset(), tmp_path / "toy")
    meta = tmp_path / "toy" / "meta.json"
    meta.write_text(json.dumps({**json.loads(meta.read_text(encoding="utf-8")), "format": 0}), encoding="utf-8")
    with pytest.raises(BadModelFolder, match="format 0, expected 1; write the folder again"):
        open_dataset(tmp_path / "toy")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(BadModelFolder, match="meta.json: cannot be read"):
        open_dataset(tmp_path / "nothing")
