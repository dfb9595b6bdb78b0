"""The settings of one run: what is not a hyper-parameter of a model."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.log import SILENT, Reporter


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a model is fitted.

    Attributes:
        seed: seed of every random draw of the fit, >= 0.
        reporter: hears the progress.
    """

    seed: int = 7
    reporter: Reporter = SILENT
