"""`penchant tune`: a search of settings that can be stopped and goes on where it was."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli import evaluate_options as options
from penchant.cli.model_specs import model_specs
from penchant.cli.options import (
    AsJson,
    EventsFile,
    ItemsFile,
    NoCache,
    SchemaFile,
    Seed,
    UsersFile,
    given,
    listed,
    whole_numbers,
)
from penchant.cli.output import json_text, note, show, show_json
from penchant.cli.progress import Terminal
from penchant.cli.reading import read
from penchant.errors import BadConfig, UserError

if TYPE_CHECKING:
    from penchant.evaluate.measuring import ModelSpec
    from penchant.evaluate.tuning.run import Tuned

JOURNAL, REPORT = "study.jsonl", "report.json"

Trials = Annotated[int, typer.Option("--trials", min=1, help="Settings tried for each model, the defaults first.")]
Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Where MODEL.toml and report.json are written.", show_default=False)
]
Study = Annotated[
    Path | None,
    typer.Option("--study", metavar="FILE", help="The journal to go on with. Default: study.jsonl inside --out."),
]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        epilog="Example: penchant tune events.csv --models ease,itemknn --trials 40 --out tuned\n\n"
        "Example: penchant tune events.csv --models ease --set ease.max_items=5000 --protocol time --out tuned"
    )(tune)


def tune(
    context: typer.Context,
    events: EventsFile,
    models: options.Models,
    out: Out,
    trials: Trials = 40,
    study: Study = None,
    assignments: options.Assignments = None,
    protocol: options.ProtocolName = "replay",
    test_share: options.TestShare = None,
    split_column: options.SplitColumn = None,
    order_column: options.OrderColumn = None,
    request_time: options.RequestTime = None,
    repeats: options.Repeats = "auto",
    targets: options.Targets = None,
    items: ItemsFile = None,
    users: UsersFile = None,
    schema: SchemaFile = None,
    k: options.Lengths = "10,20",
    seed: Seed = 7,
    sample_people: options.SamplePeople = None,
    jobs: options.Jobs = 1,
    no_cache: NoCache = False,
    as_json: AsJson = False,
) -> None:
    """Searches the settings of models on validation data, with equally many trials for each.

    The questions are those by which evaluate chooses settings: they lie inside
    the training part, so the test part stays unseen. The defaults are tried
    first; a trial ends early once it is plainly worse than the best so far.
    Stopped in any way, the same command goes on where it was. It writes
    DIR/MODEL.toml for evaluate and train. show-config MODEL shows where each
    setting is searched.
    """
    from penchant.evaluate.tuning.journal import need_optuna
    from penchant.evaluate.tuning.run import tune as search

    need_optuna()
    specs = _specs(models, assignments)
    asked = options.asked_protocol(
        name=protocol, test_share=test_share, seed=seed, repeats=repeats, k=whole_numbers(k, "-k"),
        request_time=request_time, targets=listed(targets) or None, sample_people=sample_people,
    )  # fmt: skip
    journal = _journal(out, study)
    columns = given({"split": split_column, "order": order_column})
    try:
        with Terminal(bars=not as_json) as reporter:
            log = read(events, items, users, schema, reporter=reporter, cached=not no_cache, columns=columns)
            out.mkdir(parents=True, exist_ok=True)
            found = search(log.dataset, specs, asked, journal, budget=trials, seed=seed, reporter=reporter, jobs=jobs)
    except KeyboardInterrupt:
        note(f"finished trials are kept in {journal}; the same command goes on with them")
        raise
    _write(found, out, _words(context))
    tables = {"--items": items, "--users": users, "--schema": schema}
    files = [str(events), *(word for name, path in tables.items() if path for word in (name, str(path)))]
    _tell(found, out, shlex.join(files), as_json)
    if found.refused:
        raise typer.Exit(1)


def _specs(models: str, assignments: list[str] | None) -> list[ModelSpec]:
    specs = model_specs(models, assignments)
    for spec in specs:
        if Path(spec.label).name != spec.label:
            raise BadConfig(f'--models: "{spec.label}" names a file in --out, so it must be one word without slashes')
    return specs


def _journal(out: Path, study: Path | None) -> Path:
    """The journal's file; raises UserError where nothing can or should be written, before an hour of work."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: expected a folder to write, such as --out tuned")
    ours = (out / JOURNAL, out / REPORT)
    if out.is_dir() and any(out.iterdir()) and not any(path.is_file() for path in ours):
        raise UserError(f"{out}: exists and was not written by penchant tune; choose another --out")
    if study is None:
        return out / JOURNAL
    if study.is_dir() or not study.absolute().parent.is_dir():
        raise UserError(f"--study: {study}: expected a file in an existing folder, such as tuned/{JOURNAL}")
    return study


def _words(context: typer.Context) -> str:
    """The command line that was given, as it can be pasted."""
    words = ["penchant", "tune"]
    for param in context.command.params:
        value = context.params.get(str(param.name))
        source = context.get_parameter_source(str(param.name))
        if source is None or source.name != "COMMANDLINE":
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            flag = [] if param.param_type_name == "argument" else [max(param.opts, key=len)]
            words += [*flag, *([] if one is True else [str(one)])]
    return shlex.join(words)


def _write(tuned: Tuned, out: Path, command: str) -> None:
    """``LABEL.toml`` for each model, and ``report.json``; whole files only."""
    from penchant.evaluate.tuning.outcome import settings_file
    from penchant.registry import model_class

    report = tuned.as_json()
    data = tuned.data
    about = [("data", f"{data['name']}, {data['n_events']:,} events, digest {data['digest']}"), ("command", command)]
    for outcome in tuned.outcomes:
        plain = model_class(outcome.spec.model).config_class()().model_dump(mode="json")
        metric, protocol = tuned.protocol.primary, tuned.protocol.name
        _replace(out / f"{outcome.spec.label}.toml", settings_file(outcome, plain, metric, protocol, about))
    _replace(out / REPORT, json_text({"command": command, **report}))


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _tell(tuned: Tuned, out: Path, log: str, as_json: bool) -> None:
    report = tuned.as_json()
    if as_json:
        show_json({"out": str(out), **report})
    else:
        from penchant.cli.tables import tuned_table

        show(f"{tuned.data['name']}: {tuned.protocol.primary} by {tuned.protocol.name}, {report['read_as']}")
        show(tuned_table(report["models"]).rich)
        for one in report["models"]:
            show(_sentence(one, out))
        for one in tuned.refused:
            show(f"{one.label}: not tuned: {one.reason}")
    if not tuned.outcomes:
        return
    labels = [outcome.spec.label for outcome in tuned.outcomes]
    names = dict.fromkeys(outcome.spec.model for outcome in tuned.outcomes)
    files = [f"tuned{'-' + label if len(labels) > 1 else ''}={out / label}.toml" for label in labels]
    # without a search of the other settings: what was tuned against the defaults
    note(f"next: penchant evaluate {log} --models {','.join([*names, *files])} --no-select")
    note(f"next: penchant train {log} --config {out / labels[0]}.toml --no-select --out model")


def _sentence(found: dict[str, Any], out: Path) -> str:
    place = out / f"{found['label']}.toml"
    if found["kept_defaults"]:
        return f"{found['label']}: the defaults stay: no trial was better by more than a standard error; {place}"
    changed = [f"{name}={_shown(found['settings'][name])}" for name in sorted(_changed(found))]
    return f"{found['label']}: {', '.join(changed)}; {place}"


def _changed(found: dict[str, Any]) -> Sequence[str]:
    before = found["trials"][0]["settings"]
    return [name for name, value in found["settings"].items() if value != before[name]]


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
