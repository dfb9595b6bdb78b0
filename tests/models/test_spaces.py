"""Where tune searches each model: every declared space can be used as it stands."""

from __future__ import annotations

import pytest

from penchant.config import Between, search_space
from penchant.registry import model_class, model_names


@pytest.mark.parametrize("name", model_names())
def test_every_space_lies_within_the_limits_of_its_setting(name: str) -> None:
    config = model_class(name).config_class()
    searched = 0
    for key in config.model_fields:
        space = search_space(config, key)
        values = (space.low, space.high, *space.also) if isinstance(space, Between) else space
        for value in values:
            assert getattr(config.parse({key: value}), key) == value, key
        if isinstance(space, Between):
            assert space.low < space.high and (space.low > 0 or not space.log), key
        searched += bool(values)
    assert searched >= 3
