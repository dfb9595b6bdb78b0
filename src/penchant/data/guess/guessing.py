"""The schema that a log most likely has. Every guess comes with its reason, so that a person can see and change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penchant.data.guess.field_guess import Opinion, attribute_opinion, context_opinion, same_thing
from penchant.data.guess.looks import look_at
from penchant.data.intake.columns import find_id, plain
from penchant.data.schema import EventKind, Field, Role, Schema

if TYPE_CHECKING:
    import polars as pl

RoleColumns = Mapping[Role, str]
"""Role -> the column that plays it."""
Place = tuple[str, str]
"""(section of the schema, name in it), such as ("context", "weather"); the name is "" for the section itself."""

_TITLES = (
    "title", "name", "song", "track", "movie", "music", "product", "headline", "song_title", "song_name", "track_name",
    "track_title", "movie_title", "book_title", "product_name", "product_title", "item_name", "item_title",
    "original_title", "product_type",
)  # fmt: skip
_SHOWN = frozenset({"impression", "impressions", "shown", "show", "exposure", "exposed", "served", "display", "sent"})
_REFUSED = frozenset(
    {"skip", "dislike", "return", "returned", "refund", "remove", "removed", "unlike", "hide", "block"}
)
REPEATS_FROM = 0.05
"""From this share of repeats on, seen items may be recommended again."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A guessed schema.

    Attributes:
        notes: the reason of each guess.
        left_out: columns that the schema does not declare, with what they would be.
    """

    schema: Schema
    notes: Mapping[Place, str]
    left_out: Mapping[Place, Opinion]


def guess_schema(
    events: pl.DataFrame,
    roles: RoleColumns,
    items: pl.DataFrame | None = None,
    users: pl.DataFrame | None = None,
) -> Schema:
    """The schema alone; see `guess`."""
    return guess(events, roles, items, users).schema


def guess(
    events: pl.DataFrame,
    roles: RoleColumns,
    items: pl.DataFrame | None = None,
    users: pl.DataFrame | None = None,
) -> Guess:
    """Guesses the declaration of a log from a sample of it.

    Args:
        events: up to about 100,000 rows; consecutive ones or whole people, since a random draw loses the repeats.
        roles: which columns of `events` play which role; all others are looked at.
        items, users: attribute tables, in which the id column is found by its name.
    """
    notes: dict[Place, str] = {}
    left_out: dict[Place, Opinion] = {}
    share = repeat_share(events, roles)
    notes["repeats", ""] = f"{share:.0%} of the latest events repeat an earlier one of the same person and item"
    schema = Schema(
        columns=dict(roles),
        repeats="allow" if share >= REPEATS_FROM else "exclude",
        kinds=_kinds(events, roles, notes),
        context=_sorted_out("context", _context(events, roles), notes, left_out),
        item_attributes=_sorted_out("item_attributes", _attributes(items, "item_id", roles), notes, left_out),
        user_attributes=_sorted_out("user_attributes", _attributes(users, "user_id", roles), notes, left_out),
    )
    attributes = [name for section, name in [*notes, *left_out] if section == "item_attributes"]
    title = None if items is None else _title(items.select(attributes))
    if title is not None:
        # names that many items share, such as a product type, say more as a category
        kept = schema.item_attributes.get(title) if title == "product_type" else None
        shown = {**schema.item_attributes, title: kept or Field(kind="text")}
        notes["item_attributes", title] = "the name that people know"
        left_out.pop(("item_attributes", title), None)
        schema = schema.changed(title=title, item_attributes=shown)
    return Guess(schema=schema, notes=notes, left_out=left_out)


def repeat_share(events: pl.DataFrame, roles: RoleColumns) -> float:
    """Of the last tenth of the rows in time, the share whose person had the same item before, in [0, 1]."""
    import polars as pl

    user, item = roles.get("user_id"), roles.get("item_id")
    if user is None or item is None or not len(events):
        return 0.0
    rows = _in_time(events, roles, user, item).select(pl.struct(user, item).is_first_distinct().alias("new"))
    last = rows["new"].tail(max(1, len(rows) // 10))
    return 1.0 - float(last.mean() or 0.0)  # type: ignore[arg-type]


def _in_time(events: pl.DataFrame, roles: RoleColumns, *columns: str) -> pl.DataFrame:
    """These columns in the order of time, stable; in the order of the rows where there is no time."""
    import polars as pl

    if "timestamp" not in roles:
        return events.select(columns)
    time = pl.col(roles["timestamp"])
    if events.schema[roles["timestamp"]] == pl.String:  # numbers of different lengths must not be compared as text
        number = time.cast(pl.Float64, strict=False)
        return events.sort(number, time, maintain_order=True).select(columns)
    return events.sort(time, maintain_order=True).select(columns)


def _kinds(events: pl.DataFrame, roles: RoleColumns, notes: dict[Place, str]) -> dict[str, EventKind]:
    column = roles.get("kind")
    if column is None:
        return {"event": EventKind()}
    import polars as pl

    counts = events[column].cast(pl.String).drop_nulls().alias("kind").value_counts(sort=True)
    kinds: dict[str, EventKind] = {}
    for name, count in counts.iter_rows():
        shown, refused = name.lower() in _SHOWN, name.lower() in _REFUSED
        kinds[name] = EventKind(weight=0.0, target=False) if shown or refused else EventKind()
        note = " (was only shown)" if shown else " (a refusal)" if refused else ""
        notes["kinds", name] = f"{count} of the rows looked at{note}"
    return kinds or {"event": EventKind()}


def _context(events: pl.DataFrame, roles: RoleColumns) -> dict[str, Opinion]:
    played = set(roles.values())
    found: dict[str, Opinion] = {}
    for name in events.columns:
        if name in played:
            continue
        opinion = context_opinion(look_at(events[name]))
        if opinion.field is not None:
            why = _tied_to_item(events, name, roles)
            if why is None and opinion.field.kind != "cycle":
                why = _counts_time(events, name, roles)
            if why:
                opinion = Opinion(field=opinion.field, used=False, why=why)
        found[name] = opinion
    return found


def _tied_to_item(events: pl.DataFrame, name: str, roles: RoleColumns) -> str | None:
    """A reason when the item decides the value: such a column describes the item, and would give the answer away."""
    import polars as pl

    user, item = roles.get("user_id"), roles.get("item_id")
    if user is None or item is None:
        return None
    rows = events.select(pl.col(user).alias("u"), pl.col(item).alias("i"), pl.col(name).alias("v")).drop_nulls()
    # one row a person and item, so that neighbours are different people who met the same item
    rows = rows.unique(["u", "i"], keep="first", maintain_order=True).sort("i", maintain_order=True)
    pair = rows.filter(pl.col("i") == pl.col("i").shift(1)).height
    differ = rows.filter((pl.col("i") == pl.col("i").shift(1)) & (pl.col("v") != pl.col("v").shift(1))).height
    counts = rows["v"].value_counts()["count"].cast(pl.Float64)
    by_chance = 1.0 - float(((counts / max(rows.height, 1)) ** 2).sum())
    if pair >= 20 and differ <= 0.02 * by_chance * pair:
        return "the item decides it: declare it as an item attribute; as context it would give the answer away"
    return None


def _counts_time(events: pl.DataFrame, name: str, roles: RoleColumns) -> str | None:
    """A reason when the value only grows with time, such as a running week: the future holds no value seen before."""
    import polars as pl

    kind = events.schema[name]
    if "timestamp" not in roles or not (kind.is_numeric() or kind == pl.String):
        return None
    rows = _in_time(events, roles, name)[name].cast(pl.Float64, strict=False).drop_nulls()
    if len(rows) < 200 or rows.n_unique() < 3:
        return None
    steps = rows.diff().drop_nulls()
    fallen = -float(steps.filter(steps < 0).sum())
    # a cycle falls by its whole range each time; a running count by a little around each change, if at all
    grows = fallen <= 0.5 * (float(rows.max()) - float(rows.min()))  # type: ignore[arg-type]
    return "it grows with time, and the time is known anyway" if grows else None


def _attributes(
    table: pl.DataFrame | None, role: Literal["item_id", "user_id"], roles: RoleColumns
) -> dict[str, Opinion]:
    if table is None:
        return {}
    key = find_id(table.columns, role, "items" if role == "item_id" else "users", roles.get(role))
    looks = {name: look_at(table[name]) for name in table.columns if name != key}
    found = {name: attribute_opinion(look) for name, look in looks.items()}
    for code, readable in same_thing(looks).items():
        if found[readable].used:
            found[code] = Opinion(field=found[code].field, used=False, why=f'says the same as "{readable}"')
    return found


def _sorted_out(
    section: str, opinions: Mapping[str, Opinion], notes: dict[Place, str], left_out: dict[Place, Opinion]
) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for name, opinion in opinions.items():
        if opinion.used and opinion.field is not None:
            fields[name] = opinion.field
            notes[section, name] = opinion.why
        else:
            left_out[section, name] = opinion
    return fields


def _title(attributes: pl.DataFrame) -> str | None:
    """The attribute to show: the surest of the usual names whose column holds texts."""
    import polars as pl

    by_name = {plain(name): name for name in attributes.columns}
    for usual in _TITLES:
        name = by_name.get(plain(usual))
        if name is not None and attributes[name].dtype == pl.String and attributes[name].n_unique() > 1:
            return name
    return None
