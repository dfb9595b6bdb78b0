"""Models as a command line names them: ``ease,mine=mine.toml``, and files of settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.cli.options import listed, settings_by_model
from penchant.errors import BadConfig

if TYPE_CHECKING:
    from penchant.evaluate.measuring import ModelSpec


def model_specs(models: str, assignments: list[str] | None) -> list[ModelSpec]:
    """The models in the order of the command line; a setting on the line goes before one of a file."""
    from penchant.evaluate.measuring import ModelSpec

    files = dict(_label_and_file(part) for part in listed(models))
    if not files or len(files) != len(listed(models)):
        raise BadConfig(f'--models: expected names separated by commas, each once, got "{models}"')
    on_line = settings_by_model(assignments, files)
    specs = []
    for label, file in files.items():
        name, settings = (label, {}) if file is None else read_settings(file, label)
        settings = {**settings, **on_line[label]}
        _check(name, settings, label if file is None else str(file))
        specs.append(ModelSpec(label=label, model=name, settings=settings))
    return specs


def read_settings(file: Path, model: str | None) -> tuple[str, dict[str, Any]]:
    """The model and the settings of a TOML file.

    Args:
        model: the model's name where the file has no key ``model``; None wants the file to have it.

    Raises:
        BadConfig, UnknownName: no such file, no model, or a wrong setting.
    """
    from penchant.config import read_toml
    from penchant.registry import model_names

    settings = read_toml(file)
    name = settings.pop("model", model if model in model_names() else None)
    if not isinstance(name, str):
        raise BadConfig(f'{file}: expected a line that names the model, such as model = "ease"')
    _check(name, settings, str(file))
    return name, settings


def _check(model: str, settings: Mapping[str, Any], where: str) -> None:
    from penchant.registry import model_class

    model_class(model).config_class().parse(settings, where)


def _label_and_file(part: str) -> tuple[str, Path | None]:
    label, equals, file = part.partition("=")
    return label.strip(), Path(file.strip()) if equals else None
