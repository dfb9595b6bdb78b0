"""What is read in a model's file is what importing it gives."""

from __future__ import annotations

import ast

import pytest

from penchant.cli import model_files
from penchant.cli.model_files import _Module, config_class, described, model_file
from penchant.config import search_space
from penchant.errors import MissingExtra, PenchantError, UnknownName
from penchant.registry import model_class, model_names


@pytest.mark.parametrize("name", model_names())
def test_reading_gives_what_importing_gives(name):
    read = model_file(name)
    try:
        model = model_class(name)
    except MissingExtra as missing:
        pytest.skip(str(missing))
    real = model.config_class()
    assert list(read.config.model_fields) == list(real.model_fields)
    for key, field in real.model_fields.items():
        mine = read.config.model_fields[key]
        assert (mine.default, mine.annotation, mine.metadata) == (field.default, field.annotation, field.metadata), key
        assert (mine.description, mine.json_schema_extra) == (field.description, field.json_schema_extra), key
        assert search_space(read.config, key) == search_space(real, key)
    for ability in ("scores_unseen", "contributions", "query_vectors", "updated", "rehearses", "_fit"):
        assert bool(read.defined.get(ability)) == bool(getattr(model, ability, False)), ability


def test_an_unknown_model_offers_the_nearest():
    with pytest.raises(UnknownName, match='Did you mean "ease"'):
        described("eaze")
    with pytest.raises(UnknownName):
        described("base")


def test_a_model_of_another_package_is_imported(monkeypatch):
    ease = model_class("ease")
    monkeypatch.setattr(model_files, "model_names", lambda: ("foreign",))
    monkeypatch.setattr(model_files, "model_class", lambda name: ease)
    found = described("foreign")
    assert found.config is ease.config_class()
    assert found.about.startswith("EASE: ") and found.defined["scores_unseen"] is False


def test_the_shared_settings_are_a_config_too():
    assert list(config_class("penchant.models.model_config", "ModelConfig").model_fields)[0] == "popularity_behind"


@pytest.mark.parametrize("text", ["1 + 1", "setting(len('a'))", "open('a')", "[x for x in (1, 2)]", "nothing"])
def test_other_declarations_are_refused(text):
    module = _Module("penchant.models.made", ast.parse(""))
    with pytest.raises(PenchantError):
        module.value(ast.parse(text, mode="eval").body)
