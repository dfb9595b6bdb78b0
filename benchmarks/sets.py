"""The research sets that benchmarks run on, read from the folder that the environment variable PENCHANT_DATA names."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from penchant.data.dataset import Dataset
from penchant.data.files import read_dataset
from penchant.data.intake.prefixes import read_prefixes
from penchant.data.intake.strangers import with_strangers
from penchant.data.schema import Schema
from penchant.errors import UserError


@dataclass(frozen=True, kw_only=True)
class ResearchSet:
    """Where a set lies and what its columns mean; `prefixes` are published pasts, asked as strangers after the log."""

    events: str
    schema: Schema = field(default_factory=Schema)
    items: str | None = None
    users: str | None = None
    prefixes: str | None = None


FRAPPE_CONTEXT = ("daytime", "weekday", "isweekend", "homework", "cost", "weather", "country", "city")

SETS = {
    "ml-1m": ResearchSet(events="ml-1m/events.parquet", schema=Schema(repeats="exclude")),
    "ml-1m-attributes": ResearchSet(
        events="ml-1m/events.parquet",
        items="ml-1m/items.parquet",
        users="ml-1m/users.parquet",
        schema=Schema(repeats="exclude"),
    ),
    "30music": ResearchSet(events="30music/events.parquet", schema=Schema(repeats="allow")),
    "retailrocket": ResearchSet(
        # the published test purchases (kind buy_test) carry no usable time of their own
        events="retailrocket/events.parquet",
        schema=Schema.parse({"repeats": "allow", "kinds": {"view": {}, "cart": {}, "buy": {}}}),
    ),
    "completejourney": ResearchSet(events="completejourney/events.parquet", schema=Schema(repeats="allow")),
    "foursquare-nyc": ResearchSet(events="foursquare-nyc/events.parquet", schema=Schema(repeats="allow")),
    # a published split into train and test rows, without times
    "gowalla": ResearchSet(events="gowalla/events.parquet", schema=Schema(repeats="exclude")),
    # the published leave-one-out split (items with five events and more); ties in time, so its own order counts
    "ml-1m-loo": ResearchSet(
        events="ml-1m/loo_published.parquet",
        schema=Schema.parse({"repeats": "exclude", "columns": {"split": "split", "order": "position"}}),
    ),
    "diginetica": ResearchSet(
        events="diginetica-sessions/train_sessions.parquet",
        prefixes="diginetica-sessions/test_prefixes.parquet",
        schema=Schema.parse({"repeats": "allow", "columns": {"order": "pos"}}),
    ),
    "beauty-5core": ResearchSet(
        events="beauty-5core/events.parquet",
        schema=Schema.parse({"repeats": "exclude", "columns": {"order": "pos"}}),
    ),
    # labelled rows in a published split, without times; the negatives of its train rows were drawn anew
    "frappe-ctr": ResearchSet(
        events="frappe/frappe_x1_rebuilt.parquet",
        schema=Schema.parse({"context": {name: {"kind": "category"} for name in FRAPPE_CONTEXT}}),
    ),
    "beauty-timed": ResearchSet(events="beauty-timed/events.parquet", schema=Schema(repeats="exclude")),
}


def data_root() -> Path:
    """The folder that PENCHANT_DATA names; raises UserError when it names none."""
    folder = os.environ.get("PENCHANT_DATA")
    if not folder:
        raise UserError("set PENCHANT_DATA to the folder that holds the research sets (see docs/data.md)")
    return Path(folder)


def read_set(name: str) -> Dataset:
    """One of `SETS`; raises UserError when PENCHANT_DATA does not lead to it."""
    known, root = SETS[name], data_root()
    if not (root / known.events).exists():
        raise UserError(f"{root / known.events}: no such file; PENCHANT_DATA must hold {known.events}")
    data = read_dataset(
        root / known.events,
        items=root / known.items if known.items else None,
        users=root / known.users if known.users else None,
        schema=known.schema,
    )
    asked = read_prefixes(root / known.prefixes) if known.prefixes else None
    return data if asked is None else with_strangers(data, asked).dataset
