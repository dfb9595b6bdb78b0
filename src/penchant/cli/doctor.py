"""`penchant doctor`: what personal, live and contextual data in a log is worth, in two minutes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penchant.cli.options import EventsFile, ItemsFile, NoCache, SchemaFile, Seed, UsersFile, given, listed
from penchant.cli.output import aside, json_text, note, results, show_json
from penchant.cli.progress import Terminal
from penchant.cli.reading import read
from penchant.errors import UserError

if TYPE_CHECKING:
    from penchant.evaluate.ledger.ledger import Ledger

_Json = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="Write the whole ledger as JSON; - for standard output."),
]
_Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one self-contained page with plots.")]
_Targets = Annotated[
    str | None, typer.Option("--targets", metavar="KIND,...", help="Event kinds that are to be guessed, such as buy.")
]
_Repeats = Annotated[
    Literal["allow", "exclude", "auto"],
    typer.Option("--repeats", help="Whether items of the past may be recommended. auto: as the schema says."),
]
_SampleEvents = Annotated[
    int, typer.Option("--sample-events", min=200, help="Only so many newest events are looked at.")
]
_SamplePeople = Annotated[
    int | None,
    typer.Option("--sample-people", min=10, help="Ask only so many people. Default: what two minutes afford."),
]
_Effort = Annotated[
    float,
    typer.Option("--effort", min=0.05, max=100, help="Questions asked, as a multiple of what two minutes afford."),
]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        epilog="Example: penchant doctor events.csv --items items.csv --users users.csv --html page.html\n\n"
        "Example: penchant doctor shop.csv --targets buy --effort 3 --json ledger.json"
    )(doctor)


def doctor(
    events: EventsFile,
    items: ItemsFile = None,
    users: UsersFile = None,
    schema: SchemaFile = None,
    targets: _Targets = None,
    repeats: _Repeats = "auto",
    sample_events: _SampleEvents = 1_100_000,
    sample_people: _SamplePeople = None,
    effort: _Effort = 1.0,
    seed: Seed = 7,
    no_cache: NoCache = False,
    html: _Html = None,
    json_out: _Json = None,
) -> None:
    """Says what each kind of data in a log is worth: the past, its order, its freshness, attributes, circumstances.

    Plain models are fitted on the older nine tenths and asked about the newest
    tenth, event by event; then one kind of data after the other is taken away from
    the questions. Context fields must be declared (penchant init drafts a schema).
    """
    from penchant.evaluate.ledger.run import examine
    from penchant.evaluate.ledger.stages import Examination

    for option, out in (("--json", json_out), ("--html", html)):
        _check_out(option, None if out == "-" else out)
    wish = Examination.parse(
        given({"seed": seed, "sample_events": sample_events, "sample_people": sample_people, "effort": effort,
               "targets": listed(targets) or None, "repeats": repeats}), "doctor",
    )  # fmt: skip
    with Terminal(bars=json_out != "-") as reporter:
        data = read(events, items, users, schema, reporter=reporter, cached=not no_cache).dataset
        ledger = examine(data, wish, reporter)
    _tell(ledger, json_out, html)


def _tell(ledger: Ledger, json_out: str | None, html: Path | None) -> None:
    from penchant.cli.doctor_text import show_ledger

    show_ledger(ledger, aside() if json_out == "-" else results())
    if json_out == "-":
        show_json(ledger.as_json())
    elif json_out is not None:
        Path(json_out).write_text(json_text(ledger.as_json()), encoding="utf-8")
        note(f"the whole ledger is in {json_out}")
    if html is not None:
        from penchant.cli.doctor_page import page

        html.write_text(page(ledger), encoding="utf-8")
        note(f"the page is in {html}")


def _check_out(option: str, out: Path | str | None) -> None:
    """Found before two minutes of work, not after them."""
    if out is not None and (Path(out).is_dir() or not Path(out).absolute().parent.is_dir()):
        raise UserError(f"{option}: {out}: expected a file in an existing folder")
