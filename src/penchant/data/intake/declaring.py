"""What a schema leaves out is guessed from the files: attributes and title at first, kinds and repeats from all rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from penchant.data.intake.cells import as_number
from penchant.data.intake.columns import ALIASES, MAYBE_WORDS, Roles, plain
from penchant.data.intake.reading import Source, first_rows, typed
from penchant.data.schema import EventKind, Role, Schema

if TYPE_CHECKING:
    import polars as pl

    from penchant.data.intake.attributes import AttributeRows

SAMPLE_ROWS = 100_000
MAX_KINDS = 100
"""A column with more distinct values is no column of event kinds."""

REPEATS_FROM = 0.05
"""From this share of repeats in the last tenth of the events on, seen items may be recommended again."""


def completed(
    schema: Schema | None, source: Source, roles: Roles, items: AttributeRows | None, users: AttributeRows | None
) -> tuple[Schema, tuple[str, ...]]:
    """The schema with attributes, title and first opinions on kinds filled in where it leaves them out.

    Returns:
        The schema, and the columns that look like context. These are never declared by a guess: whether a circumstance is
        known before the event is for a person to say.
    """
    given: dict[str, Any] = {} if schema is None else {name: getattr(schema, name) for name in schema.model_fields_set}
    needs_items = items is not None and "item_attributes" not in given
    needs_users = users is not None and "user_attributes" not in given
    if schema is not None and not needs_items and not needs_users and "kinds" in given:
        return schema, ()
    from penchant.data.guess.guessing import guess_schema

    sample = first_rows(source, SAMPLE_ROWS)
    known = dict(roles.found)
    if "kind" in known and sample[known["kind"]].n_unique() > MAX_KINDS:
        del known["kind"]  # whether the column is refused is decided when all rows are read
    guess = guess_schema(sample, known, _sample(items, "item_id"), _sample(users, "user_id"))
    found: dict[str, Any] = {"columns": dict(roles.found), "kinds": guess.kinds, "repeats": guess.repeats}
    if needs_items:
        found |= {"item_attributes": guess.item_attributes}
        found |= {"title": guess.title} if guess.title is not None else {}
    if needs_users:
        found["user_attributes"] = guess.user_attributes
    return Schema(**{**found, **given}), tuple(guess.context) if schema is None else ()


def without_words(schema: Schema | None, source: Source, roles: Roles) -> Roles:
    """The roles without a value that was only found by a name such as "label" and holds texts in the first rows."""
    column = roles.found.get("value")
    if column is None or plain(column) not in MAYBE_WORDS or (schema is not None and "value" in schema.columns):
        return roles
    _, bad = as_number(first_rows(source, SAMPLE_ROWS)[column])
    if not bad.any():
        return roles
    return Roles(found={role: name for role, name in roles.found.items() if role != "value"}, notes=roles.notes)


def with_kinds(schema: Schema, counts: Mapping[str, int]) -> Schema:
    """The schema with the kinds that occur, most frequent first; what is already said about one of them stays."""
    names = sorted(counts, key=lambda name: (-counts[name], name))
    return _with(schema, kinds={name: schema.kinds.get(name, EventKind()) for name in names})


def with_repeats(schema: Schema, share: float) -> Schema:
    """The schema with `repeats` set by the share of repeats in the last tenth of the events."""
    return _with(schema, repeats="allow" if share >= REPEATS_FROM else "exclude")


def _with(schema: Schema, **values: Any) -> Schema:
    given = {name: getattr(schema, name) for name in schema.model_fields_set}
    return Schema(**{**given, **values})


def _sample(rows: AttributeRows | None, role: Role) -> pl.DataFrame | None:
    """The first rows of an attribute file, with the id under the role's own name."""
    if rows is None:
        return None
    frame = rows.frame.head(SAMPLE_ROWS)
    others = {name: f"{name}_" for name in frame.columns if plain(name) == plain(ALIASES[role][0])}
    return typed(frame).rename({**others, rows.id_column: role})
