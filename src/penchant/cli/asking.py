"""From the words of a command line to a query, and from an answer to words again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.query import Query

if TYPE_CHECKING:
    from penchant.data.schema import Schema
    from penchant.models.base import Model


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An answer in words.

    Attributes:
        items: best first, each with `item_id`, `score`, `rank`, and `title` where the catalogue has one.
        at: the moment asked about, ISO 8601 (UTC).
        notes: sentences about what was not understood or not known.
    """

    model: str
    items: Sequence[Mapping[str, Any]]
    at: str
    notes: Sequence[str]


def load(folder: Path) -> Model:
    """The model of a folder; raises BadModelFolder."""
    from penchant.models.base import load_model

    return load_model(folder)


def ask(model: Model, query: Query) -> Answered:
    """Asks the model; raises UnknownName for an undeclared context field or attribute, naming the nearest."""
    encoded = model.encode([query])
    scored = model.recommend(query)
    items = []
    for rank, (item, score) in enumerate(zip(scored.item_ids, scored.scores.tolist(), strict=True), 1):
        entry: dict[str, Any] = {"item_id": item, "score": score, "rank": rank}
        number = model.catalogue.items.number(item)
        title = None if number is None else model.catalogue.title(number)
        items.append(entry | ({"title": title} if title is not None else {}))
    moment = int(encoded.batch.at[0]) / 1000
    notes = [*_about_people(encoded.strangers, query), *_about_items(model, encoded.unknown_items)]
    notes += _never_seen("context", query.context, model.people.sequences.log.context)
    notes += _never_seen("attribute", query.features, model.people.user_features.columns)
    notes += _about_circumstances(model, query)
    if len(items) < min(query.k, len(model.catalogue.items)):
        notes.append(
            f"only {len(items)} of {query.k} asked: the others may not be shown, or the model has no opinion on them"
        )
    return Answered(
        model=model.name(), items=items, at=datetime.fromtimestamp(moment, UTC).isoformat(), notes=tuple(notes)
    )


def attributes(texts: Mapping[str, str], schema: Schema) -> dict[str, str | list[str]]:
    """Values as the schema declares them: tags and vectors are lists; raises UnknownName for an undeclared attribute."""
    found: dict[str, str | list[str]] = {}
    for name, text in texts.items():
        field = schema.user_attribute(name)
        if field.kind == "tags":
            found[name] = [tag.strip() for tag in text.split(field.separator) if tag.strip()]
        elif field.kind == "vector":
            found[name] = [part.strip() for part in text.split(",")]
        else:
            found[name] = text
    return found


def unknown_item(model: Model, item: str) -> str:
    """A sentence about an id that the catalogue does not hold, with the nearest one."""
    from penchant.data.nearest_item import nearest_item

    near = nearest_item(model.catalogue, item)
    number = None if near is None else model.catalogue.items.number(near)
    title = None if number is None else model.catalogue.title(number)
    named = f'"{near}" ({title})' if title else f'"{near}"'
    hint = f" Did you mean {named}?" if near is not None else ""
    return f'unknown item "{item}".{hint}'


def _about_people(strangers: Sequence[str], query: Query) -> list[str]:
    if strangers:
        return [f'unknown user "{strangers[0]}": served as a stranger']
    if query.user_id is None and not query.history and not query.features:
        return ["nothing is known of the person: say --user, --history or --attribute"]
    return []


def _about_circumstances(model: Model, query: Query) -> list[str]:
    settings = model.config.model_dump()
    if query.context and not any(settings.get(name) for name in ("context_lift", "context_match")):
        return [
            "this model gives circumstances no weight: validation preferred 0, or too few settings were tried "
            "(--trials 20, or --set context_lift=0.5, when training)"
        ]
    return []


def _about_items(model: Model, unknown: Sequence[str]) -> list[str]:
    shown = [f"{unknown_item(model, item)} It is left out." for item in unknown[:5]]
    more = len(unknown) - len(shown)
    return [*shown, f"{more} more unknown items are left out"] if more > 0 else shown


def _never_seen(what: str, given: Mapping[str, Any], columns: Mapping[str, Any]) -> list[str]:
    from penchant.data.features import Categories
    from penchant.errors import nearest

    notes = []
    for name, value in given.items():
        column = columns.get(name)
        if isinstance(column, Categories) and str(value) not in column.names:
            near = nearest(str(value), column.names)
            hint = f' Did you mean "{near}"?' if near else ""
            notes.append(f'{what} {name}: "{value}" was never seen, so it counts as missing.{hint}')
    return notes
