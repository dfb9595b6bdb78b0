"""Fitted models kept for trials that differ only in settings which act when scoring."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from penchant.config import declared
from penchant.data.dataset import Dataset
from penchant.models.base import Model, ModelConfig
from penchant.train.run import Run

KEPT_BYTES = 1_000_000_000
"""Learned arrays kept at most, the one being fitted included; a single larger model is kept alone."""

KEPT_FITS = 4
"""Fitted models kept at most."""


class Fits:
    """The fits used last, by the settings that need a fit."""

    def __init__(self, model: type[Model], train: Dataset, run: Run) -> None:
        self.model, self.train, self.run = model, train, run
        self.kept: OrderedDict[str, Model] = OrderedDict()
        self._sizes: dict[str, int] = {}

    def get(self, config: ModelConfig) -> Model:
        """A model with these settings, fitted if need be; raises what the fit raises."""
        key = _key(config)
        if key not in self.kept:
            # the next one will be about as large as the largest so far
            self._make_room(max(self._sizes.values(), default=0))
            fitted = self.model(config).fit(self.train, run=self.run)
            self.kept[key] = fitted
            self._sizes[key] = sum(array.nbytes for array in fitted._state().values())
            self._make_room(0)
        self.kept.move_to_end(key)
        base = self.kept[key]
        found = base.with_settings(**_scoring(config))
        # counted once for all that share the fit
        base.lifts = found.lifts if base.lifts is None else base.lifts
        return found

    def _make_room(self, coming: int) -> None:
        least = 0 if coming else 1
        while len(self.kept) > least and (
            sum(self._sizes.values()) + coming > KEPT_BYTES or len(self.kept) + bool(coming) > KEPT_FITS
        ):
            oldest, _ = self.kept.popitem(last=False)
            del self._sizes[oldest]


def _key(config: ModelConfig) -> str:
    return json.dumps(
        {k: v for k, v in config.model_dump(mode="json").items() if _needs_fit(config, k)}, sort_keys=True
    )


def _scoring(config: ModelConfig) -> dict[str, Any]:
    return {k: getattr(config, k) for k in type(config).model_fields if not _needs_fit(config, k)}


def _needs_fit(config: ModelConfig, name: str) -> bool:
    return bool(declared(type(config), name).get("refit", True))
