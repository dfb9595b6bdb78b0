"""The settings of one run: what is not a hyper-parameter of a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from penchant.log import SILENT, Reporter

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")
"""Environment variables that say how many threads one computation of a child process takes."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a model is fitted.

    Attributes:
        seed: seed of every random draw of the fit, >= 0.
        reporter: hears the progress.
        checkpoints: where a net in training keeps what the same fit goes on from after it was stopped; None: nowhere.
        checkpoint_every: seconds between two checkpoints, >= 0; at the end of a pass a tenth is enough. 0: after each step.
    """

    seed: int = 7
    reporter: Reporter = SILENT
    checkpoints: Path | None = None
    checkpoint_every: float = 300.0
