"""Plain tables that stay readable in 80 columns, and the table and sentences of an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

Row = Mapping[str, Any]

_LABEL_WIDTH = 12
_ENOUGH_PEOPLE = 10
"""An interval over fewer people says nothing."""


@dataclass(frozen=True)
class PlainTable:
    """A table whose cells are plain text: nothing in a title or an id is taken for markup."""

    rich: Table

    def add(self, *cells: str) -> None:
        """Adds a row."""
        from rich.text import Text

        self.rich.add_row(*(Text("".join(c if c.isprintable() or c == "\n" else "?" for c in cell)) for cell in cells))


def table(*headers: str, title: str | None = None) -> PlainTable:
    """An empty table.

    Args:
        headers: ``>`` at the end aligns a column to the right, ``!`` keeps its words whole, ``|`` breaks the header's line.
    """
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", padding=(0, 1, 0, 0), pad_edge=False)
    for header in headers:
        right = header.endswith(">")
        made.add_column(
            header.rstrip(">!").replace("|", "\n"),
            justify="right" if right else "left",
            no_wrap=right or header.endswith("!"),
            # a figure that was cut without a sign would be another figure
            overflow="ellipsis" if right or header.endswith("!") else "fold",
        )
    return PlainTable(made)


def report_table(report: Mapping[str, Any]) -> Table:
    """One row a model and history: the primary metric with its interval, hit rate, coverage, cost."""
    primary = report["protocol"]["primary"]
    k = primary.rpartition("@")[2]
    rows: Sequence[Row] = report["rows"]
    repeated = any(row.get("new_only") for row in rows)
    cuts = any("cut" in row for row in rows)
    headers = ["model!", "history|and cut!" if cuts else "history!", f"{primary}>", "95 %|interval>", f"hit|@{k}>"]
    headers += [*(["new|only>"] if repeated else []), f"cover|@{k}>", "fit|CPU s>", "asks /|CPU s>"]
    made = table(*headers)
    # the figures need the width: a long label is cut
    made.rich.columns[0].max_width = _LABEL_WIDTH
    before: tuple[Any, Any] | None = None
    for row in rows:
        same = before == (row["model"], row.get("cut"))
        before = (row["model"], row.get("cut"))
        made.add(*_cells(row, primary, k, repeated=repeated, same=same))
    return made.rich


def _cells(row: Row, primary: str, k: str, *, repeated: bool, same: bool) -> Iterator[str]:
    metrics = row["metrics"]
    yield "" if same else str(row["model"])
    yield f"{row['history']} {row['cut']}" if "cut" in row else str(row["history"])
    yield figure(metrics[primary]["mean"])
    yield f"{figure(metrics[primary]['low'])} {figure(metrics[primary]['high'])}"
    yield figure(metrics[f"hit@{k}"]["mean"], 3)
    if repeated:
        yield figure(row.get("new_only", {}).get(primary, {}).get("mean"))
    # what belongs to the model and not to its history stands once
    coverage = metrics.get(f"coverage@{k}", {}).get("mean")
    yield "" if coverage is None else f"{100 * coverage:.0f} %"
    spent = row["fit_cpu_seconds"]
    yield "" if same else f"{spent:.1f}" if spent < 100 else f"{spent:.0f}"
    yield "" if same else f"{row['recommend_per_cpu_second']:,.0f}"


def slices_table(report: Mapping[str, Any]) -> Table:
    """The primary metric in each slice of the questions."""
    made = table("model!", "history!", "slice", "people>", f"{report['protocol']['primary']}>", "95 %|interval>")
    for row in report["rows"]:
        for name, value in row["slices"].items():
            enough = value["n"] >= _ENOUGH_PEOPLE
            interval = f"{figure(value['low'])} {figure(value['high'])}" if enough else "too few"
            made.add(str(row["model"]), str(row["history"]), name, f"{value['n']:,}", figure(value["mean"]), interval)
    return made.rich


def verdicts(report: Mapping[str, Any]) -> list[str]:
    """One sentence for each pair of models."""
    sentences = []
    for one in report["comparisons"]:
        interval = f"{one['metric']} {signed(one['difference'])} [{signed(one['low'])}, {signed(one['high'])}]"
        cuts = f" in the newest cut, same sign in {one['same_sign']}" if "same_sign" in one else ""
        pair = f"{one['a']} against {one['b']}"
        sentences.append(f"{pair}, {one['history']}: {one['verdict']} ({interval}{cuts})")
    return sentences


def figure(value: float | None, digits: int = 4) -> str:
    """A share without its leading zero, as tables of this field print it.

    >>> figure(0.08912), figure(1.0), figure(None), figure(-0.5, 2)
    ('.0891', '1.0000', '-', '-.50')
    """
    if value is None:
        return "-"
    return f"{value:.{digits}f}".replace("-0.", "-.") if value < 0 else f"{value:.{digits}f}".removeprefix("0")


def signed(value: float | None) -> str:
    """A difference with its sign.

    >>> signed(0.0312), signed(-0.5)
    ('+.0312', '-.5000')
    """
    return "-" if value is None else ("+" if value >= 0 else "") + figure(value)


def tuned_table(models: Sequence[Row]) -> PlainTable:
    """One row a model that was tuned: its value before and after on validation, the gain with its interval, the effort."""
    made = table("model!", "defaults>", "tuned>", "gain>", "95 %|interval>", "trials>", "pruned>", "CPU s>")
    made.rich.columns[0].max_width = _LABEL_WIDTH
    for one in models:
        gain = one["gain"]
        between = "" if gain is None else f"{signed(gain['low'])} {signed(gain['high'])}"
        refused = f" ({one['refused']} refused)" if one["refused"] else ""
        made.add(
            str(one["label"]), figure(one["default_value"]), figure(one["value"]),
            "kept" if gain is None else signed(gain["mean"]), between,
            f"{one['n_trials']}{refused}", str(one["pruned"]), f"{one['cpu_seconds']:.0f}",
        )  # fmt: skip
    return made
