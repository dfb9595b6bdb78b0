"""`penchant train`: from a log to a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.model_specs import read_settings
from penchant.cli.options import (
    USAGE_ERROR,
    AsJson,
    EventsFile,
    ItemsFile,
    NoCache,
    NoSelect,
    Rejects,
    SchemaFile,
    Seed,
    Trials,
    UsersFile,
    settings,
)
from penchant.cli.output import note, show, show_json
from penchant.cli.progress import Terminal
from penchant.cli.reading import read
from penchant.cli.resuming import checkpoints_beside
from penchant.errors import BadConfig, UserError

if TYPE_CHECKING:
    from penchant.evaluate.fitting import Fitted


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        epilog="Example: penchant train events.csv --items items.csv --model ease --out model\n\n"
        "Example: penchant train events.csv --model popular --set half_life=3 --no-select --out model\n\n"
        "Example: penchant train events.csv --config tuned/ease.toml --no-select --out model"
    )(train)


def train(
    events: EventsFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The model folder to write.", show_default=False)],
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="Which; see penchant models.", show_default=False)
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="TOML", help="Settings that stay as given, such as those of penchant tune."),
    ] = None,
    items: ItemsFile = None,
    users: UsersFile = None,
    schema: SchemaFile = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A setting that stays as given; see penchant show-config MODEL."
        ),
    ] = None,
    trials: Trials = 20,
    no_select: NoSelect = False,
    seed: Seed = 7,
    rejects: Rejects = None,
    checkpoint_every: Annotated[
        float,
        typer.Option("--checkpoint-every", metavar="SECONDS", min=0, help="How often a net in training is saved."),
    ] = 300.0,
    no_cache: NoCache = False,
    as_json: AsJson = False,
) -> None:
    """Trains a model: chooses its settings on the newest part of the log, then learns from all of it.

    Settings are chosen by the protocol replay (last without times, ctr with labels 0
    and 1). An existing model folder is replaced. When a net was stopped while it learned,
    the same command goes on from its newest checkpoint, beside DIR.
    """
    from penchant.evaluate.fitting import fit_chosen
    from penchant.train.run import Run

    name, given = _asked(model, config, assignments)
    target = _folder(out)
    with Terminal(bars=not as_json) as reporter:
        data = read(
            events, items, users, schema, reporter=reporter, cached=not no_cache, rejects=rejects,
            rejects_hint=target.with_name(target.name + ".rejected.csv"),
        ).dataset  # fmt: skip
        budget = 1 if no_select else trials
        about = {"log": data.digest, "model": name, "settings": given, "seed": seed, "trials": budget}
        with checkpoints_beside(target, about, reporter) as folder:
            run = Run(seed=seed, reporter=reporter, checkpoints=folder, checkpoint_every=checkpoint_every)
            fitted = fit_chosen(name, given, data, run, budget=budget)
            fitted.model.save(target)
    summary = _summary(name, out, fitted)
    if as_json:
        show_json(summary)
        return
    for sentence in _said(fitted, given):
        note(sentence)
    show(f"{name}: saved in {out} ({summary['n_events']:,} events, {fitted.seconds:.1f} s)")
    note(f"next: penchant recommend {out} --user {next(iter(data.users))}")


def _asked(model: str | None, file: Path | None, assignments: list[str] | None) -> tuple[str, dict[str, Any]]:
    """The model's name and the settings that stay as given; those of the command line go before those of the file."""
    from penchant.registry import model_class

    if model is None and file is None:
        raise USAGE_ERROR("Missing option '--model', or '--config' with a file that names the model")
    on_line = settings(assignments)
    name, in_file = (str(model), dict[str, Any]()) if file is None else read_settings(file, model)
    if model is not None and name != model:
        raise BadConfig(f'{file}: its settings are those of "{name}", but --model says "{model}"')
    given = {**in_file, **on_line}
    model_class(name).config_class().parse(given, name)
    return name, given


def _folder(out: Path) -> Path:
    """The absolute place of ``--out``; raises UserError where no folder can be written, before an hour of work."""
    target = out.resolve()
    if not target.name or (target.exists() and not target.is_dir()):
        raise UserError(f"{out}: expected a folder to write, such as --out model")
    if target.is_dir() and any(target.iterdir()) and not (target / "card.json").exists():
        raise UserError(f"{out}: exists and is not a model folder; choose another --out")
    return target


def _summary(name: str, out: Path, fitted: Fitted) -> dict[str, Any]:
    made = fitted.model
    return {
        "model": name,
        "settings": made.config.model_dump(mode="json"),
        "out": str(out),
        "n_events": made.card["data"]["events"],
        "n_users": len(made.people.users),
        "n_items": len(made.catalogue.items),
        "seconds": round(fitted.seconds, 3),
        "selection": fitted.as_json(),
    }


def _said(fitted: Fitted, given: dict[str, Any]) -> list[str]:
    chosen = fitted.model.config.model_dump(mode="json")
    defaults = type(fitted.model.config)().model_dump(mode="json")
    other = ", ".join(f"{key}={value}" for key, value in chosen.items() if value != defaults[key] and key not in given)
    trials = len(fitted.selection.trials)
    if fitted.value is None:
        return ["settings: as they are; nothing was tried" + (" (too little data to compare)" if trials else "")]
    metric = f"{fitted.selection.metric} {fitted.value:.4f} on validation ({fitted.protocol})"
    if trials == 1:
        return [f"settings: there was nothing to choose; {metric}"]
    before = "" if fitted.default_value is None else f", {fitted.default_value:.4f} before choosing"
    return [f"settings: {other or 'the defaults'} chosen in {trials} trials; {metric}{before}"]
