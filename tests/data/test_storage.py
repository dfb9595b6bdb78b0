"""Columns on disk and back."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.features import Categories, Column, FeatureTable, Numbers, Tags, Texts, Vectors
from penchant.data.storage import (
    Arrays,
    pack_interactions,
    pack_popularity,
    pack_table,
    read_arrays,
    unpack_column,
    unpack_interactions,
    unpack_popularity,
    unpack_table,
    write_arrays,
)
from penchant.data.strings import Strings
from penchant.errors import BadModelFolder
from tests.data.columns_as_values import plain
from tests.toy import toy_dataset

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
floats = st.floats(width=32)


@st.composite
def tables(draw: st.DrawFn) -> FeatureTable:
    """Columns of every form; names may be any text, columns may be empty."""
    n = draw(st.integers(0, 4))
    rows = lambda of: st.lists(of, min_size=n, max_size=n)  # noqa: E731
    forms = st.one_of(
        rows(st.none() | texts).map(Categories.of),
        rows(floats).map(lambda v: Numbers(np.asarray(v, dtype=np.float32))),
        rows(st.lists(texts, max_size=3)).map(Tags.of),
        rows(texts).map(lambda v: Texts(Strings.of(v))),
        rows(st.tuples(floats, floats)).map(lambda v: Vectors(np.asarray(v, dtype=np.float32).reshape(n, 2))),
    )
    columns: dict[str, Column] = draw(st.dictionaries(texts | st.just("../a/b"), forms, max_size=4))
    return FeatureTable(n_rows=n, columns=columns)


@given(tables())
def test_every_form_comes_back_the_same(table: FeatureTable) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder, arrays = Path(temporary) / "data", Arrays()
        write_arrays(folder, arrays, {"table": pack_table(arrays, "t", table)})
        assert all(path.parent == folder for path in folder.rglob("*"))
        read, meta = read_arrays(folder)
        again = unpack_table(read, "t", meta["table"])
        assert again.n_rows == table.n_rows and list(again.columns) == list(table.columns)
        for name, column in table.columns.items():
            assert type(again.columns[name]) is type(column)
            assert plain(again.columns[name]) == plain(column)
        assert not any(array.flags.writeable for array in read.values())


def test_a_log_comes_back_the_same() -> None:
    data = toy_dataset()
    arrays = Arrays()
    log = unpack_interactions(arrays, "log", pack_interactions(arrays, "log", data.interactions))
    for name in ("user", "item", "at", "kind", "value"):
        assert getattr(log, name).tolist() == getattr(data.interactions, name).tolist()
    assert log.session is None and log.order is None
    assert plain(log.context["mood"]) == plain(data.interactions.context["mood"])
    counts = unpack_popularity(arrays, "p", pack_popularity(arrays, "p", data.popularity))
    assert counts.n_items == 8 and counts.weight.tolist() == data.popularity.weight.tolist()


def written(folder: Path) -> Path:
    write_arrays(folder, {"a": np.arange(100), "none": np.zeros(0, dtype=np.int32)}, {"x": 1})
    return folder


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.npy", b""),
        ("a.npy", b"\x93NUMPY"),
        ("a.npy", None),
        ("a.npy", "half"),
        ("meta.json", b""),
        ("meta.json", b"[]"),
        ("meta.json", b'{"x": 1}'),
        ("meta.json", None),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: bytes | str | None) -> None:
    path = written(tmp_path / "data") / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:500] if isinstance(content, str) else content)
    with pytest.raises(BadModelFolder, match=f"{name}: cannot be read") as caught:
        read_arrays(tmp_path / "data")
    assert "\n" not in str(caught.value)


def test_writing_again_leaves_what_is_mapped_alone(tmp_path: Path) -> None:
    mapped, _ = read_arrays(written(tmp_path / "data"))
    write_arrays(tmp_path / "data", {"a": np.zeros(3)}, {"x": 2})
    assert mapped["a"].tolist() == list(range(100))
    arrays, meta = read_arrays(tmp_path / "data")
    assert arrays["a"].tolist() == [0, 0, 0] and meta == {"x": 2, "arrays": ["a"]}


def test_an_interrupted_rewrite_is_no_folder(tmp_path: Path) -> None:
    folder = written(tmp_path / "data")
    with pytest.raises(ValueError, match="[Oo]bject arrays"):
        write_arrays(folder, {"a": np.zeros(3), "b": np.asarray([{}], dtype=object)}, {"x": 2})
    # the old meta.json must not vouch for the new `a`
    with pytest.raises(BadModelFolder, match="meta.json"):
        read_arrays(folder)


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(BadModelFolder, match="column t.0: unknown form 'Waves'; written by a newer version"):
        unpack_column({}, "t.0", "Waves")
