"""The table of an evaluation fits a terminal and says what the report says."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from penchant.cli.tables import report_table, slices_table, table, verdicts


def value(mean: float, n: int = 50) -> dict[str, Any]:
    """A metric with an interval of a hundredth on each side."""
    return {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "n": n}


def row(model: str, history: str, *, repeated: bool) -> dict[str, Any]:
    """A row of a report with the figures that the table shows."""
    metrics = {"ndcg@20": value(0.0891), "hit@20": value(0.25)}
    if history == "live":
        metrics["coverage@20"] = {"mean": 0.123, "low": None, "high": None, "n": 1}
    costs = {"fit_cpu_seconds": 1234.5, "recommend_per_cpu_second": 12345.0}
    fresh = {"new_only": {"ndcg@20": value(0.0501)}} if repeated else {}
    return {
        "model": model,
        "history": history,
        "metrics": metrics,
        "slices": {"history 0": value(0.5, 3)},
        **costs,
        **fresh,
    }


def report(*models: str, repeated: bool = True) -> dict[str, Any]:
    """A report of these models, live and frozen."""
    rows = [row(model, history, repeated=repeated) for model in models for history in ("live", "frozen")]
    compared = {
        "a": "popular", "b": "ease", "metric": "ndcg@20", "history": "live", "difference": -0.0312, "low": -0.04,
        "high": 0.002, "verdict": "not distinguishable",
    }  # fmt: skip
    return {"protocol": {"primary": "ndcg@20"}, "rows": rows, "comparisons": [compared]}


def shown(thing: Any, width: int = 80) -> list[str]:
    """The lines of a table as a terminal of this width shows them."""
    out = io.StringIO()
    Console(file=out, width=width, markup=False).print(thing)
    return out.getvalue().splitlines()


def test_a_row_stands_on_one_line_in_80_columns() -> None:
    lines = shown(report_table(report("popular", "ease", "a-label-of-24-characters")))
    assert max(map(len, lines)) <= 80
    assert sum("live" in line for line in lines) == 3
    popular = next(line for line in lines if "popular" in line).split()
    assert popular == ["popular", "live", ".0891", ".0791", ".0991", ".250", ".0501", "12", "%", "1234", "12,345"]
    frozen = lines[lines.index(next(line for line in lines if "popular" in line)) + 1].split()
    assert frozen == ["frozen", ".0891", ".0791", ".0991", ".250", ".0501"]


def test_the_column_of_new_items_is_there_only_where_repeats_are() -> None:
    assert "only" in "".join(shown(report_table(report("popular"))))
    assert "only" not in "".join(shown(report_table(report("popular", repeated=False))))


def test_verdicts_are_sentences() -> None:
    sentence = "popular against ease, live: not distinguishable (ndcg@20 -.0312 [-.0400, +.0020])"
    assert verdicts(report("popular", "ease")) == [sentence]


def test_slices_of_few_people_have_no_interval() -> None:
    assert "too few" in "".join(shown(slices_table(report("popular"))))


def test_cells_are_plain_text() -> None:
    made = table("title")
    made.add("[bold]\x1b[2J a")
    assert "[bold]?[2J a" in "".join(shown(made.rich))


def test_a_figure_that_does_not_fit_says_so() -> None:
    made = table("model!", "asks / CPU s>")
    made.add("a model with a name", "123,456")
    line = shown(made.rich, width=14)[-2].rstrip()
    # three spaces' worth of room: "123,456" must not become "123," as if it were whole
    assert line.endswith("\N{HORIZONTAL ELLIPSIS}")
