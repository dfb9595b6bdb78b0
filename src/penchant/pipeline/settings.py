"""Settings of the request path, read from TOML; each component declares its own in its own file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import SerializeAsAny, field_validator, model_validator

from penchant.config import Config, read_toml, setting
from penchant.data.schema import Schema
from penchant.errors import BadConfig, UnknownName
from penchant.pipeline.course import Failed, unheard
from penchant.pipeline.fallback import Fallback, FallbackConfig
from penchant.pipeline.pipeline import FEW, Pipeline
from penchant.pipeline.rankers import ModelRanker
from penchant.pipeline.rerankers.cap import Cap, CapConfig
from penchant.pipeline.rerankers.explore import Explore, ExploreConfig
from penchant.pipeline.rerankers.mmr import Mmr, MmrConfig
from penchant.pipeline.retrievers.fresh import FreshConfig, FreshItems
from penchant.pipeline.retrievers.model import ByModel, ByModelConfig
from penchant.pipeline.retrievers.own import OwnConfig, OwnRepeats
from penchant.pipeline.retrievers.popular import ByPopularity, PopularConfig
from penchant.pipeline.stages import Reranker, Retriever

RETRIEVERS: Mapping[str, tuple[type[Config], type[Any]]] = {
    "model": (ByModelConfig, ByModel),
    "popular": (PopularConfig, ByPopularity),
    "own": (OwnConfig, OwnRepeats),
    "fresh": (FreshConfig, FreshItems),
}
"""Name in a settings file -> its settings and the class that is built from them."""

RERANKERS: Mapping[str, tuple[type[Config], type[Any]]] = {
    "mmr": (MmrConfig, Mmr),
    "cap": (CapConfig, Cap),
    "explore": (ExploreConfig, Explore),
}


class PipelineConfig(Config):
    """Settings of the request path. By default the list is that of the model."""

    retrieve: tuple[SerializeAsAny[Config], ...] = setting(
        (ByModelConfig(), PopularConfig(), OwnConfig(), FreshConfig()), "what proposes items"
    )
    rank: Literal["model"] = setting("model", "what scores them")
    rerank: tuple[SerializeAsAny[Config], ...] = setting((), "what orders them, one after the other")
    few: float = setting(
        FEW, "share of the catalogue below which all allowed items are scored, and none retrieved", ge=0, le=1
    )
    fallback: FallbackConfig = setting(FallbackConfig(), "what is shown when nothing is left")

    @field_validator("retrieve")
    @classmethod
    def _something_proposes(cls, retrieve: tuple[Config, ...]) -> tuple[Config, ...]:
        if not retrieve:
            raise ValueError("expected at least one retriever")
        return retrieve

    @model_validator(mode="after")
    def _exploration_comes_last(self) -> Self:
        if any(isinstance(one, ExploreConfig) for one in self.rerank[:-1]):
            raise ValueError("rerank: explore must come last; what follows would change the places it logs")
        return self

    @classmethod
    def parse(cls, values: Mapping[str, Any], where: str = "") -> Self:
        """Builds the settings from plain values; see `Config.parse`. Names after `use` are looked up here."""
        made = dict(values)
        for field, kind, known in (("retrieve", "retriever", RETRIEVERS), ("rerank", "reranker", RERANKERS)):
            if field in made:
                made[field] = _components(made[field], field, kind, known, where)
        return super().parse(made, where)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads a settings file; raises UnknownName or BadConfig that names file and key."""
        return cls.parse(read_toml(path), str(path))

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that change with any setting, and with nothing else."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def check(self, schema: Schema, where: str = "") -> None:
        """Raises UnknownName or BadConfig when a component needs an attribute that the schema does not declare."""
        for i, one in enumerate(self.rerank):
            if isinstance(one, CapConfig | MmrConfig):
                one.check(schema, _place(where, f"rerank[{i}]"))


def build_pipeline(config: PipelineConfig | None = None, *, failed: Failed = unheard) -> Pipeline:
    """The request path with these settings; `failed` hears of stages that fail."""
    settings = config or PipelineConfig()
    retrievers: list[tuple[Retriever, int]] = []
    for one in settings.retrieve:
        _, made = RETRIEVERS[_use(one)]
        retrievers.append((made(one), getattr(one, "n", 1)))
    rerankers: list[Reranker] = [RERANKERS[_use(one)][1](one) for one in settings.rerank]
    return Pipeline(
        retrievers=tuple(retrievers),
        ranker=ModelRanker(),
        rerankers=tuple(rerankers),
        fallback=Fallback(settings.fallback),
        few=settings.few,
        failed=failed,
        key=settings.key,
    )


def _use(config: Config) -> str:
    return str(getattr(config, "use", ""))


def _components(
    listed: Any, field: str, kind: str, known: Mapping[str, tuple[type[Config], type[Any]]], where: str
) -> tuple[Config, ...]:
    if not isinstance(listed, list | tuple):
        raise BadConfig(f"{_place(where, field)}: expected a list of tables such as [[{field}]], got {listed!r}")
    made: list[Config] = []
    for i, one in enumerate(listed):
        place = _place(where, f"{field}[{i}]")
        if isinstance(one, Config):
            made.append(one)
            continue
        if not isinstance(one, Mapping) or not isinstance(one.get("use"), str):
            raise BadConfig(f"{place}.use: missing; give it one of {', '.join(sorted(known))}")
        if one["use"] not in known:
            raise UnknownName(kind, one["use"], known, f"{place}.use")
        made.append(known[one["use"]][0].parse(one, place))
    return tuple(made)


def _place(where: str, key: str) -> str:
    return f"{where}: {key}" if where else key
