"""Which column of a file plays which role: by its name, without regard to case, spaces, underscores and hyphens."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from penchant.data.schema import Role, Schema
from penchant.errors import BadData, UnknownName

_NUMBERED = ("no", "nr", "number", "num", "key", "code", "idx", "index", "hash", "ref", "name")


def _numbered(*words: str) -> tuple[str, ...]:
    """The looser names of an id: ``customer_no``, ``product_code``, ``user_idx``."""
    return tuple(f"{word}_{ending}" for word in words for ending in _NUMBERED)


ALIASES: Mapping[Role, tuple[str, ...]] = {
    "user_id": (
        "user_id", "user", "uid", "customer_id", "customer", "visitor_id", "visitor", "member_id", "member", "person_id",
        "person", "account_id", "account", "client_id", "client", "subscriber_id", "listener_id", "viewer_id",
        "player_id", "profile_id", "reviewer_id", "household_id",
        "household_key", *_numbered("user", "customer", "visitor", "member", "person", "account", "client"),
    ),
    "item_id": (
        "item_id", "item", "iid", "product_id", "product", "movie_id", "movie", "song_id", "song", "track_id", "track",
        "article_id", "article", "video_id", "video", "book_id", "book", "isbn", "sku", "asin", "game_id", "app_id",
        "venue_id", "poi_id", "location_id", "business_id", "restaurant_id", "recipe_id", "news_id", "post_id",
        "content_id", "course_id", "podcast_id", "listing_id", "hotel_id", "artist_id", "artist",
        *_numbered("item", "product", "movie", "song", "track", "article", "video", "book"), "artist_name",
    ),
    "timestamp": (
        "timestamp", "datetime", "ts", "time", "date", "event_time", "event_timestamp", "event_date", "event_datetime",
        "created_at", "created", "unix", "unix_time", "unix_timestamp", "unix_review_time", "epoch", "timestamp_ms",
        "occurred_at", "played_at", "listened_at", "watched_at", "viewed_at", "ordered_at", "purchased_at",
        "purchase_date", "order_date", "review_time", "utc_time", "time_stamp", "date_time", "t_dat", "at", "when",
        "ts_ms", "ts_s", "time_utc", "datetime_utc", "timestamp_utc", "datum", "fecha", "zeit",
    ),
    "value": (
        "rating", "weight", "value", "event_value", "score", "stars", "quantity", "qty", "playtime", "play_count",
        "plays", "count", "cnt", "strength", "label", "clicked", "click",
    ),
    "kind": (
        "event", "event_type", "kind", "event_name", "event_kind", "action", "action_type", "type", "behavior",
        "behaviour", "behavior_type", "interaction_type", "interaction",
    ),
    "session_id": ("session_id", "session", "sid", "visit_id"),
    "split": ("split",),
    "order": ("position", "pos", "order"),
}  # fmt: skip
"""Accepted names of each role, the best first."""

MAYBE_WORDS = frozenset({"label"})
"""Names of a value that are those of texts as well, such as the label of a record: texts there play no role."""

_IN_WORDS: Mapping[Role, str] = {"user_id": "the person", "item_id": "the item", "timestamp": "the time"}

_SCHEMA = "the schema (for a file, penchant.toml beside it)"


def plain(name: str) -> str:
    """The name without case and without anything but letters and digits.

    >>> plain(" User-ID ")
    'userid'
    """
    return "".join(c for c in name.lower() if c.isalnum())


@dataclass(frozen=True, kw_only=True)
class Roles:
    """The columns found.

    Attributes:
        found: role -> name of the column as the file spells it.
        notes: sentences about columns that could have played a role as well.
    """

    found: Mapping[Role, str]
    notes: tuple[str, ...] = ()


def find_roles(header: Sequence[str], schema: Schema, name: str) -> Roles:
    """Finds the roles of an events file.

    Args:
        header: the column names.
        schema: its `columns` go first; columns that it declares as context play no role by accident.
        name: the file, for messages.

    Raises:
        BadData: no column for the person or the item, or a column name that comes twice.
        UnknownName: the schema names a column that is not there.
    """
    refuse_duplicates(header, name)
    found: dict[Role, str] = {role: find_column(header, named, name) for role, named in schema.columns.items()}
    declared = {plain(field.column or key) for key, field in schema.context.items()}
    taken = {plain(column) for column in found.values()} | declared
    notes: list[str] = []
    for role in ALIASES:
        if role in found or (role == "order" and "timestamp" in found):
            continue
        matches = [column for column in _matches(header, ALIASES[role]) if plain(column) not in taken]
        if matches:
            found[role] = matches[0]
            taken.add(plain(matches[0]))
        rivals = [column for column in matches[1:] if _is_rival(column, role)]
        if rivals:
            listed = ", ".join(f'"{column}"' for column in rivals)
            notes.append(f'{name}: "{matches[0]}" is read as {role}, although {listed} could be it too')
    if "user_id" not in found and "session_id" in found and _guessed("user_id", header) is None:
        found["user_id"] = found.pop("session_id")
        notes.append(f'{name}: no column for the person, so each session ("{found["user_id"]}") counts as a person')
    for needed in ("user_id", "item_id"):
        if needed not in found:
            raise BadData(_missing(needed, header, name))
    return Roles(found=found, notes=tuple(notes))


def find_id(header: Sequence[str], role: Literal["user_id", "item_id"], name: str, preferred: str | None) -> str:
    """The id column of an attribute file; `preferred` is the name the events file uses. Raises BadData without one."""
    refuse_duplicates(header, name)
    # a plain "id" beats words such as "artist" or "song", which in an attribute file name an attribute
    ids = tuple(alias for alias in ALIASES[role] if plain(alias).endswith("id"))
    names = (
        ((preferred,) if preferred else ()) + ids + ("id", "i_id_c" if role == "item_id" else "u_id_c") + ALIASES[role]
    )
    matches = _matches(header, names)
    if not matches:
        raise BadData(_missing(role, header, name))
    return matches[0]


def find_column(header: Iterable[str], wanted: str, name: str) -> str:
    """The column called `wanted`, exactly or else but for case and separators; raises UnknownName."""
    columns = list(header)
    if wanted in columns:
        return wanted
    alike = [column for column in columns if plain(column) == plain(wanted)]
    if alike and plain(wanted):
        return alike[0]
    raise UnknownName("column", wanted, columns, name)


def refuse_duplicates(header: Sequence[str], name: str) -> None:
    """Raises BadData when a name comes twice: which of the two is meant cannot be known."""
    for i, column in enumerate(header):
        if column and column in header[:i]:
            first = header.index(column) + 1
            raise BadData(f'{name}: column "{column}" comes twice (columns {first} and {i + 1}); rename or drop one')


def _matches(header: Sequence[str], aliases: Iterable[str]) -> list[str]:
    """The columns with one of these names, in the order of the aliases."""
    by_plain: dict[str, str] = {}
    for column in header:
        by_plain.setdefault(plain(column), column)
    return [by_plain[key] for key in dict.fromkeys(plain(alias) for alias in aliases) if key in by_plain]


def _is_rival(column: str, role: Role) -> bool:
    """Whether a second match is worth a word: not a title beside the id, nor a column whose name is that of another role."""
    if role in ("user_id", "item_id") and not plain(column).endswith("id"):
        return False
    return not any(plain(column) == plain(names[0]) for other, names in ALIASES.items() if other != role)


def _missing(role: Role, header: Sequence[str], name: str) -> str:
    accepted = ALIASES[role]
    shown = ", ".join(accepted[:6])
    columns = ", ".join(_short(column) for column in header[:20]) + (", ..." if len(header) > 20 else "")
    guess = _guessed(role, header)
    hint = f' Did you mean "{guess}"? Then say so in {_SCHEMA}: columns.{role} = "{guess}"' if guess else ""
    hint += f", or: penchant init FILE --column {role}={guess}." if guess else ""
    if not hint:
        hint = f' Rename one, or name it in {_SCHEMA}: columns.{role} = "...".'
    if any(_is_number(column) for column in header):
        hint += " A number as a column name: is the line of names missing?"
    return f"{name}: no column for {_IN_WORDS[role]} ({role}); accepted names: {shown}, ...; found: {columns}.{hint}"


def _guessed(role: Role, header: Sequence[str]) -> str | None:
    """The column whose name is nearly one of the role's, if there is one."""
    accepted = ALIASES[role]
    others = {plain(alias) for other, names in ALIASES.items() if other != role for alias in names}
    near = {plain(c): c for c in reversed(header) if len(c) < 40 and plain(c) not in others}
    close = (difflib.get_close_matches(plain(alias), near, n=1, cutoff=0.75) for alias in accepted)
    return next((near[found[0]] for found in close if found), None)


def _is_number(text: str) -> bool:
    return text.strip().replace(".", "", 1).isdecimal()


def _short(text: str) -> str:
    clean = " ".join(text.split())
    return clean if len(clean) <= 40 else clean[:37] + "..."
