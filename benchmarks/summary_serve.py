"""The live service in one table: what was wanted of each row, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def serve_section(results: Sequence[Mapping[str, Any]]) -> str:
    """One table in Markdown of all rows of `benchmarks.serve`; nothing without one."""
    if not results:
        return ""
    machine = results[0]["machine"]
    title = f"## serve\n\n`penchant serve` as a child process, load from another process; {machine['cores']} cores, "
    title += (
        f"{machine['processor']}. Medians of the runs that stand in `serve-ROW.json`; see `benchmarks/serve.py`.\n\n"
    )
    lines = ["| row | figure | found | wanted | | made at |", "|---|---|---|---|---|---|"]
    for result in results:
        made = result["made_by"]["commit"]
        for name, told in result["figures"].items():
            verdict = "reached" if told["reached"] else "missed"
            lines.append(
                f"| {result['row']} | {name} | {told['found']:.4g} | {told['wanted']} | {verdict} | `{made}` |"
            )
    return title + "\n".join(lines) + "\n"
