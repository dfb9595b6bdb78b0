"""Members of composite models: names, labels, what cannot be fitted, and keeping them on disk."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from penchant.errors import BadConfig, UnknownName
from penchant.log import Silent
from penchant.models.blend import Blend, BlendConfig
from penchant.models.panel import Panel, PanelConfig
from penchant.train.run import Run
from tests.models.toys import tiny_log
from tests.toy import toy_dataset


class Notes(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def panel(run: Run | None = None, **settings: Any) -> Panel:
    return Panel.fitted(PanelConfig(**settings), "blend", toy_dataset(), run or Run())


def test_labels_and_settings():
    made = panel(
        members=("popular", "young=popular", "markov"),
        member_settings={"young": {"within": "group"}, "markov": {"window": 1}},
    )
    assert list(made.models) == ["popular", "young", "markov"]
    assert made.models["young"].config.within == "group"  # type: ignore[attr-defined]
    assert made.models["popular"].config.within is None  # type: ignore[attr-defined]


def test_members_do_not_carry_popularity_between_equals():
    made = panel(members=("markov", "ease"), member_settings={"ease": {"popularity_weight": 0.5}})
    assert made.models["markov"].config.popularity_behind is False
    # what validation has chosen to add stays
    assert made.models["ease"].config.popularity_behind is True


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"members": ("esae",)}, UnknownName, 'unknown model "esae". Did you mean "ease"'),
        ({"members": ("ease", "ease")}, BadConfig, '"ease" is there twice; label one of them: other=ease'),
        ({"members": ("x=blend",)}, BadConfig, "a model cannot be a member of itself"),
        (
            {"members": ("ease",), "member_settings": {"eas": {}}},
            UnknownName,
            'unknown member "eas". Did you mean "ease"',
        ),
        ({"members": ("ease",), "member_settings": {"ease": {"rge": 1}}}, UnknownName, 'unknown setting "rge".*"reg"'),
    ],
)
def test_wrong_members(settings: dict[str, Any], error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        panel(**settings)


def test_what_cannot_be_fitted_is_left_out_with_a_note():
    # content needs attributes, and this log has none
    log, notes = tiny_log("ann:a ann:b bob:a", "a b"), Notes()
    config = PanelConfig(members=("popular", "content"))
    made = Panel.fitted(config, "blend", log, Run(reporter=notes))
    assert list(made.models) == ["popular"]
    assert notes.said == [
        "blend: without content: content: expected item attributes to compare, got none; give a file of items (--items)"
    ]
    with pytest.raises(BadConfig, match="expected at least one that can be fitted on this log; content: expected item"):
        Panel.fitted(PanelConfig(members=("content",)), "blend", log, Run())


def test_packed_and_unpacked_members_say_the_same(tmp_path):
    made = Blend(members=("popular", "fresh=repeats", "markov"), pool=5).fit(toy_dataset())
    made.save(tmp_path / "m")
    again = Blend.load(tmp_path / "m")
    batch = made.encode([]).batch
    assert len(batch) == 0
    for label, model in made.panel.models.items():
        kept = again.panel.models[label]
        assert kept.config == model.config
        for key, array in model._state().items():
            assert np.array_equal(kept._state()[key], array, equal_nan=True)


def test_a_folder_keeps_the_past_that_a_member_looks_at():
    config = BlendConfig(members=("itemknn", "ease"), member_settings={"ease": {"last_n": 5000}})
    assert config.last_n == 5000
