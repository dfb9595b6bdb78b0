"""`penchant serve`: a model folder over HTTP."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from threading import Thread
from time import sleep
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.options import AsJson, settings
from penchant.cli.output import complain, note, show_json
from penchant.cli.progress import Terminal
from penchant.cli.store_options import DEFAULT_PROJECT, DEFAULT_STORE, Models, Project, StoreUrl, check_there
from penchant.clock import wall_clock
from penchant.errors import BadModelFolder, UserError

if TYPE_CHECKING:
    from penchant.log import Reporter
    from penchant.server.settings import ServerConfig
    from penchant.store.protocol import Stores


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        epilog="Example: penchant serve model --store shop --port 8080\n\n"
        "Example: penchant serve model --store shop --config configs/serve.toml --workers 2\n\n"
        "Example: penchant serve --store shop --host 0.0.0.0"
    )(serve)


def serve(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[MODEL_DIR]", help="A folder written by penchant train; else what was served last."),
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    project: Project = DEFAULT_PROJECT,
    models: Models = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Beyond this machine only with keys.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where it listens.")] = 8080,
    workers: Annotated[int, typer.Option("--workers", min=1, max=256, help="Processes; each loads the model.")] = 1,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="TOML", help="Settings of the request path, such as configs/serve.toml."),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of the server or service, such as most_wait=0.1."),
    ] = None,
    as_json: AsJson = False,
    no_keys: Annotated[bool, typer.Option("--no-keys", help="Nobody needs a key; on loopback addresses only.")] = False,
) -> None:
    """Serves a model over HTTP: events in, and the next answer already knows.

    A store that is empty gets the people of the model folder first. Without keys (see
    penchant keys) the server listens on this machine alone. Stops on Ctrl-C or SIGTERM, after it
    has answered what it accepted.
    """
    from penchant.server.hosting import Hosting, application
    from penchant.server.run import serve as run
    from penchant.server.security import check_bind
    from penchant.service.opening import shelf_of

    chosen = {"host": host, "port": port, "workers": workers}
    server, service = _settings(chosen, assignments)
    if no_keys:
        check_bind(host, keyless=True)
    pipeline = _pipeline(config)
    shelf_of(store, project, models)
    with Terminal(bars=not as_json) as reporter:
        projects = _prepared(folder, store, project, models, reporter, host=None if no_keys else host)
    hosting = Hosting(
        store=store, projects=projects, server=server, models=models, pipeline=pipeline, service=(service, "--set"),
        keyless=no_keys,
    )  # fmt: skip
    Thread(target=_tell_when_ready, args=(host, port, as_json), daemon=True).start()
    code = run(partial(application, hosting), server, complain=complain)
    if code:
        raise typer.Exit(code)


def _tell_when_ready(host: str, port: int, as_json: bool) -> None:
    """Says where the server listens once it answers; loading a large model takes its time."""
    import httpx

    address = "127.0.0.1" if host in ("0.0.0.0", "localhost") else "[::1]" if host == "::" else host
    while True:
        try:
            httpx.get(f"http://{address}:{port}/health/live", timeout=5.0, trust_env=False)
        except httpx.TransportError:
            sleep(0.1)
            continue
        url = f"http://{host}:{port}"
        if as_json:
            show_json({"listening": url})
        note(f"listening on {url}  (GET /openapi.json lists what it answers; Ctrl-C stops it)")
        return


def _settings(chosen: dict[str, Any], assignments: list[str] | None) -> tuple[ServerConfig, dict[str, Any]]:
    """Settings of the server, and those of the service as plain values; a key belongs to one or the other."""
    from penchant.errors import UnknownName
    from penchant.server.settings import ServerConfig
    from penchant.service.settings import ServiceConfig

    server, service = dict(chosen), {}
    for key, value in settings(assignments).items():
        if key in ServerConfig.model_fields:
            server[key] = value
        elif key in ServiceConfig.model_fields:
            service[key] = value
        else:
            raise UnknownName("setting", key, [*ServerConfig.model_fields, *ServiceConfig.model_fields], "--set")
    ServiceConfig.parse(service, "--set")
    return ServerConfig.parse(server, "--set"), service


def _pipeline(file: Path | None) -> tuple[dict[str, Any], str]:
    from penchant.config import read_toml
    from penchant.pipeline.settings import PipelineConfig

    if file is None:
        return {}, ""
    values = dict(read_toml(file))
    PipelineConfig.parse(values, str(file))
    return values, str(file)


def _prepared(
    folder: Path | None, store: str, project: str, models: Path | None, reporter: Reporter, host: str | None
) -> tuple[str, ...]:
    """Brings the folder in; returns the projects to serve. A torn folder is refused, and what was served before goes on.

    `host` is where keys are asked for; None asks for none.
    """
    from penchant.server.security import check_bind
    from penchant.service.opening import bring_in, shelf_of
    from penchant.store.url import open_stores

    if folder is None:
        check_there(store)
    stores: Stores = open_stores(store)
    try:
        if host is not None:
            check_bind(host, keyless=not stores.keys())
        if folder is not None:
            try:
                bring_in(stores, project, shelf_of(store, project, models), folder, wall_clock(), reporter)
            except BadModelFolder as fault:
                pointer = stores.project(project).pointer()
                if pointer is None:
                    raise
                complain(str(fault))
                note(f"{pointer.version}, which was served before, goes on")
        elif project not in stores.projects() or stores.project(project).pointer() is None:
            raise UserError(f"{store}: no model was ever served here; give a folder: penchant serve MODEL_DIR")
        # a project whose first folder was torn was begun and serves nothing; it must not keep the others from being ready
        others = [name for name in stores.projects() if stores.project(name).pointer() is not None]
        return tuple(dict.fromkeys((project, *others)))
    finally:
        stores.close()
