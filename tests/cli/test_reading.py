"""The cache folder stays small, and its place can be chosen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penchant.cli.reading import cache_folder, keep_newest


def test_only_the_newest_logs_stay_and_nothing_foreign_is_touched(tmp_path: Path) -> None:
    for i in range(5):
        folder = tmp_path / f"{i:016x}-{i:016x}"
        folder.mkdir()
        (folder / "meta.json").write_text("{}", encoding="utf-8")
        os.utime(folder, (1000 + i, 1000 + i))
    (tmp_path / "thesis").mkdir()
    keep_newest(tmp_path, 2)
    assert sorted(path.name[:16].lstrip("0") for path in tmp_path.iterdir()) == ["3", "4", "thesis"]


def test_the_place_of_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("PENCHANT_CACHE", raising=False)
    assert cache_folder() == tmp_path / "penchant"
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
