"""A first draft of a schema from the files of a log: which file is which, and what their columns most likely mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from penchant.data.files import Loaded, load
from penchant.data.guess.guessing import Guess, guess
from penchant.data.intake.columns import ALIASES, find_roles, plain
from penchant.data.intake.declaring import SAMPLE_ROWS
from penchant.data.intake.opening import open_source
from penchant.data.intake.reading import first_rows
from penchant.data.schema import Role, Schema
from penchant.errors import BadData
from penchant.log import SILENT, Reporter

_BOTH: tuple[Role, Role] = ("user_id", "item_id")


@dataclass(frozen=True, kw_only=True)
class LogFiles:
    """The files of one log."""

    events: Path
    items: Path | None = None
    users: Path | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """A guessed schema with its reasons, and what reading the files by it found."""

    guess: Guess
    loaded: Loaded


def recognise(
    paths: Sequence[Path],
    *,
    items: Path | None = None,
    users: Path | None = None,
    columns: Mapping[Role, str] | None = None,
) -> LogFiles:
    """Tells events, items and people apart by their id columns: events have both, attribute files one of them.

    Args:
        paths: one to three files, in any order.
        items, users: files that are already known.
        columns: columns of the events that play a role under an unusual name.

    Raises:
        BadData: no file, or more than one, can be the events; or a file left over cannot be placed.
    """
    headers = {path: open_source(path).header for path in paths}
    named = dict(columns or {})
    both = [
        path
        for path, header in headers.items()
        if all(_names(header, role) or named.get(role) in header for role in _BOTH)
    ]
    if len(both) != 1:
        if len(paths) == 1:
            # says which column is missing and what it may be called
            find_roles(headers[paths[0]], Schema(columns=named), paths[0].name)
        what = "none of the files has" if not both else f"{' and '.join(str(path) for path in both)} have"
        raise BadData(
            f"{what} both a column for the person and one for the item; expected one events file with columns such as "
            f"user_id, item_id, timestamp{_found(headers) if not both else '; name the others with --items or --users'}"
        )
    for path in paths:
        if path == both[0]:
            continue
        header = headers[path]
        # a bare "id" column says nothing, so the place that is still free decides
        if users is None and (_names(header, "user_id") or (items is not None and not _names(header, "item_id"))):
            users = path
        elif items is None and not _names(header, "user_id"):
            items = path
        else:
            raise BadData(f"{path}: cannot tell what it is (columns: {', '.join(header[:12])}); say --items or --users")
    return LogFiles(events=both[0], items=items, users=users)


def draft(files: LogFiles, reporter: Reporter = SILENT, *, columns: Mapping[Role, str] | None = None) -> Draft:
    """Guesses context and attributes from the first rows; event kinds and repeats are counted in all of them."""
    said = Schema(columns=dict(columns)) if columns else None
    loaded = load(files.events, items=files.items, users=files.users, schema=said, reporter=reporter)
    source = open_source(files.events)
    roles: dict[Role, str] = {
        role: column
        for role, column in find_roles(source.header, said or Schema(), source.name).found.items()
        if role in loaded.report.roles
    }
    frames = [
        None if path is None else first_rows(open_source(path), SAMPLE_ROWS) for path in (files.items, files.users)
    ]
    found = guess(first_rows(source, SAMPLE_ROWS), roles, *frames)
    counted = loaded.dataset.schema
    share = loaded.report.repeats_last_tenth
    notes = {**found.notes, ("repeats", ""): f"{share:.0%} of the newest tenth of the events are repeats"}
    if "kind" in roles:
        notes |= {("kinds", name): _kind_note(n, found.notes, name) for name, n in loaded.report.kinds.items()}
    schema = found.schema.changed(
        kinds={name: kind.model_dump() for name, kind in counted.kinds.items()}, repeats=counted.repeats
    )
    return Draft(guess=replace(found, schema=schema, notes=notes), loaded=loaded)


def _kind_note(count: int, notes: Mapping[tuple[str, str], str], name: str) -> str:
    _, bracket, reason = notes.get(("kinds", name), "").partition(" (")
    return f"{count:,} events{bracket}{reason}"


def _names(header: Sequence[str], role: Role) -> bool:
    """Whether a column has one of the role's own names; `id` alone and the looser names of items in people's files aside."""
    known = {plain(column) for column in header}
    return any(plain(alias) in known for alias in ALIASES[role])


def _found(headers: Mapping[Path, Sequence[str]]) -> str:
    return "; found " + "; ".join(f"{path.name}: {', '.join(header[:12])}" for path, header in headers.items())
