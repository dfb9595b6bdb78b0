"""MovieLens: tiny files in each official layout, and the real sets where they are at hand."""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.data.dataset import Dataset
from penchant.data.features import Categories, Numbers, Tags, Texts
from penchant.data.sources.movielens import read_movielens
from penchant.errors import BadData

FLAGS = "0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0"  # unknown, Action, Adventure, then Animation, Children's, Comedy


def write(folder: Path, files: Mapping[str, str], packed: bool = False) -> Path:
    """Files called as in `files` (first _ stands for the dot), in Latin-1 as the old sets were published."""
    folder.mkdir(exist_ok=True)
    for key, text in files.items():
        name = key.replace("_", ".", 1)
        data = text.encode("latin-1")
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(data))
        else:
            (folder / name).write_bytes(data)
    return folder


HUNDRED = {
    "u_data": "1\t10\t5\t200\n2\t20\t3\t100\n1\t20\t4\t200\n",
    "u_item": f"10|Toy Story (1995)|01-Jan-1995||http://x|{FLAGS}\n"
    "20|Misérables, Les (1958)|01-Jan-1958|||0|0|0|0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0\n"
    '30|"Never" rated||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n',
    "u_user": "1|24|M|technician|85711\n2|53|F|other|02139\n3|23|M|writer|32067\n",
}
MILLION = {
    "ratings_dat": "1::10::5::200\n2::20::3::100\n1::20::4::200\n",
    "movies_dat": "10::Toy Story (1995)::Animation|Children's|Comedy\n20::Misérables, Les (1958)::Drama\n"
    '30::"Never" rated::Drama\n',
    "users_dat": "1::M::25::12::85711\n2::F::50::0::02139\n3::M::18::20::32067\n",
}
CSV = {
    "ratings_csv": "userId,movieId,rating,timestamp\r\n1,10,5.0,200\r\n2,20,3.5,100\r\n1,20,4.0,200\r\n",
    "movies_csv": "movieId,title,genres\r\n10,Toy Story (1995),Animation|Children|Comedy\r\n"
    '20,"Misérables, Les (1958)",Drama\r\n30,"""Never"" rated",(no genres listed)\r\n',
}


def by_id(data: Dataset, name: str) -> dict[str, Any]:
    """Item id -> value of an attribute, as Python objects."""
    column = data.item_features.columns[name]
    ids = list(data.items)
    match column:
        case Texts():
            return dict(zip(ids, column.values.to_list(), strict=True))
        case Numbers():
            return dict(zip(ids, column.values.tolist(), strict=True))
        case Tags():
            rows = zip(column.offsets[:-1], column.offsets[1:], strict=True)
            return dict(zip(ids, [{column.names.id(int(c)) for c in column.codes[a:b]} for a, b in rows], strict=True))
        case Categories():
            return dict(zip(ids, [column.names.id(int(c)) if c >= 0 else None for c in column.codes], strict=True))
        case _:
            raise AssertionError(f"{name}: unexpected form")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("files", [HUNDRED, MILLION, CSV], ids=["100K", "1M", "CSV"])
def test_every_layout_gives_the_same_log(tmp_path, files, packed):
    data = read_movielens(write(tmp_path, files, packed))
    log = data.interactions
    events = [
        (data.users.id(int(u)), data.items.id(int(i)), int(at), float(v))
        for u, i, at, v in zip(log.user, log.item, log.at, log.value, strict=True)
    ]
    second = 3.5 if files is CSV else 3.0
    # by time, and rows with the same second in the order of the file
    assert events == [("2", "20", 100_000, second), ("1", "10", 200_000, 5.0), ("1", "20", 200_000, 4.0)]
    assert set(data.items) == {"10", "20", "30"}, "a movie without ratings is in the vocabulary"
    assert by_id(data, "title") == {"10": "Toy Story (1995)", "20": "Misérables, Les (1958)", "30": '"Never" rated'}
    years = by_id(data, "year")
    assert (years["10"], years["20"]) == (1995.0, 1958.0)
    assert np.isnan(years["30"])
    genres = by_id(data, "genres")
    assert genres["10"] == {"Animation", "Children" if files is CSV else "Children's", "Comedy"}
    assert genres["20"] == {"Drama"}
    assert genres["30"] == ({"Drama"} if files is MILLION else set())
    assert data.catalogue().title(int(data.items.number("10") or 0)) == "Toy Story (1995)"
    assert (data.schema.repeats, data.schema.title, data.timed) == ("exclude", "title", True)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (HUNDRED, {"age": "53", "gender": "F", "occupation": "other", "zip": "02139"}),
        (MILLION, {"age": "50", "gender": "F", "occupation": "0", "zip": "02139"}),
    ],
    ids=["100K", "1M"],
)
def test_people_come_with_what_is_known_of_them(tmp_path, files, expected):
    data = read_movielens(write(tmp_path, files))
    assert set(data.users) == {"1", "2", "3"}, "a person without ratings is in the vocabulary"
    row = data.users.number("2")
    assert row is not None
    read = {}
    for name, column in data.user_features.columns.items():
        assert isinstance(column, Categories)
        read[name] = column.names.id(int(column.codes[row]))
    assert read == expected


def test_the_later_sets_say_nothing_of_people(tmp_path):
    assert read_movielens(write(tmp_path, CSV)).user_features.columns == {}
    ten = {name: text for name, text in MILLION.items() if name != "users_dat"} | {"tags_dat": "1::10::fun::200\n"}
    assert read_movielens(write(tmp_path / "10m", ten)).user_features.columns == {}


def test_an_empty_folder_says_where_the_set_is_published(tmp_path):
    with pytest.raises(BadData, match=r"grouplens\.org/datasets/movielens.*u\.data.*ratings\.dat.*ratings\.csv"):
        read_movielens(tmp_path)


def test_a_missing_companion_is_named(tmp_path):
    files = {name: text for name, text in MILLION.items() if name != "movies_dat"}
    with pytest.raises(BadData, match=r"movies\.dat is missing beside ratings\.dat.*grouplens"):
        read_movielens(write(tmp_path, files))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("ratings_dat", "1::10::5\n", r"ratings\.dat: expected 4 columns.*got 3"),
        ("ratings_dat", "1::10::5::200\n2\n", r"ratings\.dat, line 2: expected 4 columns"),
        ("ratings_dat", "1::10::5::200\n1::10::5::200::9::9\n", r"ratings\.dat: expected 4 columns"),
        ("movies_dat", "", r"movies\.dat: expected 3 columns"),
    ],
)
def test_a_file_in_another_layout_is_refused(tmp_path, name, text, message):
    with pytest.raises(BadData, match=message):
        read_movielens(write(tmp_path, MILLION | {name: text}))


def test_a_truncated_archive_is_refused(tmp_path):
    folder = write(tmp_path, MILLION, packed=True)
    whole = (folder / "movies.dat.gz").read_bytes()
    (folder / "movies.dat.gz").write_bytes(whole[:-12])
    with pytest.raises(BadData, match=r"movies\.dat\.gz: cannot be read .* fetch the file again"):
        read_movielens(folder)


def real(name: str) -> Path:
    """The folder of a real set; the test is skipped where it is not at hand."""
    root = os.environ.get("PENCHANT_DATA", "")
    if not root or not (Path(root) / name).is_dir():
        pytest.skip(f"{name} is not at hand: PENCHANT_DATA names no folder that holds it")
    return Path(root) / name


def test_the_real_100k():
    data = read_movielens(real("ml-100k"))
    # the counts of the set's own README: 100,000 ratings, 943 people, 1,682 movies
    assert (len(data), data.n_users, data.n_items) == (100_000, 943, 1_682)
    genres = data.item_features.columns["genres"]
    assert isinstance(genres, Tags)
    assert len(genres.names) == 18


def test_the_real_1m_in_published_order():
    folder = real("ml-1m")
    data = read_movielens(folder)
    # README of the set: 1,000,209 ratings, 6,040 people; movies.dat lists 3,883 movies, of which 3,706 are rated
    assert (len(data), data.n_users, data.n_items) == (1_000_209, 6_040, 3_883)
    assert int(data.seen_items.sum()) == 3_706
    if not (folder / "loo_published.parquet").exists():
        return
    import polars as pl

    published = pl.read_parquet(folder / "loo_published.parquet").filter(pl.col("split") == "test")
    targets = dict(zip(published["user_id"].cast(pl.String), published["item_id"].cast(pl.String), strict=True))
    counts = np.bincount(data.interactions.item, minlength=data.n_items)
    kept = data.take(counts[data.interactions.item] >= 5)  # the published split leaves rarer movies out
    last = kept.interactions.item[kept.sequences.rows[kept.sequences.offsets[1:] - 1]]
    ours = {data.users.id(u): data.items.id(int(i)) for u, i in enumerate(last)}
    assert ours == targets, "a stable sort by time gives the published targets of all 6,040 people"
