"""Options of the commands that work on a store, and how they open it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.errors import UserError

if TYPE_CHECKING:
    from penchant.service.service import Service

StoreUrl = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="URL",
        help="Where events are kept: a folder (SQLite), or postgresql://user:password@host/database.",
    ),
]
Project = Annotated[str, typer.Option("--project", metavar="NAME", help="Which project's events, people and models.")]
Models = Annotated[
    Path | None,
    typer.Option("--models", metavar="DIR", help="Where copies of models stand; default: beside the database files."),
]
DEFAULT_STORE = "penchant-store"
DEFAULT_PROJECT = "default"


def check_there(url: str) -> None:
    """Raises UserError for a folder that is not there: opening it would make an empty one, where a name was misspelt."""
    place = Path(url.removeprefix("sqlite:").partition("?")[0])
    if "://" not in url and not place.is_dir():
        raise UserError(f"{place}: no store is there; give the one that penchant serve was given: --store DIR")


@contextmanager
def opened(url: str, project: str, models: Path | None, *, model: bool = True) -> Iterator[Service]:
    """The service of a project without a server: what a command asks once, as HTTP would.

    Args:
        model: whether what the pointer names is loaded; some answers need no model.
    """
    from penchant.service.opening import shelf_of
    from penchant.service.service import Service
    from penchant.store.url import open_stores

    check_there(url)
    stores = open_stores(url)
    try:
        service = Service(
            stores.project(project, create=False), shelf_of(url, project, models), url=url, project=project
        )
        if model:
            service.keeper.refresh()
        yield service
    finally:
        stores.close()
