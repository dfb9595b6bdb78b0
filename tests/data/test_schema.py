"""The declaration that belongs to a log."""

from __future__ import annotations

import pytest

from penchant.data.schema import EventKind, Field, Schema
from penchant.errors import BadConfig, UnknownName
from tests.toy import toy_schema


def test_lookups_offer_the_nearest_name() -> None:
    schema = toy_schema()
    assert [schema.kind_number("view"), schema.kind_number("buy")] == [0, 1]
    assert schema.context_field("mood").kind == "category"
    assert schema.user_attribute("group").kind == "category"
    with pytest.raises(UnknownName, match='unknown event kind "veiw". Did you mean "view"'):
        schema.kind_number("veiw")
    with pytest.raises(UnknownName, match='unknown context field "moood". Did you mean "mood"'):
        schema.context_field("moood")
    with pytest.raises(UnknownName, match='unknown user attribute "grup". Did you mean "group"'):
        schema.user_attribute("grup")


def test_filter_seen_is_another_word_for_repeats() -> None:
    assert Schema.parse({"filter_seen": True}).repeats == "exclude"
    assert Schema.parse({"filter_seen": False}).repeats == "allow"
    with pytest.raises(BadConfig, match="^a.toml: filter_seen: expected true or false, got 'no'"):
        Schema.parse({"filter_seen": "no"}, "a.toml")


def test_a_period_goes_with_a_cycle() -> None:
    assert Field(kind="cycle", period=24).period == 24
    for values in ({"kind": "cycle"}, {"kind": "number", "period": 24}):
        with pytest.raises(BadConfig, match="^a.toml: context.hour: a field of kind `cycle`"):
            Schema.parse({"context": {"hour": values}}, "a.toml")


def test_wrong_words_name_the_nearest_and_the_place() -> None:
    with pytest.raises(BadConfig, match='^a.toml: context.mood: unknown kind "categry". Did you mean "category"'):
        Schema.parse({"context": {"mood": {"kind": "categry"}}}, "a.toml")
    with pytest.raises(UnknownName, match='^a.toml: columns: unknown key "user". Did you mean "user_id"'):
        Schema.parse({"columns": {"user": "uid"}}, "a.toml")
    with pytest.raises(UnknownName, match='unknown setting "event_kinds"'):
        Schema.parse({"event_kinds": {}})


def test_kinds_fit_the_column_of_their_numbers() -> None:
    kinds = {f"k{i}": EventKind() for i in range(127)}
    assert Schema(kinds=kinds).kind_number("k126") == 126
    with pytest.raises(BadConfig, match="kinds: expected at most 127 event kinds, found 128"):
        Schema.parse({"kinds": {**kinds, "more": EventKind()}})
    with pytest.raises(BadConfig, match="kinds.view.weight: expected a number >= 0, got -1"):
        Schema.parse({"kinds": {"view": {"weight": -1}}})


def test_a_time_zone_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(BadConfig, match="did you mean 'Europe/Berlin'"):
        Schema.parse({"time_zone": "Europe/Berln"}, "penchant.toml")
