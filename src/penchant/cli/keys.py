"""`penchant keys`: who may ask a server what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penchant.cli.options import USAGE_ERROR, AsJson, listed
from penchant.cli.output import note, show, show_json
from penchant.cli.store_options import DEFAULT_PROJECT, DEFAULT_STORE, Project, StoreUrl
from penchant.clock import wall_clock
from penchant.errors import UserError

if TYPE_CHECKING:
    from penchant.store.protocol import Key, Stores


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        epilog="Example: penchant keys create --scopes read,ingest --note phone\n\n"
        "Example: penchant keys list --store penchant-store --json\n\n"
        "Example: penchant keys remove 3f9a1c0b7d2e"
    )(keys)


def keys(
    action: Annotated[Literal["create", "list", "remove"], typer.Argument(help="What to do.", show_default=False)],
    key_id: Annotated[
        str | None, typer.Argument(metavar="[KEY_ID]", help="Which key to remove; list names them all.")
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    project: Project = DEFAULT_PROJECT,
    scopes: Annotated[
        str,
        typer.Option(
            "--scopes",
            metavar="LIST",
            help="What a new key allows: read (ask), ingest (events, items and people in), admin (everything).",
        ),
    ] = "read",
    label: Annotated[str, typer.Option("--note", metavar="TEXT", help="What a new key is for.")] = "",
    as_json: AsJson = False,
) -> None:
    """Makes, lists and removes the keys of a server.

    A new key's secret is written once, to standard output; only its hash is
    kept. A running server knows of every change within a second or so.
    """
    from penchant.store.url import open_stores

    if (action == "remove") != (key_id is not None):
        raise USAGE_ERROR("expected a key's id after remove, and after nothing else")
    stores: Stores = open_stores(store)
    try:
        if action == "create":
            _create(stores, project, listed(scopes), label, as_json)
        elif key_id is not None:
            _remove(stores, key_id, as_json)
        else:
            _list(stores, as_json)
    finally:
        stores.close()


def _create(stores: Stores, project: str, scopes: tuple[str, ...], label: str, as_json: bool) -> None:
    from penchant.server.security import new_key

    key, secret = new_key(project, scopes, wall_clock, label)
    stores.add_key(key)
    if project not in stores.projects():
        note(f'there is no project "{project}" yet; penchant serve MODEL_DIR --project {project} begins it')
    if as_json:
        show_json({**_plain(key), "secret": secret})
        return
    note(f"key {key.key_id} for {project} ({_scopes(key)}); this secret is shown once:")
    show(secret)


def _list(stores: Stores, as_json: bool) -> None:
    from penchant.cli.tables import table

    found = sorted(stores.keys(), key=lambda key: (key.project, key.created_at))
    if as_json:
        show_json({"keys": [_plain(key) for key in found]})
        return
    if not found:
        note("no keys; a server that never had one answers this machine alone")
        return
    made = table("key", "project", "scopes", "created", "note")
    for key in found:
        made.add(
            key.key_id, key.project, _scopes(key), f"{datetime.fromtimestamp(key.created_at, UTC):%Y-%m-%d}", key.note
        )
    show(made.rich)


def _remove(stores: Stores, key_id: str, as_json: bool) -> None:
    if not stores.remove_key(key_id):
        raise UserError(f'no key has the id "{key_id}"; penchant keys list names them')
    if as_json:
        show_json({"removed": key_id})
    else:
        note(f"{key_id} opens nothing any more")


def _scopes(key: Key) -> str:
    return ",".join(scope for scope in ("read", "ingest", "admin") if scope in key.scopes)


def _plain(key: Key) -> dict[str, object]:
    return {
        "key_id": key.key_id,
        "project": key.project,
        "scopes": _scopes(key).split(","),
        "created_at": key.created_at,
        "note": key.note,
    }
