"""`penchant simulate`: a music service that knows its own truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from penchant.cli.options import AsJson, Seed, given, settings
from penchant.cli.output import note, show, show_json
from penchant.cli.progress import Terminal
from penchant.errors import UserError

if TYPE_CHECKING:
    from penchant.data.sources.music import MusicWorld

_Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write.", show_default=False)]
_People = Annotated[int | None, typer.Option("--people", metavar="N", help="People who listen.")]
_Songs = Annotated[int | None, typer.Option("--songs", metavar="N", help="Songs in the catalogue.")]
_Plays = Annotated[int | None, typer.Option("--plays", metavar="N", help="Mean number of plays per person.")]
_Context = Annotated[
    Literal["additive", "interacting", "null"] | None,
    typer.Option("--context", help="How circumstances act on choice."),
]
_Boredom = Annotated[float | None, typer.Option("--boredom", help="Penalty for songs played recently.")]
_Exposure = Annotated[bool, typer.Option("--exposure", help="People choose among songs shown to them.")]
_HiddenMood = Annotated[
    float | None, typer.Option("--hidden-mood", help="Share of events whose mood the log does not tell.")
]
_Collinear = Annotated[bool, typer.Option("--collinear", help="Add a field that nearly copies another.")]
_Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any other setting; see penchant show-config music."),
]
_Format = Annotated[Literal["csv", "parquet"], typer.Option("--format", help="Of the tables.")]
_Truth = Annotated[bool, typer.Option("--truth/--no-truth", help="Measure how good a ranking can be in this world.")]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        epilog="Example: penchant simulate --out music\n\n"
        "Example: penchant simulate --people 500 --songs 400 --context interacting --set b_mood=2 --out music"
    )(simulate)


def simulate(
    out: _Out,
    people: _People = None,
    songs: _Songs = None,
    plays: _Plays = None,
    seed: Seed = 7,
    context: _Context = None,
    boredom: _Boredom = None,
    exposure: _Exposure = False,
    hidden_mood: _HiddenMood = None,
    collinear: _Collinear = False,
    assignments: _Assignments = None,
    form: _Format = "csv",
    truth: _Truth = True,
    as_json: AsJson = False,
) -> None:
    """Makes a music service whose truth is known: events, users, items, and the true cause of every play.

    The ceilings tell what share of the optimum is in reach of somebody who knows
    everything but a part of the context.
    """
    from penchant.data.sources.music import MusicSettings, write
    from penchant.data.sources.music import simulate as make

    values = given(
        {"n_people": people, "n_songs": songs, "n_plays": plays, "seed": seed, "context": context, "boredom": boredom,
         "hidden_mood": hidden_mood, "exposure": exposure or None, "collinear": collinear or None}
    )  # fmt: skip
    asked = MusicSettings.parse({**values, **settings(assignments)}, "music")
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file; --out names the folder to write")
    with Terminal(bars=not as_json) as reporter:
        reporter.progress("music: simulating", 0, 1)
        world = make(asked)
        files = write(world, out, form)
        reporter.progress("music: measuring how good a ranking can be", 0, 1)
        shares = _ceilings(world) if truth else None
    n_events = len(world.plays.at)
    if as_json:
        paths = {name: str(path) for name, path in files.items()}
        show_json({"files": paths, "n_events": n_events, "settings": asked.model_dump(mode="json"), "ceilings": shares})
        return
    show(f"{n_events:,} plays of {asked.n_people:,} people and {asked.n_songs:,} songs in {out}")
    show(f"files: {', '.join(path.name for path in files.values())}")
    if shares is not None:
        _show_ceilings(shares)
    note(f"next: penchant init {files['events']} {files['items']} {files['users']}")


def _ceilings(world: MusicWorld) -> dict[str, Any]:
    from penchant.data.sources.music import Truth, ceilings

    found = ceilings(Truth(world))
    return {"k": found.k, "mass": float(found.mass.mean()), "shares": found.means()}


def _show_ceilings(found: dict[str, Any]) -> None:
    from penchant.cli.tables import table

    show(
        f"the best list of {found['k']} holds the next song with probability {found['mass']:.3f}; share of it in reach:"
    )
    made = table("who ranks", "share of optimum>")
    for name, share in found["shares"].items():
        made.add(name.replace("_", " "), f"{100 * share:.1f} %")
    show(made.rich)
