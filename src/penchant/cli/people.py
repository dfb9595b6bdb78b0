"""`penchant why`, `forget`, `export` and `status`: what a store knows, and about whom."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.options import AsJson
from penchant.cli.output import note, show, show_json
from penchant.cli.store_options import DEFAULT_PROJECT, DEFAULT_STORE, Models, Project, StoreUrl, opened
from penchant.errors import UserError

if TYPE_CHECKING:
    from penchant.service.nouns import Why

_UserId = Annotated[str, typer.Argument(metavar="USER", help="The person's id.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(epilog="Example: penchant why 5f2c9a0b7d1e4c3f8a6b2d90 --store penchant-store")(why)
    app.command(epilog="Example: penchant forget u0001 --store penchant-store --yes --json")(forget)
    app.command(epilog="Example: penchant export u0001 --store penchant-store > u0001.jsonl")(export)
    app.command(epilog="Example: penchant status --store penchant-store")(status)


def why(
    recommendation: Annotated[str, typer.Argument(metavar="ID", help="recommendation_id of an answer.")],
    store: StoreUrl = DEFAULT_STORE,
    project: Project = DEFAULT_PROJECT,
    models: Models = None,
    as_json: AsJson = False,
) -> None:
    """Draws a list that was served again: from its question, the log as it was, its model and its seed."""
    with opened(store, project, models, model=False) as service:
        found = service.why(recommendation)
    if as_json:
        show_json(_plain(found))
    else:
        _tell(found)


def forget(
    user: _UserId,
    store: StoreUrl = DEFAULT_STORE,
    project: Project = DEFAULT_PROJECT,
    models: Models = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Removes everything about a person from a store, for ever, and says what remains elsewhere."""
    if not yes and not sys.stdin.isatty():
        raise UserError("nothing was removed: nobody is there to be asked; say --yes")
    if not yes and not typer.confirm(f"Remove everything about {user} for ever?", err=True):
        raise UserError("nothing was removed; say --yes to do it without being asked")
    with opened(store, project, models, model=False) as service:
        receipt = service.forget(user)
    if as_json:
        show_json(asdict(receipt))
        return
    for place in receipt.places:
        show(f"removed   {place}")
    for version in receipt.trained_versions:
        show(f"trained   {version}")
    show(receipt.refit)
    for place in receipt.outside:
        show(f"not ours  {place}")


def export(
    user: _UserId,
    store: StoreUrl = DEFAULT_STORE,
    project: Project = DEFAULT_PROJECT,
    models: Models = None,
    as_json: AsJson = False,
) -> None:
    """Writes everything that is kept about a person, one JSON object a line; with --json as one object."""
    with opened(store, project, models, model=False) as service:
        records = list(service.export(user))
    if as_json:
        show_json({"user_id": user, "records": records})
        return
    for record in records:
        sys.stdout.write(json.dumps(record) + "\n")
    note(f"{len(records):,} records")


def status(
    store: StoreUrl = DEFAULT_STORE, project: Project = DEFAULT_PROJECT, models: Models = None, as_json: AsJson = False
) -> None:
    """Shows what a store serves: version, coverage, fallback, acceptance by source, drift of the inputs."""
    with opened(store, project, models) as service:
        found = dict(service.status())
    if as_json:
        show_json(found)
        return
    for line in _lines(found):
        show(line)


def _lines(found: dict[str, Any]) -> list[str]:
    lists, inputs, catalogue = found["lists"], found["inputs"], found["catalogue"]
    lines = [f"serving     {found['model_version'] or 'nothing'}", f"log         {found['offset']:,} entries"]
    if found["trouble"]:
        lines.append(f"trouble     {found['trouble']}")
    if catalogue:
        lines.append(f"catalogue   {catalogue['items']:,} items, {catalogue['fresh_items']:,} since the training")
    lines.append(
        f"lists       {lists['count']:,} newest: cover {_percent(lists['coverage'])} of the catalogue, "
        f"{_percent(lists['fallback'])} fallback, {_percent(lists['empty'])} empty"
    )
    for source, figure in found["acceptance"].items():
        lines.append(f"accepted    {_percent(figure['accepted'])} of {figure['shown']:,} places by {source}")
    if inputs:
        lines.append(f"inputs      {inputs['events']:,} newest: {_percent(inputs['unknown_items'])} of unknown items")
        for name, figure in inputs["context"].items():
            distance = "" if figure["distance"] is None else f", {figure['distance']:.2f} away from training (0..1)"
            lines.append(
                f"  {name:<10}{_percent(figure['stated'])} stated, {_percent(figure['never_seen'])} never seen{distance}"
            )
    return lines


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _plain(found: Why) -> dict[str, Any]:
    from penchant.service.exporting import record

    return {
        **record(found.impression),
        "same": found.same,
        "history": [asdict(event) for event in found.history],
        "again": asdict(found.again),
    }


def _tell(found: Why) -> None:
    kept = found.impression
    moment = datetime.fromtimestamp(kept.query.at or 0.0, UTC).isoformat(timespec="milliseconds")
    show(f"for         {kept.query.user_id or 'a stranger'} at {moment}")
    show(f"model       {kept.model_version}, log as of {kept.log_offset:,}, seed {kept.seed}")
    if kept.query.context:
        show("context     " + ", ".join(f"{name}={value}" for name, value in kept.query.context.items()))
    for event in reversed(found.history[-5:]):
        show(f"knew        {event.kind} {event.item_id} at {datetime.fromtimestamp(event.at, UTC).isoformat()}")
    for item in found.again.items:
        show(f"{item.rank:>4}  {item.item_id}  {item.score:.4g}  {', '.join(item.sources)}")
    for stage in found.again.trace:
        removed = "".join(f", {rule} -{n:,}" for rule, n in stage.removed.items() if n)
        failure = f"  failed: {stage.failure}" if stage.failure else ""
        show(f"      {stage.stage}: {stage.n_in:,} -> {stage.n_out:,}{removed} ({stage.milliseconds:.2f} ms){failure}")
    show("drawn again: exactly the list that was served" if found.same else "drawn again: NOT the list that was served")
