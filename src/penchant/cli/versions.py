"""`penchant swap` and `penchant refit`: which model a store serves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.options import USAGE_ERROR, AsJson
from penchant.cli.output import note, show, show_json
from penchant.cli.progress import Terminal
from penchant.cli.store_options import DEFAULT_PROJECT, DEFAULT_STORE, Models, Project, StoreUrl, opened
from penchant.clock import wall_clock


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(
        epilog="Example: penchant swap model --store penchant-store\n\n"
        "Example: penchant swap --to itemknn-3f9a1c0b7d2e --store penchant-store"
    )(swap)
    app.command(epilog="Example: penchant refit --store penchant-store --json")(refit)


def swap(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A folder written by penchant train.")] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="VERSION", help="A version that is there: rolls back.")
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    project: Project = DEFAULT_PROJECT,
    models: Models = None,
    as_json: AsJson = False,
) -> None:
    """Serves another model: running servers follow within a second. Without DIR and --to it lists the versions.

    The model is read, checked and asked once before anything changes; one that is torn is refused by name.
    """
    from penchant.service.shelf import admit

    if folder is not None and to is not None:
        raise USAGE_ERROR("give a folder or --to, not both")
    with opened(store, project, models, model=False) as service:
        if folder is not None:
            to = admit(service.store, service.shelf, folder, wall_clock()).version
        if to is not None:
            done = service.activate(to)
            if not as_json:
                show(f"{done.version}: served from now on")
                return
        listed = service.models()
    if as_json:
        show_json({"versions": [{**vars(info), "card": dict(info.card)} for info in listed]})
        return
    for info in listed:
        show(f"{'*' if info.current else ' '} {info.version}  {info.model}")


def refit(
    store: StoreUrl = DEFAULT_STORE,
    project: Project = DEFAULT_PROJECT,
    models: Models = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Serve it whatever the comparison says, such as after a person was forgotten."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fits the served model anew on the log and serves it when it is not worse on the newest events."""
    with opened(store, project, models) as service, Terminal(bars=not as_json) as reporter:
        done = service.refit(force=force, reporter=reporter)
    if as_json:
        show_json({"version": None if done.model is None else done.model.version, **done.found})
        return
    note(str(done.found["reason"]))
    show("not let in; what was served stays" if done.model is None else f"{done.model.version}: served from now on")
