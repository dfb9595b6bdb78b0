"""`penchant ingest`: a log of the past, sent to a running server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.options import AsJson, EventsFile, ItemsFile, NoCache, Rejects, SchemaFile, UsersFile
from penchant.cli.output import note, show_json
from penchant.cli.progress import Terminal
from penchant.clock import wall_clock
from penchant.errors import BadData, UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penchant.cli.sending import Sent
    from penchant.data.dataset import Dataset
    from penchant.data.files import Loaded
    from penchant.data.schema import Schema
    from penchant.event import Interaction

KEY_VARIABLE = "PENCHANT_KEY"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        epilog="Example: penchant ingest events.csv --to http://127.0.0.1:8080\n\n"
        "Example: penchant ingest new.jsonl.gz --items items.csv --to https://shop.example --batch 1000"
    )(ingest)


def ingest(
    events: EventsFile,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="The server.", show_default=False)],
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="SECRET",
            envvar=KEY_VARIABLE,
            help="A key with the scopes ingest and read; the variable keeps it out of the list of processes.",
        ),
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", metavar="NAME", help="Whose events, for a server without keys.")
    ] = None,
    items: ItemsFile = None,
    users: UsersFile = None,
    schema: SchemaFile = None,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Events in one request.")] = 500,
    at_once: Annotated[int, typer.Option("--at-once", min=1, max=32, help="Requests under way at a time.")] = 4,
    anew: Annotated[
        bool, typer.Option("--anew", help="Send all of it, and not only what an earlier run left.")
    ] = False,
    no_cache: NoCache = False,
    rejects: Rejects = None,
    as_json: AsJson = False,
) -> None:
    """Sends a log to a running server, in any format that train reads.

    Each event has an id made from what it says, so that sending a log again, or
    one that has grown, adds only what is new. A run that was stopped goes on
    where it was. Rows that break a rule are named and left out; so are events
    that the server does not take.
    """
    from penchant.cli import sending
    from penchant.cli.reading import read
    from penchant.client import Client

    with Client(to, key, project=project, timeout=60.0) as client, Terminal(bars=not as_json) as reporter:
        declared = client.schema()
        loaded = read(
            events, items, users, schema, reporter=reporter, cached=not no_cache, rejects=rejects,
            otherwise=_declared(declared, events, items, users),
        )  # fmt: skip
        log = loaded.dataset
        if not log.timed:
            raise BadData(f"{events}: has no times; the service needs to know when each event happened")
        attributes = sending.send_attributes(client, log, wall_clock(), batch, reporter)
        kind = _only_kind(loaded, declared, events)
        mark = sending.Mark.of(to, key or project or "", log, anew=anew)
        sent = sending.send_events(client, _events(log, kind), len(log), mark, batch, at_once, reporter)
    _tell(sent, attributes, loaded, as_json)


def _declared(declared: Mapping[str, Any], events: Path, items: Path | None, users: Path | None) -> Schema:
    """What the server declares of columns that the files have, for files that declare nothing themselves."""
    from penchant.data.intake.columns import plain
    from penchant.data.intake.opening import open_source
    from penchant.data.schema import Schema

    def present(name: str, file: Path | None) -> dict[str, Any]:
        header = {plain(column) for column in open_source(file).header} if file is not None else set()
        fields = declared.get(name, {})
        return {field: spec for field, spec in fields.items() if plain(spec.get("column") or field) in header}

    values = {
        "context": present("context", events),
        "item_attributes": present("item_attributes", items),
        "user_attributes": present("user_attributes", users),
    }
    return Schema.parse({name: fields for name, fields in values.items() if fields}, "the server's schema")


def _only_kind(loaded: Loaded, declared: Mapping[str, Any], events: Path) -> str | None:
    """The kind of all events of a file that names none; None where it names them."""
    if "kind" in loaded.report.roles:
        return None
    kinds = list(declared.get("kinds", ()))
    if len(kinds) != 1:
        listed = ", ".join(kinds)
        raise UserError(f"{events}: no column says of which kind events are, and the server knows {listed}; add one")
    only: str = kinds[0]
    return only


def _events(log: Dataset, kind: str | None) -> Iterator[Interaction]:
    """All events in order of time; a log without kinds takes the only one of the server."""
    from penchant.data.seeding import interactions_of

    catalogue = log.catalogue()
    if kind is not None:
        known = dict.fromkeys([kind], next(iter(catalogue.schema.kinds.values())))
        catalogue = replace(catalogue, schema=catalogue.schema.model_copy(update={"kinds": known}))
    return interactions_of(log.people(), catalogue)


def _tell(sent: Sent, attributes: Mapping[str, int], loaded: Loaded, as_json: bool) -> None:
    for reason in sent.reasons:
        note(f"not taken: {reason}")
    if as_json:
        show_json(
            {
                "events": {
                    "rows": loaded.report.n_rows,
                    "unreadable": loaded.report.n_rejected,
                    "sent_before": sent.before,
                    "accepted": sent.accepted,
                    "duplicate": sent.duplicate,
                    "rejected": sent.rejected,
                },
                "attributes": dict(attributes),
                "reasons": sent.reasons,
            }
        )
        return
    before = f", {sent.before:,} sent by an earlier run" if sent.before else ""
    note(f"{sent.accepted:,} events accepted, {sent.duplicate:,} there already, {sent.rejected:,} not taken{before}")
    if attributes:
        note(", ".join(f"{name}: {count:,}" for name, count in attributes.items()))
