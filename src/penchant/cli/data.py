"""`penchant init` and `penchant validate`: a look at the files before there is a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.options import (
    AsJson,
    EventsFile,
    ItemsFile,
    Rejects,
    SchemaFile,
    UsersFile,
    pairs,
)
from penchant.cli.output import note, show, show_json
from penchant.cli.progress import Terminal
from penchant.cli.reading import SCHEMA_NAME, schema_for
from penchant.errors import UserError

if TYPE_CHECKING:
    from penchant.data.guess.drafting import Draft
    from penchant.data.intake.validation import ValidationReport


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(
        epilog="Example: penchant init events.csv items.csv users.csv\n\n"
        "Example: penchant init sales.csv --column user_id=Kunde --column item_id=Artikel --column timestamp=Wann"
    )(init)
    app.command(
        epilog="Example: penchant validate events.csv --items items.csv --rejects rejected.csv\n\n"
        "Example: penchant validate events.csv --strict --json"
    )(validate)


def init(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES", help="Events, and if there are, items and users, in any order.", show_default=False
        ),
    ],
    items: ItemsFile = None,
    users: UsersFile = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="TOML", help="Where; default: penchant.toml beside the events.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="ROLE=NAME",
            help="A column of the events with an unusual name, such as user_id=Kunde; repeat. Roles: user_id, item_id, "
            "timestamp, value, kind, session_id, split, order.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Writes a commented penchant.toml: what the columns of your files most likely mean, and why.

    The files are told apart by their id columns. Look at the guesses and change
    what is wrong; train, evaluate and validate use the file by themselves when it
    lies beside the events.
    """
    from penchant.data.guess.drafting import draft, recognise
    from penchant.data.guess.toml_text import schema_to_toml
    from penchant.data.schema import Schema

    columns = Schema.parse({"columns": pairs(column, "--column")}, "--column").columns
    found = recognise(files, items=items, users=users, columns=columns)
    place = out or found.events.parent / SCHEMA_NAME
    if place.exists() and not force:
        raise UserError(f"{place}: is there already; --force overwrites it, --out FILE writes elsewhere")
    with Terminal(bars=not as_json) as reporter:
        made = draft(found, reporter, columns=columns)
    text = schema_to_toml(made.guess.schema, notes=made.guess.notes, left_out=made.guess.left_out)
    partial = place.with_name(place.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(place)
    if as_json:
        paths = {"events": found.events, "items": found.items, "users": found.users, "out": place}
        named = {name: None if path is None else str(path) for name, path in paths.items()}
        show_json({**named, "schema": made.guess.schema.model_dump(mode="json")})
    else:
        _show_draft(made)
        show(f"written: {place}")
        tables = "".join(f" --{name} {path}" for name, path in (("items", found.items), ("users", found.users)) if path)
        note(f"next: look at it, then penchant train {found.events}{tables} --model ease --out model")


def validate(
    events: EventsFile,
    items: ItemsFile = None,
    users: UsersFile = None,
    schema: SchemaFile = None,
    rejects: Rejects = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when any rule is broken.")] = False,
    as_json: AsJson = False,
) -> None:
    """Checks a log: counts, time range, density, repeats, warnings, and every broken rule with its first three places.

    Exits with 0 when at least one event can be used, so that a few bad rows do not
    stop a script; --strict wants no rule to be broken.
    """
    from penchant.data.files import load

    declared = schema_for(events, schema)
    with Terminal(bars=not as_json) as reporter:
        quiet = _Progress(reporter)
        report = load(events, items=items, users=users, schema=declared, rejects=rejects, reporter=quiet).report
    if as_json:
        show_json(report.as_json())
    else:
        _show_report(report)
    if strict and report.broken:
        raise typer.Exit(1)


class _Progress:
    """Passes on progress only: all findings are in the report."""

    def __init__(self, reporter: Terminal) -> None:
        self._reporter = reporter

    def note(self, text: str) -> None:
        """Left to the report."""

    def progress(self, task: str, done: int, total: int) -> None:
        self._reporter.progress(task, done, total)


def _show_draft(made: Draft) -> None:
    from penchant.cli.tables import table

    schema, notes = made.guess.schema, made.guess.notes
    rows = table("what", "guess", "why")
    for role, column in schema.columns.items():
        rows.add(role, column, "by its name")
    rows.add("time unit", made.loaded.report.time_unit, "detected")
    rows.add("repeats", schema.repeats, notes.get(("repeats", ""), ""))
    for name, kind in schema.kinds.items():
        rows.add("event kind", f"{name}: weight {kind.weight:g}", notes.get(("kinds", name), ""))
    for section in ("context", "item_attributes", "user_attributes"):
        for name, field in getattr(schema, section).items():
            shown = " (the title)" if section == "item_attributes" and name == schema.title else ""
            rows.add(
                section.replace("_", " ").rstrip("s"), f"{name}: {field.kind}{shown}", notes.get((section, name), "")
            )
    for (section, name), opinion in made.guess.left_out.items():
        rows.add(f"left out ({section.replace('_', ' ').rstrip('s')})", name, opinion.why)
    show(rows.rich)


def _show_report(report: ValidationReport) -> None:
    from penchant.cli.tables import table

    made = table("figure", "value")
    made.add("files", ", ".join(report.files))
    made.add("rows", f"{report.n_rows:,} ({report.n_loaded:,} loaded, {report.n_rejected:,} set aside)")
    made.add("columns", ", ".join(f"{role}={column}" for role, column in report.roles.items()))
    made.add("people, items", f"{report.n_users:,}, {report.n_items:,}")
    made.add("time", f"{report.first} to {report.last} (unit: {report.time_unit})" if report.first else "none")
    made.add("density", f"{100 * report.density:.3g} %")
    made.add("repeats", f"{report.repeats:.1%} of all events, {report.repeats_last_tenth:.1%} of the newest tenth")
    made.add("event kinds", ", ".join(f"{name} {n:,}" for name, n in report.kinds.items()))
    for what, shares in (
        ("context", report.context), ("item attributes", report.item_attributes), ("user attributes", report.user_attributes)
    ):  # fmt: skip
        if shares:
            made.add(what, ", ".join(f"{name} ({share:.0%} known)" for name, share in shares.items()))
    if report.possible_context:
        made.add("may be context", ", ".join(report.possible_context) + " (not declared)")
    show(made.rich)
    for warning in report.warnings:
        show(f"warning: {warning}")
    for rule in report.broken:
        show(f"broken rule: {rule}")
    if not report.broken:
        show("no rule is broken")
