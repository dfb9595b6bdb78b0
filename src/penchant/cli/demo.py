"""`penchant demo`: the whole idea in a minute, on a simulated music service or on real MovieLens files."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from penchant.cli.log_rows import show_rows
from penchant.cli.options import AsJson, Seed
from penchant.cli.output import note, results, show, show_json
from penchant.cli.progress import Terminal
from penchant.cli.tables import report_table, verdicts
from penchant.errors import UserError

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset
    from penchant.evaluate.report import Report
    from penchant.log import Reporter
    from penchant.models.base import Model

MODELS = ("popular", "repeats", "itemknn", "markov", "ease")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: penchant demo\n\nExample: penchant demo --data movielens ml-1m")(demo)


def demo(
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="Folder of the MovieLens files.", show_default=False)
    ] = None,
    data: Annotated[Literal["music", "movielens"], typer.Option("--data", help="Which log.")] = "music",
    people: Annotated[int, typer.Option("--people", min=60, help="People of the simulated service.")] = 600,
    trials: Annotated[int, typer.Option("--trials", min=1, help="Settings tried for each model.")] = 8,
    seed: Seed = 7,
    as_json: AsJson = False,
) -> None:
    """Measures five simple models on a log, then asks the best one about one person in two moments."""
    begun = time.monotonic()
    if path is not None and data != "movielens":
        raise UserError("demo: PATH goes with --data movielens")
    # with --json the story is an aside, and the object alone goes to standard output
    with redirect_stdout(sys.stderr if as_json else sys.stdout):
        told = _movielens(path, trials, seed) if data == "movielens" else _music(people, trials, seed)
        _farewell(time.monotonic() - begun)
    if as_json:
        show_json(told)


def _music(people: int, trials: int, seed: int) -> dict[str, Any]:
    from penchant.cli.demo_moments import show_two_moments
    from penchant.data.files import read_dataset
    from penchant.data.sources.known import music_schema
    from penchant.data.sources.music import MusicSettings, simulate

    headline("1. A log")
    settings = MusicSettings(n_people=people, n_songs=400, n_plays=80, n_artists=80, seed=seed)
    world = simulate(settings)
    frames = world.tables()
    log = read_dataset(frames["events"], users=frames["users"], items=frames["items"], schema=music_schema())
    show(
        f"A simulated music service: {people} people, {log.n_items} songs, {len(log):,} plays in {settings.n_days} days, each "
        "with its time, place and mood. Nobody's real data; and because it is simulated, the truth is known."
    )
    show_rows(log, 4)
    report = _measured(log, trials, seed, None)
    headline("3. One person, two moments")
    return {"report": report.as_json(), **show_two_moments(world, log, *best_model(log, report, seed))}


def _movielens(path: Path | None, trials: int, seed: int) -> dict[str, Any]:
    from penchant.cli.demo_moments import show_two_times
    from penchant.data.sources.movielens import read_movielens

    if path is None:
        raise UserError("demo: name the folder of the MovieLens files: penchant demo --data movielens PATH")
    headline("1. A log")
    log = read_movielens(path)
    show(f"MovieLens: {log.n_users:,} people, {log.n_items:,} films, {len(log):,} ratings.")
    show_rows(log, 4)
    report = _measured(log, trials, seed, 200)
    headline("3. One person, two moments")
    return {"report": report.as_json(), **show_two_times(log, *best_model(log, report, seed))}


def headline(text: str) -> None:
    """A heading with air above it."""
    from rich.text import Text

    console = results()
    console.print()
    console.print(Text(text, style="bold"))


def _measured(log: Dataset, trials: int, seed: int, sample_people: int | None) -> Report:
    from penchant.evaluate.children import Effort
    from penchant.evaluate.protocol import Protocol
    from penchant.evaluate.run import evaluate

    headline("2. How good can simple models be?")
    show(
        "Replay: the models are frozen after nine tenths of the log. Then later events come one by one; before each, a model "
        "ranks every item, knowing only what happened strictly earlier. Live: the person's history grows with the test events; "
        "frozen: it ends at the cut. What is the ranking worth (ndcg@10), with its 95 % interval over people?"
    )
    note(
        f"choosing settings on validation, then fitting and asking {', '.join(MODELS)}: each in a process of its own ..."
    )
    with Terminal() as reporter:
        report = evaluate(
            log,
            MODELS,
            Protocol(k=(10,), sample_people=sample_people),
            effort=Effort(budget=trials, jobs=2, seed=seed),
            reporter=_Spoken(reporter),
        )
    show(report_table(report.as_json()))
    for sentence in _telling(verdicts(report.as_json())):
        show(sentence)
    return report


def _telling(sentences: Sequence[str]) -> list[str]:
    """The verdicts between neighbours in the table would be too many to read: those against popularity."""
    return [f"  {sentence}" for sentence in sentences if sentence.startswith("popular ")]


class _Spoken:
    """Says once when a model is being fitted and asked, so that a log without bars shows life too."""

    def __init__(self, inner: Reporter) -> None:
        self.inner, self.said = inner, set[str]()

    def note(self, text: str) -> None:
        self.inner.note(text)

    def progress(self, task: str, done: int, total: int) -> None:
        model = task.partition(":")[0]
        if model not in self.said:
            self.said.add(model)
            self.inner.note(f"  {model} ...")
        self.inner.progress(task, done, total)


def best_model(log: Dataset, report: Report, seed: int) -> tuple[Model, str]:
    """The live model with the highest mean, fitted on everything with the settings that validation chose, and why."""
    from penchant.registry import model_class
    from penchant.train.run import Run

    rows = [row for row in report.rows if row["history"] == "live"]
    best: Mapping[str, Any] = max(rows, key=lambda row: row["metrics"][report.protocol["primary"]]["mean"])
    chosen = model_class(best["model"])
    model: Model = chosen(chosen.config_class().parse(best["settings"])).fit(log, run=Run(seed=seed))
    return (
        model,
        f"{best['model']}, the best of the table, now fitted on the whole log with the settings validation chose",
    )


def _farewell(seconds: float) -> None:
    headline("Your turn")
    show("penchant validate YOUR_LOG.csv                              what is in it, what is broken")
    show("penchant init YOUR_LOG.csv                                  writes penchant.toml: what the columns mean")
    show("penchant evaluate YOUR_LOG.csv --models popular,repeats,itemknn,markov --json report.json")
    show("penchant train YOUR_LOG.csv --model itemknn --out model")
    show("penchant recommend model --user SOMEBODY                    (without an environment: ./run penchant ...)")
    note(f"\nthat took {seconds:.0f} seconds")
