"""How lists are made, kept under a key, so that one of the past is made again as it was, whatever the settings are now."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Self

from penchant.errors import UnknownName
from penchant.pipeline.course import Failed
from penchant.pipeline.pipeline import Pipeline
from penchant.pipeline.settings import PipelineConfig, build_pipeline
from penchant.service.settings import ServiceConfig
from penchant.store.protocol import Store

_TEXT = "pipeline:"
"""What the texts that hold settings are called; the key follows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Way:
    """All settings that a list depends on.

    Attributes:
        key: twelve hexadecimal digits that change with any of them.
        history_events, suspicion: see `ServiceConfig`.
    """

    key: str
    pipeline: Pipeline
    history_events: int
    suspicion: float

    @classmethod
    def begun(cls, store: Store, pipeline: PipelineConfig, config: ServiceConfig, failed: Failed) -> Self:
        """The way of these settings, which the store keeps from now on."""
        settings = {
            "pipeline": pipeline.model_dump(mode="json"),
            "history_events": config.history_events,
            "suspicion": config.suspicion,
        }
        text = json.dumps(settings, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:12]
        store.keep_text(f"{_TEXT}{key}", text)
        return cls(
            key=key, pipeline=build_pipeline(pipeline, failed=failed), history_events=config.history_events,
            suspicion=config.suspicion,
        )  # fmt: skip

    @classmethod
    def kept(cls, store: Store, key: str, failed: Failed) -> Self:
        """The way that was kept under a key; raises UnknownName."""
        text = store.text(f"{_TEXT}{key}")
        if text is None:
            raise UnknownName("request path", key, ())
        found = json.loads(text)
        return cls(
            key=key, pipeline=build_pipeline(PipelineConfig.parse(found["pipeline"]), failed=failed),
            history_events=found["history_events"], suspicion=found["suspicion"],
        )  # fmt: skip
