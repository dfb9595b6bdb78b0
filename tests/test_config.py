"""Configuration: one declaration a setting, and one clear line for a wrong one."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import ValidationError, model_validator

from penchant.config import Between, Config, parse_assignment, read_toml, search_space, setting
from penchant.errors import BadConfig, UnknownName, UserError


class Inner(Config):
    depth: int = setting(2, "how deep", ge=1)
    colour: Literal["red", "green"] = setting("red", "which colour")


class Outer(Config):
    rate: float = setting(0.5, "a share", unit="events", grid=(0.1, 0.5), refit=False, gt=0, le=1)
    label: str | None = setting(None, "a text", min_length=2)
    sizes: tuple[int, ...] = setting((1, 2), "some sizes")
    inner: Inner = setting(Inner(), "a part")
    parts: dict[str, Inner] = setting({}, "named parts")
    columns: dict[Literal["user", "item"], str] = setting({}, "columns by role")

    @model_validator(mode="after")
    def _label_wants_a_rate(self) -> Outer:
        if self.label == "odd" and self.rate < 1:
            raise ValueError("the label `odd` needs a rate of 1")
        return self


def test_text_is_accepted_for_numbers() -> None:
    config = Outer.parse({"rate": "0.25", "inner": {"depth": "3"}})
    assert (config.rate, config.inner.depth) == (0.25, 3)


def test_the_text_none_is_none_where_a_number_may_be_missing() -> None:
    assert Searched.parse({"pause": "none"}).pause is None
    # a text may be this word
    assert Outer.parse({"label": "none"}).label == "none"
    with pytest.raises(BadConfig, match="size: expected a whole number, got 'none'"):
        Searched.parse({"size": "none"})


def test_values_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Outer().rate = 1.0


def test_changed_checks_like_new() -> None:
    assert Outer().changed(rate=1.0).rate == 1.0
    with pytest.raises(BadConfig, match="rate: expected a number <= 1, got 2"):
        Outer().changed(rate=2)


def test_a_setting_carries_unit_grid_and_refit() -> None:
    extra = Outer.model_fields["rate"].json_schema_extra
    assert extra == {"unit": "events", "grid": [0.1, 0.5], "refit": False}


class Searched(Config):
    size: int = setting(50, "a number", grid=(10, 50), search=Between(1, 200, log=True), ge=1)
    pause: float | None = setting(None, "a time or none", search=Between(0.1, 10, log=True))
    colour: Literal["red", "green"] = setting("red", "which colour", search=("red", "green"))
    rate: float = setting(0.5, "a share", grid=(0.1, 0.5))
    wide: float = setting(1.0, "a number", grid=(0.0, 50.0), search=Between(0.5, 10, log=True))
    fixed: int = setting(3, "never searched")


class Renewed(Searched):
    """Other defaults, stated without a space."""

    size: int = setting(1000, "a number", ge=1)
    pause: float | None = setting(0.0, "a time or none", grid=(1.0,))
    colour: Literal["red", "green"] = setting("green", "not used", search=())
    rate: float = setting(0.7, "a share", search=Between(0, 1))


def test_a_space_holds_its_default_and_its_grid() -> None:
    assert search_space(Searched, "wide") == Between(0.5, 50.0, log=True, also=(0.0,))
    assert search_space(Searched, "size") == Between(1, 200, log=True, whole=True)
    assert search_space(Searched, "pause") == Between(0.1, 10, log=True, also=(None,))
    assert search_space(Searched, "colour") == ("red", "green")
    # no space: the grid, behind the default
    assert search_space(Searched, "rate") == (0.5, 0.1)
    assert search_space(Searched, "fixed") == ()


def test_a_field_declared_again_keeps_the_space_of_its_base() -> None:
    # widened up to the new default; 0 has no place on a log scale and stands beside it
    assert search_space(Renewed, "size") == Between(1, 1000, log=True, whole=True)
    assert search_space(Renewed, "pause") == Between(0.1, 10, log=True, also=(0.0,))
    # said outright: nowhere, and elsewhere
    assert search_space(Renewed, "colour") == ()
    assert search_space(Renewed, "rate") == Between(0, 1)


def test_a_space_in_words() -> None:
    assert str(Between(0.1, 1000, log=True, also=(None, 0.0))) == "0.1 to 1000 (log), or none, or 0"
    assert str(Between(1, 5)) == "1 to 5"


WRONG = [
    ({"rate": 0}, "here: rate: expected a number > 0, got 0"),
    ({"rate": "much"}, "here: rate: expected a number, got 'much'"),
    ({"rate": float("nan")}, "here: rate: expected a finite number, got nan"),
    ({"inner": {"depth": 1.5}}, "here: inner.depth: expected a whole number, got 1.5"),
    ({"inner": {"depth": 0}}, "here: inner.depth: expected a number >= 1, got 0"),
    ({"inner": 3}, "here: inner: expected a table of names and values, got 3"),
    ({"label": 3}, "here: label: expected a text, got 3"),
    ({"label": "x"}, "here: label: expected a text of at least 2 characters, got 'x'"),
    ({"sizes": 3}, "here: sizes: expected a list, got 3"),
    ({"label": "odd"}, "here: the label `odd` needs a rate of 1"),
    ({"rat": 1}, 'here: unknown setting "rat". Did you mean "rate"? Known: columns, inner, label, parts, rate, sizes.'),
    (
        {"parts": {"a": {"dept": 1}}},
        'here: parts.a: unknown setting "dept". Did you mean "depth"? Known: colour, depth.',
    ),
    ({"inner": {"colour": "gren"}}, 'here: inner: unknown colour "gren". Did you mean "green"? Known: green, red.'),
    ({"columns": {"usr": "x"}}, 'here: columns: unknown key "usr". Did you mean "user"? Known: item, user.'),
]


@pytest.mark.parametrize(("values", "message"), WRONG)
def test_a_wrong_value_is_one_line_in_plain_words(values: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        Outer.parse(values, "here")
    assert str(caught.value) == message


def test_a_misspelt_key_comes_before_what_it_leaves_missing() -> None:
    class Needs(Config):
        kind: str

    with pytest.raises(UnknownName, match='unknown setting "knd". Did you mean "kind"'):
        Needs.parse({"knd": "x"})
    with pytest.raises(BadConfig, match="^a.toml: kind: missing; give it a value$"):
        Needs.parse({}, "a.toml")


def test_a_long_or_broken_value_does_not_break_the_line() -> None:
    with pytest.raises(BadConfig) as caught:
        Outer.parse({"rate": "a\nb" * 1000})
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 120


def test_toml_files(tmp_path) -> None:
    good = tmp_path / "good.toml"
    good.write_bytes("\ufeffrate = 0.5\n".encode())
    assert read_toml(good) == {"rate": 0.5}
    with pytest.raises(BadConfig, match="nothing.toml: no such file"):
        read_toml(tmp_path / "nothing.toml")
    with pytest.raises(BadConfig, match="cannot be read"):
        read_toml(tmp_path)
    good.write_text("rate = = 1\n", encoding="utf-8")
    with pytest.raises(BadConfig, match=r"good.toml: not valid TOML: .*line 1"):
        read_toml(good)
    good.write_bytes(b"rate = '\xff'")
    with pytest.raises(BadConfig, match="not valid TOML"):
        read_toml(good)


ASSIGNMENTS = [
    ("rate=0.5", ("rate", 0.5)),
    (" rate = 3 ", ("rate", 3)),
    ("label=bm25", ("label", "bm25")),
    ("label=None", ("label", None)),
    ('label="none"', ("label", "none")),
    ("sizes=[1, 2]", ("sizes", [1, 2])),
    ("on=true", ("on", True)),
    ("label=a=b", ("label", "a=b")),
    ("label=", ("label", "")),
    # a second line would be a second key
    ("rate=1\nlabel=2", ("rate", "1\nlabel=2")),
]


@pytest.mark.parametrize(("text", "expected"), ASSIGNMENTS)
def test_assignments(text: str, expected: tuple[str, object]) -> None:
    assert parse_assignment(text) == expected


@pytest.mark.parametrize("text", ["rate", "=3", " =3"])
def test_what_is_no_assignment(text: str) -> None:
    with pytest.raises(BadConfig, match="expected key=value, got"):
        parse_assignment(text)
