"""MovieLens as it is published: the folder decides between the 100K files, the ``.dat`` files and the later CSVs."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.data.dataset import Dataset
from penchant.data.files import read_dataset
from penchant.data.schema import Field, Schema
from penchant.errors import BadData

if TYPE_CHECKING:
    import polars as pl

    _Tables = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame | None]

LAYOUTS: Mapping[str, Sequence[str]] = {
    "100K": ("u.data", "u.item", "u.user"),
    "1M": ("ratings.dat", "movies.dat", "users.dat"),
    "CSV": ("ratings.csv", "movies.csv"),
}
"""Files of each layout, the ratings first; each may carry ``.gz`` behind its name."""

GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
"""The 19 flags at the end of each line of ``u.item``, in the order of the official file ``u.genre``."""

_RATINGS = ("user_id", "item_id", "rating", "timestamp")


def read_movielens(folder: Path | str) -> Dataset:
    """Ratings with titles, genres and, in the older sets, what is known of the people.

    Events stand in the order of the official file before they are sorted by time, so that the stable sort reproduces the
    published splits. Movies and people without a rating are in the vocabularies.

    Raises:
        BadData: a file is missing (the message says where the set is published) or not in its official layout.
    """
    folder = Path(folder)
    layout = _layout(folder)
    events, items, users = {"100K": _read_100k, "1M": _read_1m, "CSV": _read_csv}[layout](folder)
    data = read_dataset(events, items=items, users=users, schema=_schema(items, users))
    return replace(data, name=f"MovieLens {layout}")


def _layout(folder: Path) -> str:
    """The first layout whose ratings are there; all its other files must then be there too."""
    for layout, names in LAYOUTS.items():
        if _found(folder, names[0]) is None:
            continue
        # the sets of ten million ratings and later say nothing of the people
        needed = [name for name in names if name != "users.dat" or _found(folder, "tags.dat") is None]
        missing = [name for name in needed if _found(folder, name) is None]
        if missing:
            raise BadData(f"{folder}: {', '.join(missing)} is missing beside {names[0]}; {_ADVICE}")
        return layout
    raise BadData(f"{folder}: no MovieLens ratings here; {_ADVICE}")


_ADVICE = (
    "get ml-100k.zip, ml-1m.zip or ml-latest-small.zip from https://grouplens.org/datasets/movielens/ and unpack it, so that"
    " the folder holds " + ", or ".join(" ".join(names) for names in LAYOUTS.values()) + " (each may end in .gz)"
)


def _found(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _read_100k(folder: Path) -> _Tables:
    import polars as pl

    events = _table(folder, "u.data", _RATINGS, separator="\t")
    columns = ("item_id", "title", "release_date", "video_date", "url", *GENRES)
    flagged = _table(folder, "u.item", columns, separator="|")
    words = [pl.when(pl.col(name) == "1").then(pl.lit(name)) for name in GENRES]
    items = flagged.select(
        "item_id", "title", "release_date", pl.concat_str(words, separator="|", ignore_nulls=True).alias("genres")
    )
    users = _table(folder, "u.user", ("user_id", "age", "gender", "occupation", "zip"), separator="|")
    return events, _with_year(items), users


def _read_1m(folder: Path) -> _Tables:
    events = _table(folder, "ratings.dat", _RATINGS, separator="::")
    items = _table(folder, "movies.dat", ("item_id", "title", "genres"), separator="::")
    people = ("user_id", "gender", "age", "occupation", "zip")
    known = _found(folder, "users.dat") is not None
    return events, _with_year(items), _table(folder, "users.dat", people, separator="::") if known else None


def _read_csv(folder: Path) -> _Tables:
    events = _table(folder, "ratings.csv", _RATINGS, separator=",", header=True)
    items = _table(folder, "movies.csv", ("item_id", "title", "genres"), separator=",", header=True)
    return events, _with_year(items), None


def _table(folder: Path, name: str, columns: Sequence[str], *, separator: str, header: bool = False) -> pl.DataFrame:
    """All cells of a file as text, with our names for its columns in their official order."""
    import polars as pl

    path = _found(folder, name)
    if path is None:
        raise BadData(f"{folder / name}: no such file; {_ADVICE}")
    data = _utf8(path)
    if len(separator) > 1:  # a tab occurs in no title, and the reader wants a single byte
        data, separator = data.replace(separator.encode(), b"\t"), "\t"
    expected = f"expected {len(columns)} columns ({', '.join(columns)})"
    try:
        table = pl.read_csv(
            data,
            separator=separator,
            has_header=header,
            quote_char='"' if header else None,  # the older files hold bare quotes inside titles
            infer_schema=False,
        )
    except (pl.exceptions.ComputeError, pl.exceptions.NoDataError) as fault:
        raise BadData(f"{path}: {expected}, but it cannot be read: {str(fault).splitlines()[0]}") from None
    if table.width != len(columns):
        raise BadData(f"{path}: {expected}, got {table.width}; is it the official file?")
    short = table.to_series(1).is_null().arg_true()
    if len(short):
        raise BadData(f"{path}, line {int(short[0]) + 1 + header}: {expected}, got fewer; is it the official file?")
    return table.rename(dict(zip(table.columns, columns, strict=True)))


def _utf8(path: Path) -> bytes:
    """The file unpacked, in UTF-8: the older sets were published in Latin-1."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as fault:
        raise BadData(f"{path}: cannot be read ({fault}); fetch the file again") from None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1").encode()
    return data


def _with_year(items: pl.DataFrame) -> pl.DataFrame:
    """Adds `year`, which stands in brackets at the end of a title, and turns the words for "none" into nothing."""
    import polars as pl

    year = pl.col("title").str.extract(r"\((\d{4})[^()]*\)\s*$", 1).cast(pl.Int32)
    genres = pl.col("genres").replace({"(no genres listed)": None, "unknown": None})
    return items.with_columns(year.alias("year"), genres)


def _schema(items: pl.DataFrame, users: pl.DataFrame | None) -> Schema:
    attributes = {
        "title": Field(kind="text"),
        "genres": Field(kind="tags", separator="|"),
        "year": Field(kind="number"),
    }
    if "release_date" in items.columns:
        attributes["release_date"] = Field(kind="category")
    people = ("gender", "age", "occupation", "zip") if users is not None else ()
    return Schema(
        columns={"user_id": "user_id", "item_id": "item_id", "timestamp": "timestamp", "value": "rating"},
        time_unit="s",
        repeats="exclude",
        title="title",
        item_attributes=attributes,
        user_attributes={name: Field(kind="category") for name in people},
    )
