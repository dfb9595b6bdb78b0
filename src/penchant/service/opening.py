"""Opening a project: its store, its shelf, and the log of the first model for a store that is empty."""

from __future__ import annotations

from concurrent.futures import Future
from itertools import islice
from pathlib import Path

from penchant.errors import BadConfig
from penchant.log import SILENT, Reporter
from penchant.models.base import load_model
from penchant.models.seeding import events_of
from penchant.service.shelf import Shelf, admit
from penchant.store.protocol import Appended, Store, Stores, Version

_AT_ONCE = 5_000
_AHEAD = 8
"""Batches under way at once."""

_SEEDING = "seeding"
"""The text that names the version whose people are being written into the store."""


def shelf_of(url: str, project: str, models: Path | None = None) -> Shelf:
    """Where the models of a project stand: below `models`, else beside the database files of the store."""
    if models is None:
        if "://" in url:
            raise BadConfig("models: a store behind a network address needs a folder for its models: --models DIR")
        models = Path(url.removeprefix("sqlite:").partition("?")[0]) / "models"
    return Shelf(models / project)


def bring_in(
    stores: Stores, project: str, shelf: Shelf, folder: Path, now: float, reporter: Reporter = SILENT
) -> Version:
    """Serves a model folder from now on; an empty store gets the folder's people and their events first.

    The same folder again changes nothing, so that a server may be started with it every time; a version that was served later,
    after a refit, stays.

    Raises:
        BadModelFolder: the folder is torn or changed; what was served before still is.
    """
    store = stores.project(project)
    before = {version.version for version in store.versions()}
    version = admit(store, shelf, folder, now)
    # a seeding that was stopped goes on; a store that got its events otherwise is left alone
    if store.offset() == 0 or store.text(_SEEDING) == version.version:
        store.keep_text(_SEEDING, version.version)
        seed(store, folder, reporter)
        store.keep_text(_SEEDING, "")
    if version.version not in before or store.pointer() is None:
        store.point(version.version, now)
    return version


def seed(store: Store, folder: Path, reporter: Reporter = SILENT) -> int:
    """Writes the people of a model folder, and the events that it keeps of them, into a store; returns how many events.

    Every event has an id made from the log and its row, so that doing it again, or going on after it was stopped, adds nothing.
    """
    model = load_model(folder)
    total = len(model.people.sequences.rows) + len(model.people.users)
    events = events_of(model)
    under_way: list[Future[tuple[Appended, ...]]] = []
    done = 0
    while batch := list(islice(events, _AT_ONCE)):
        under_way.append(store.submit(batch))
        if len(under_way) > _AHEAD:
            under_way.pop(0).result()
        done += len(batch)
        reporter.progress("people of the model into the store", min(done, total), total)
    for future in under_way:
        future.result()
    return done
