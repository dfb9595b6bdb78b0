"""The research sets whose published splits keep some items out of training, read for protocol `cold`."""

from __future__ import annotations

import gzip
from dataclasses import replace

import polars as pl

from benchmarks.sets import data_root
from penchant.data.dataset import Dataset
from penchant.data.files import read_dataset
from penchant.data.schema import Schema


def movielens() -> Dataset:
    """MovieLens-1M with title and genres; train, valid and test share no item."""
    folder = data_root() / "ml-1m" / "cold_items"
    parts = [pl.read_parquet(folder / f"{name}.parquet").with_columns(split=pl.lit(name)) for name in _SPLITS]
    events = pl.concat(parts).rename({"uid": "user_id", "iid": "item_id"})
    items = pl.read_parquet(folder / "items.parquet").rename({"iid": "item_id"})
    items = items.with_columns(genres=pl.col("genres").str.split("|"))
    attributes = {"title": {"kind": "text"}, "genres": {"kind": "tags"}}
    return replace(read_dataset(events, items=items, schema=_schema(attributes)), name="ml-1m cold_items")


def citeulike() -> Dataset:
    """citeulike-a with tags, in the split of the Heater paper."""
    folder = data_root() / "citeulike-a"
    events = pl.read_parquet(folder / "heater_cold_split.parquet")
    events = events.with_columns(split=pl.col("split").replace("vali", "valid"))
    with gzip.open(folder / "item-tag.dat.gz", "rt", encoding="utf-8") as lines:
        tags = [line.split() for line in lines]
    items = pl.DataFrame({"item_id": [str(number) for number in range(len(tags))], "tags": tags})
    read = read_dataset(events, items=items, schema=_schema({"tags": {"kind": "tags"}}))
    return replace(read, name="citeulike-a")


def _schema(attributes: dict[str, dict[str, str]]) -> Schema:
    return Schema.parse({"columns": {"split": "split"}, "item_attributes": attributes})


_SPLITS = ("train", "valid", "test")

COLD_SETS = {"ml-1m": movielens, "citeulike-a": citeulike}
