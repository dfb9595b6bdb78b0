"""What `penchant evaluate` prints of labelled rows (protocols `ctr` and `rating`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penchant.cli.output import show
from penchant.cli.tables import figure, table, verdicts

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_SHORT = {"calibration error": "calib.|error"}
_LABEL_WIDTH = 12


def show_rows(report: Mapping[str, Any], console: Console) -> None:
    """A head, the table, a sentence for each pair, and the models that were refused."""
    protocol, data, rows = report["protocol"], report["data"], report["rows"]
    show(
        f"{data['name']}: protocol {protocol['name']}, {rows[0]['n_rows']:,} rows of {report['n_people']:,} people to "
        f"foretell, {rows[0]['train_rows']:,} to learn from; intervals over people",
        console,
    )
    if protocol["leak"]:
        show(f"This protocol {protocol['leak']}.", console)
    show(rows_table(rows), console)
    for sentence in verdicts(report):
        show(sentence, console)
    for one in report["refused"]:
        show(f"{one['model']}: not measured: {one['reason']}", console)


def rows_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """One row a model: its figures, those that verdicts are made by with their interval, and its cost."""
    names = list(rows[0]["metrics"])
    headers = ["model!"]
    for name in names:
        headers.append(f"{_SHORT.get(name, name)}>")
        if name not in _SHORT:
            headers.append("95 %|interval>")
    made = table(*headers, "fit|CPU s>", "rows /|CPU s>")
    made.rich.columns[0].max_width = _LABEL_WIDTH
    for row in rows:
        made.add(*_cells(row, names))
    return made.rich


def _cells(row: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    yield str(row["model"])
    for name in names:
        found = row["metrics"][name]
        yield figure(found["mean"])
        if name not in _SHORT:
            yield f"{figure(found['low'])} {figure(found['high'])}"
    # the mean label costs nothing
    spent = row.get("fit_cpu_seconds")
    yield "" if spent is None else f"{spent:.1f}" if spent < 100 else f"{spent:.0f}"
    yield f"{row['rows_per_cpu_second']:,.0f}" if "rows_per_cpu_second" in row else ""
