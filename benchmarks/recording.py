"""Every file in ``benchmarks/results`` is written here, with what it takes to make it again."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("numpy", "scipy", "polars", "scikit-learn")


def provenance(arguments: list[str]) -> dict[str, Any]:
    """The command, the commit (marked when files differ from it), and the versions that made a result."""
    changed = "+changes" if _git("status", "--porcelain", "--", "../src") else ""
    return {
        "command": " ".join(["python", "-m", *arguments]),
        "commit": _git("rev-parse", "--short=12", "HEAD") + changed,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
    }


def source_state() -> str:
    """The state of the package's code, the same for the same files; empty when files differ from the commit."""
    return "" if _git("status", "--porcelain", "--", "../src") else _git("rev-parse", "--short=12", "HEAD:src")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, cwd=RESULTS.parent, check=False)
    return done.stdout.strip()


def write_result(name: str, result: Mapping[str, Any], module: str) -> Path:
    """Writes ``results/NAME.json``; only whole results are written, by rename."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    text = json.dumps({"made_by": provenance([module, *sys.argv[1:]]), **result}, indent=1)
    partial = path.with_suffix(".partial")
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(path)
    return path
