"""Composite models under evaluation: settings for each member, and the questions that weights are learned from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.errors import BadData
from penchant.evaluate.protocol import Protocol, Stage
from penchant.evaluate.selection import select
from penchant.evaluate.tasks import make_task
from penchant.models.base import Model
from penchant.models.panel import PanelConfig
from penchant.train.run import Run


def with_members(
    model: type[Model],
    given: Mapping[str, Any],
    data: Dataset,
    protocol: Protocol,
    run: Run,
    *,
    budget: int,
    cut: int = 0,
    stage: Stage = "valid",
) -> dict[str, Any]:
    """The given settings with those of each member chosen by itself, `budget` trials a member; as they are for other models.

    A member with settings in ``member_settings`` keeps them.
    """
    config = model.config_class().parse(given, model.name())
    if not isinstance(config, PanelConfig) or budget < 2:
        return dict(given)
    settings = dict(config.member_settings)
    for label, (member, _) in config.member_configs(model.name()).items():
        if label not in settings:
            settings[label] = _chosen(member, data, protocol, run, budget, cut, stage)
    return {**given, "member_settings": settings}


def _chosen(
    member: type[Model], data: Dataset, protocol: Protocol, run: Run, budget: int, cut: int, stage: Stage
) -> dict[str, Any]:
    try:
        found = select(member, {}, data, protocol, run, budget=budget, cut=cut, stage=stage).config
    except BadData:
        # it cannot be fitted on this log: the panel will say so and go on without it
        return {}
    usual = member.config_class()().model_dump(mode="json")
    return {key: value for key, value in found.model_dump(mode="json").items() if value != usual[key]}


def rehearsed(model: type[Model], data: Dataset, protocol: Protocol, cut: int = 0) -> Task | None:
    """The validation questions for a model that learns from them, None for others and where there are none."""
    if not model.rehearses:
        return None
    try:
        return make_task(data, protocol, "valid", cut)
    except BadData:
        return None
