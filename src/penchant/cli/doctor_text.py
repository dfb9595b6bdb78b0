"""A ledger on a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from penchant.cli.doctor_words import FOUND, NDCG, cannot_tell, curves, method
from penchant.cli.output import show
from penchant.cli.tables import PlainTable, table
from penchant.evaluate.ledger.verdicts import number, signed

if TYPE_CHECKING:
    from rich.console import Console

    from penchant.evaluate.ledger.ledger import Ledger

_WIDTH = 78


def show_ledger(ledger: Ledger, console: Console) -> None:
    """The sentences an owner wants first, then the ledger, the models, and what was done."""
    _heading(f"What the data in {ledger.data['name']} is worth", console)
    for sentence in ledger.summary:
        _paragraph(sentence, console)
    _paragraph(f"ndcg@20 {NDCG}", console)
    _heading("The ledger: what ndcg@20 loses without each kind of data", console)
    show(_worths(ledger).rich, console)
    for line in ledger.worths:
        _paragraph(f"{line.name}: {line.verdict}.", console, hang=2)
    for (heading, about, so), points in zip(
        curves(ledger), (ledger.freshness, ledger.depth, ledger.growth), strict=True
    ):
        if not points:
            continue
        figures = ", ".join(f"{point.label} {number(point.mean)}" for point in points)
        _paragraph(f"{heading} {about} {figures}. {so}".rstrip(), console, hang=2)
    _heading("The models", console)
    show(_models(ledger).rich, console)
    _heading("What was done", console)
    for sentence in (*ledger.sampled, *method(ledger)):
        _paragraph(sentence, console)
    for name, why in ledger.left_out.items():
        _paragraph(f"Left out: {name}: {why}.", console, hang=2)
    _heading("What it cannot tell", console)
    for sentence in cannot_tell(ledger):
        _paragraph(sentence, console)


def _worths(ledger: Ledger) -> PlainTable:
    made = table("what", "worth>", "interval>", "share>", "found!")
    for line in ledger.worths:
        share = f"{100 * line.difference / ledger.base.mean:.0f} %" if ledger.base.mean > 0 else "-"
        made.add(
            line.name, signed(line.difference), f"{signed(line.low)} {signed(line.high)}", share, FOUND[line.found]
        )
    return made


def _models(ledger: Ledger) -> PlainTable:
    made = table("model!", "ndcg@20>", "95 %|interval>", "fit|CPU s>", "answers /|CPU s>", "")
    for row in ledger.models:
        mark = "cheapest within 5 %" if row.name == ledger.cheapest else "within 5 %" if row.within else ""
        made.add(
            row.name,
            number(row.mean, 4),
            f"{number(row.low, 4)} {number(row.high, 4)}",
            f"{row.fit_cpu_seconds:.1f}",
            f"{row.answers_per_cpu_second:,.0f}",
            mark,
        )
    return made


def _heading(text: str, console: Console) -> None:
    from rich.text import Text

    console.print()
    console.print(Text(text, style="bold"))


def _paragraph(text: str, console: Console, hang: int = 0) -> None:
    clean = "".join(c if c.isprintable() else "?" for c in text)
    lines = textwrap.wrap(clean, _WIDTH, subsequent_indent=" " * hang, break_on_hyphens=False) or [""]
    show("\n".join(lines), console)
