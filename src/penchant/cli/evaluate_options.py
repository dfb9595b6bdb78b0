"""The options of `penchant evaluate` and `tune`; what they mean is said in `penchant.evaluate.protocol`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from penchant.cli.options import given

if TYPE_CHECKING:
    from penchant.evaluate.protocol import Protocol

Models = Annotated[
    str,
    typer.Option(
        "--models",
        metavar="A,B=TOML,...",
        show_default=False,
        help="Models side by side. NAME=FILE takes settings from a TOML file; its key model makes NAME a mere label.",
    ),
]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", metavar="MODEL.KEY=VALUE", help="A setting that stays as given; repeat.")
]
ProtocolName = Annotated[
    Literal["replay", "time", "last", "column", "users", "cold", "ctr", "rating"],
    typer.Option(
        "--protocol",
        help="Which questions are asked; ctr and rating ask for the labels of rows (0 or 1, any value).",
    ),
]
TestShare = Annotated[
    float | None, typer.Option("--test-share", help="Share of the newest events that are test. Default: 0.1.")
]
SplitColumn = Annotated[
    str | None, typer.Option("--split-column", metavar="NAME", help="Published split: train, valid, test rows.")
]
OrderColumn = Annotated[
    str | None, typer.Option("--order-column", metavar="NAME", help="Order of the events of a person.")
]
Per = Annotated[
    Literal["event", "person", "auto"],
    typer.Option(
        "--per",
        help="Protocol column: a question for each test event, or one list for each person. "
        "auto: person where the log has neither times nor an order.",
    ),
]
Core = Annotated[
    int | None,
    typer.Option(
        "--core", min=1, metavar="N",
        help="Protocol column without valid rows: the log was thinned to people and items with N events before it was split.",
    ),
]  # fmt: skip
TestFile = Annotated[
    Path | None,
    typer.Option(
        "--test",
        metavar="FILE",
        help="A second log, later than EVENTS, that is the test; or published pasts, each with a target "
        "(columns prefix and target, protocol column).",
    ),
]
KeepShare = Annotated[
    float | None,
    typer.Option("--keep-share", help="Show the models only this share of the events (replay); all stay masked."),
]
GivenShare = Annotated[
    float | None,
    typer.Option(
        "--given-share",
        help="Protocol users: give this share of each unseen person's items; the others are the targets.",
    ),
]
GivenWhich = Annotated[
    Literal["drawn", "oldest"],
    typer.Option("--given-which", help="Which items make that share: drawn by the seed, or the oldest."),
]
Cuts = Annotated[int | None, typer.Option("--cuts", min=1, help="Rolling cuts (protocol time).")]
RequestTime = Annotated[
    Literal["event", "split", "none"] | None,
    typer.Option("--request-time", help="Which time the models are told. Default: as the protocol says."),
]
Repeats = Annotated[
    Literal["allow", "exclude", "auto"],
    typer.Option("--repeats", help="May items of the history come again? auto: as the schema says."),
]
Targets = Annotated[
    str | None,
    typer.Option("--targets", metavar="KIND,...", help="Event kinds that are targets. Default: those of the schema."),
]
Lengths = Annotated[str, typer.Option("-k", "--k", metavar="K,...", help="Lengths of the lists that are judged.")]
SamplePeople = Annotated[
    int | None, typer.Option("--sample-people", min=1, metavar="N", help="Ask only N people, drawn by the seed.")
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Models measured side by side.")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Threads of all jobs together.")]
Slices = Annotated[bool, typer.Option("--slices", help="Also print slices: new people, new items, long histories.")]
JsonOut = Annotated[
    str | None, typer.Option("--json", metavar="OUT", help="Write the whole report as JSON; - is standard output.")
]


def asked_protocol(**values: Any) -> Protocol:
    """The protocol with the values that were said; None takes the default. Raises BadConfig."""
    from penchant.evaluate.protocol import Protocol

    return Protocol.parse(given(values), "protocol")
