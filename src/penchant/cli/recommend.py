"""`penchant recommend` and `penchant similar`: ask a saved model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penchant.cli import asking
from penchant.cli.options import AsJson, ModelFolder, instant, listed, pairs
from penchant.cli.output import note, show, show_json
from penchant.errors import UserError
from penchant.query import Past, Query

if TYPE_CHECKING:
    from rich.table import Table

_IDS = "ID,ID,..."
_K = Annotated[int, typer.Option("-k", "--k", min=1, help="How many items.")]
_AT = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="The moment: ISO 8601 text (UTC unless it names a zone), seconds since 1970, or now. "
        "Default: one millisecond after the last event that the model knows.",
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(
        epilog="Example: penchant recommend model --user p00012 -k 5\n\n"
        "Example: penchant recommend model --history s0001,s0002 --context place=gym --at 2025-04-01T07:30 --json"
    )(recommend)
    app.command(epilog="Example: penchant similar model --item s0001 -k 5")(similar)


def recommend(
    folder: ModelFolder,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="Who; an unknown id is a stranger.")] = None,
    k: _K = 10,
    at: _AT = None,
    context: Annotated[
        list[str] | None, typer.Option("--context", metavar="FIELD=VALUE", help="A circumstance of the moment; repeat.")
    ] = None,
    repeats: Annotated[
        Literal["allow", "exclude"] | None,
        typer.Option("--repeats", help="May items of the history come again? Default: what the schema says."),
    ] = None,
    history: Annotated[
        list[str] | None,
        typer.Option(
            "--history", metavar=_IDS, help="Items of the past, oldest first; replaces what is known of --user."
        ),
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option("--attribute", metavar="FIELD=VALUE", help="An attribute of the person; overrides what is known."),
    ] = None,
    exclude: Annotated[list[str] | None, typer.Option("--exclude", metavar=_IDS, help="Never these.")] = None,
    candidates: Annotated[list[str] | None, typer.Option("--candidates", metavar=_IDS, help="Only these.")] = None,
    as_json: AsJson = False,
) -> None:
    """Recommends items to a person, known or not, in a moment and its circumstances."""
    query = Query(
        user_id=user,
        history=None if history is None else tuple(Past(item_id=item) for item in listed(history)),
        at=instant(at),
        context=pairs(context, "--context"),
        k=k,
        exclude=frozenset(listed(exclude)),
        candidates=None if candidates is None else listed(candidates),
        repeats=repeats,
    )
    model = asking.load(folder)
    features = asking.attributes(pairs(attribute, "--attribute"), model.catalogue.schema)
    _answer({"user_id": user}, asking.ask(model, replace(query, features=features)), as_json)


def similar(
    folder: ModelFolder,
    item: Annotated[str, typer.Option("--item", metavar="ID", help="The item.", show_default=False)],
    k: _K = 10,
    at: _AT = None,
    as_json: AsJson = False,
) -> None:
    """Finds items like one item.

    The model is asked what it would recommend to a stranger whose whole
    history is that one item; the item itself is left out.
    """
    model = asking.load(folder)
    if item not in model.catalogue.items:
        raise UserError(asking.unknown_item(model, item))
    query = Query(history=(Past(item_id=item),), at=instant(at), k=k, exclude=frozenset({item}), repeats="exclude")
    _answer({"item_id": item}, asking.ask(model, query), as_json)


def _answer(about: dict[str, str | None], answered: asking.Answered, as_json: bool) -> None:
    for sentence in answered.notes:
        note(sentence)
    if as_json:
        show_json(
            {**about, "items": answered.items, "at": answered.at, "model": answered.model, "notes": answered.notes}
        )
    else:
        show(_table(answered))


def _table(answered: asking.Answered) -> Table:
    from penchant.cli.tables import table

    titled = any("title" in item for item in answered.items)
    made = table("#>", *(["title"] if titled else []), "item", "score>")
    for item in answered.items:
        title = [item.get("title", "")] if titled else []
        made.add(str(item["rank"]), *title, item["item_id"], f"{item['score']:.4g}")
    return made.rich
