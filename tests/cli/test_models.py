"""`models` and `show-config`: everything comes from the registry and the config classes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from penchant.registry import model_class, model_names
from tests.cli.running import run


def test_every_registered_model_is_listed() -> None:
    listed = run("models", "--json").json["models"]
    assert [one["name"] for one in listed] == list(model_names())
    assert all(one["summary"] and one["settings"] for one in listed)
    popular = next(one for one in listed if one["name"] == "popular")
    assert (popular["summary"], popular["abilities"]) == ("Popularity as of the moment of the request", ["new items"])
    table = run("models").out
    assert max(map(len, table.splitlines())) <= 80


@pytest.mark.parametrize("name", model_names())
def test_show_config_tells_every_declared_setting(name: str) -> None:
    fields = model_class(name).config_class().model_fields
    told = run("show-config", name, "--json").json["settings"]
    assert [one["name"] for one in told] == list(fields)
    assert [one["meaning"] for one in told] == [field.description for field in fields.values()]
    text = run("show-config", name).out
    assert [key for key in fields if f"{key} = " not in text] == []
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("name", model_names())
def test_show_config_as_toml_is_what_evaluate_reads(name: str, tmp_path: Path) -> None:
    values = tomllib.loads(run("show-config", name, "--toml").out)
    assert values.pop("model") == name
    config = model_class(name).config_class()
    assert config.parse(values) == config()


def test_ranges_units_and_grids_are_shown() -> None:
    told = {one["name"]: one for one in run("show-config", "popular", "--json").json["settings"]}
    assert (told["half_life"]["unit"], told["half_life"]["range"], told["half_life"]["default"]) == ("days", "> 0", 7.0)
    assert (told["half_life"]["refit"], None in told["half_life"]["grid"]) == (False, True)
    assert (
        "cosine"
        in {one["name"]: one for one in run("show-config", "itemknn", "--json").json["settings"]}["similarity"]["range"]
    )


def test_protocol_and_simulator_are_explained_too() -> None:
    assert "test_share = 0.1" in run("show-config", "protocol").out
    assert "b_mood = 1.2" in run("show-config", "music").out


def test_unknown_models_offer_the_nearest() -> None:
    done = run("show-config", "eaze")
    assert (done.code, 'unknown model "eaze". Did you mean "ease"?' in done.error) == (1, True)
