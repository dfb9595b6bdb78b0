"""`penchant models` and `penchant show-config`: what there is, and what each setting means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.options import AsJson
from penchant.cli.output import note, show, show_json

if TYPE_CHECKING:
    from penchant.cli.model_files import ModelFile
    from penchant.config import Config, Space

_ABILITIES = {
    "scores_unseen": ("new items", "has an opinion about items without a single event"),
    "contributions": ("exact reasons", "its score is a sum of contributions"),
    "query_vectors": ("vectors", "can be served from an index of vectors"),
    "updated": ("updates", "takes news without a new fit"),
}
"""Attribute of a model class -> its ability in a word, and in a sentence."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(epilog="Example: penchant models")(models)
    app.command(
        "show-config",
        epilog="Example: penchant show-config ease\n\nExample: penchant show-config ease --toml > ease.toml",
    )(show_config)


def models(as_json: AsJson = False) -> None:
    """Lists the models: what each is and what it can do."""
    from penchant.cli.model_files import described
    from penchant.cli.tables import table
    from penchant.registry import model_names

    found = [_described(name, described(name)) for name in model_names()]
    if as_json:
        show_json({"models": found})
        return
    made = table("model!", "what it is", "abilities")
    for one in found:
        made.add(one["name"], one["summary"], ", ".join(one["abilities"]))
    show(made.rich)
    note("penchant show-config MODEL lists the settings of a model and says what they mean")


def show_config(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A model, or one of: protocol, music.", show_default=False)
    ],
    as_toml: Annotated[
        bool, typer.Option("--toml", help="As a TOML file that penchant evaluate --models NAME=FILE reads.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Shows every setting: default, unit, range, the values tried by itself, where tune searches, and the meaning."""
    config, about = _config_of(model)
    found = settings_of(config)
    if as_json:
        show_json({"name": model, "about": about, "settings": found})
    elif as_toml:
        show(_toml(model, found), None)
    else:
        _show_settings(about, found)


def settings_of(config: type[Config]) -> list[dict[str, Any]]:
    """All settings of a config class in plain values: name, default, unit, range, grid, search, refit, meaning."""
    from penchant.config import declared, search_space

    found = []
    for name, field in config.model_fields.items():
        extra = declared(config, name)
        found.append(
            {
                "name": name,
                "default": _plain(field.default),
                "unit": extra.get("unit", ""),
                "range": _range(field.annotation, field.metadata),
                "grid": [_plain(value) for value in extra.get("grid", ())],
                "search": _space(search_space(config, name)),
                "refit": extra.get("refit", True),
                "meaning": field.description or "",
            }
        )
    return found


def _described(name: str, model: ModelFile) -> dict[str, Any]:
    return {
        "name": name,
        "summary": _first_sentence(model.about),
        "abilities": [word for attribute, (word, _) in _ABILITIES.items() if model.defined.get(attribute)],
        "settings": list(model.config.model_fields),
    }


def _first_sentence(text: str) -> str:
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    return paragraph.rstrip(".")


def _config_of(name: str) -> tuple[type[Config], str]:
    if name == "protocol":
        from penchant.evaluate.protocol import Protocol

        return Protocol, "How a log is turned into questions (penchant evaluate)."
    if name == "music":
        from penchant.data.sources.music_settings import MusicSettings

        return MusicSettings, "The simulated music service (penchant simulate)."
    from penchant.cli.model_files import described

    found = described(name)
    return found.config, found.about


def _range(annotation: Any, metadata: list[Any]) -> str:
    """The limits of a setting in words: its choices, or its bounds."""
    from typing import Literal, get_args, get_origin

    for part in (annotation, *get_args(annotation)):
        if get_origin(part) is Literal:
            return " | ".join(str(choice) for choice in get_args(part))
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    limits = [
        f"{sign} {getattr(limit, name):g}"
        for limit in metadata
        for name, sign in signs.items()
        if getattr(limit, name, None) is not None
    ]
    return ", ".join(limits)


def _space(space: Space) -> Any:
    """A range in words, choices as a list."""
    return [_plain(value) for value in space] if isinstance(space, tuple) else str(space)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _show_settings(about: str, found: list[dict[str, Any]]) -> None:
    """A setting takes two lines, because its meaning needs the width of a terminal."""
    from rich.padding import Padding
    from rich.text import Text

    note(about)
    for one in found:
        facts = [part for part in (one["unit"], one["range"]) if part]
        facts += [f"tries {', '.join(_shown(value) for value in one['grid'])}"] if one["grid"] else []
        facts += [f"tune: {_shown(one['search'])}"] if one["search"] else []
        show(f"{one['name']} = {_shown(one['default'])}" + (f"  ({'; '.join(facts)})" if facts else ""))
        show(Padding(Text(one["meaning"]), (0, 0, 0, 4)))


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(_shown(part) for part in value) if isinstance(value, list) else str(value)


def _toml(name: str, found: list[dict[str, Any]]) -> str:
    """Every setting with its default; those without one stand as comments."""
    lines = [f"model = {json.dumps(name)}"] if name not in ("protocol", "music") else []
    for one in found:
        facts = ", ".join(part for part in (one["unit"], one["range"]) if part)
        lines.append(f"\n# {one['meaning']}" + (f" ({facts})" if facts else ""))
        value = one["default"]
        lines.append(f"# {one['name']} = none" if value is None else f"{one['name']} = {json.dumps(value)}")
    return "\n".join(lines)
