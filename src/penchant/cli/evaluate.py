"""`penchant evaluate`: an honest table of models side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from penchant.cli import evaluate_options as options
from penchant.cli.evaluated_rows import show_rows
from penchant.cli.model_specs import model_specs
from penchant.cli.options import (
    EventsFile,
    ItemsFile,
    NoCache,
    NoSelect,
    SchemaFile,
    Seed,
    Trials,
    UsersFile,
    given,
    listed,
    whole_numbers,
)
from penchant.cli.output import aside, json_text, note, results, show, show_json
from penchant.cli.progress import Terminal
from penchant.cli.reading import read
from penchant.cli.test_file import refuse_both, with_test
from penchant.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from penchant.data.dataset import Dataset
    from penchant.evaluate.measuring import ModelSpec
    from penchant.evaluate.protocol import Protocol
    from penchant.evaluate.report import Report
    from penchant.log import Reporter


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        epilog="Example: penchant evaluate events.csv --models popular,repeats,ease -k 10,20 --json table.json\n\n"
        "Example: penchant evaluate events.csv --models ease,mine=mine.toml --set ease.reg=100 --protocol time --cuts 5\n\n"
        "Example: penchant evaluate shown.csv --models bias,dcnv2 --protocol ctr --split-column split\n\n"
        "Example: penchant evaluate events.csv --models ease,ials --protocol users --given-share 0.8 -k 100\n\n"
        "Example: penchant evaluate sessions.csv --models itemknn --test prefixes.parquet --protocol column -k 20"
    )(evaluate)


def evaluate(
    events: EventsFile,
    models: options.Models,
    assignments: options.Assignments = None,
    protocol: options.ProtocolName = "replay",
    test_share: options.TestShare = None,
    split_column: options.SplitColumn = None,
    order_column: options.OrderColumn = None,
    per: options.Per = "auto",
    core: options.Core = None,
    test: options.TestFile = None,
    cuts: options.Cuts = None,
    keep_share: options.KeepShare = None,
    given_share: options.GivenShare = None,
    given_which: options.GivenWhich = "drawn",
    request_time: options.RequestTime = None,
    repeats: options.Repeats = "auto",
    targets: options.Targets = None,
    items: ItemsFile = None,
    users: UsersFile = None,
    schema: SchemaFile = None,
    k: options.Lengths = "10,20",
    seed: Seed = 7,
    sample_people: options.SamplePeople = None,
    trials: Trials = 20,
    no_select: NoSelect = False,
    jobs: options.Jobs = 1,
    threads: options.Threads = 2,
    slices: options.Slices = False,
    no_cache: NoCache = False,
    json_out: options.JsonOut = None,
) -> None:
    """Measures models by one protocol and prints a table with intervals, and a verdict for each pair.

    Each model chooses its settings on validation data with the same budget, in a
    process of its own. Exit code 1 when a model could not be measured; the others
    are printed all the same.
    """
    from penchant.evaluate.children import Effort

    specs = model_specs(models, assignments)
    asked = options.asked_protocol(
        name=protocol, test_share=test_share, cuts=cuts, seed=seed, repeats=repeats, k=whole_numbers(k, "-k"),
        request_time=request_time, targets=listed(targets) or None, sample_people=sample_people,
        per=per, core=core, keep_share=keep_share, given_share=given_share, given_which=given_which,
    )  # fmt: skip
    refuse_both(test, split_column=split_column, test_share=test_share, cuts=cuts)
    _check_out(json_out)
    columns = given({"split": split_column, "order": order_column})
    effort = Effort(budget=1 if no_select else trials, jobs=jobs, threads=threads, seed=seed)
    with Terminal(bars=json_out != "-") as reporter:
        loaded = read(events, items, users, schema, reporter=reporter, cached=not no_cache, columns=columns)
        data, settings = with_test(loaded, test, asked, reporter)
        report = _measured(data, specs, settings, effort, reporter)
    _tell(report, json_out, slices)
    if report.refused:
        raise typer.Exit(1)


def _tell(report: Report, json_out: str | None, slices: bool) -> None:
    """The table for people, and the whole report where it was asked for."""
    console = results() if json_out != "-" else aside()
    if report.protocol["name"] in ("ctr", "rating"):
        show_rows(report.as_json(), console)
    else:
        _print(report, console, slices)
    if json_out == "-":
        show_json(report.as_json())
    elif json_out is not None:
        Path(json_out).write_text(json_text(report.as_json()), encoding="utf-8")
        note(f"the whole report is in {json_out}")


def _measured(data: Dataset, specs: list[ModelSpec], protocol: Protocol, effort: Any, reporter: Reporter) -> Report:
    from penchant.evaluate.run import evaluate as measure

    return measure(data, specs, protocol, effort=effort, reporter=reporter)


def _check_out(out: str | None) -> None:
    """Found before an hour of work, not after it."""
    if out is None or out == "-":
        return
    if Path(out).is_dir() or not Path(out).absolute().parent.is_dir():
        raise UserError(f"--json: {out}: expected a file in an existing folder, or - for standard output")


def _print(report: Report, console: Console, slices: bool) -> None:
    from penchant.cli.tables import report_table, slices_table, verdicts

    values = report.as_json()
    protocol, data = values["protocol"], values["data"]
    asked = "one list for each person" if protocol["per"] == "person" else "event by event"
    show(
        f"{data['name']}: protocol {protocol['name']}, {values['n_people']:,} people asked, {asked}, "
        f"request time: {protocol['request_time']}, repeats: {protocol['repeats']}",
        console,
    )
    if protocol["leak"]:
        show(f"This protocol {protocol['leak']}.", console)
    show(report_table(values), console)
    for sentence in verdicts(values):
        show(sentence, console)
    if slices:
        show(slices_table(values), console)
    for one in values["refused"]:
        show(f"{one['model']}: not measured: {one['reason']}", console)
