"""The written schema: it reads back the same, and says why."""

from __future__ import annotations

import tomllib
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from penchant.data.guess.field_guess import Opinion
from penchant.data.guess.toml_text import schema_to_toml
from penchant.data.schema import EventKind, Field, Role, Schema

names = st.text(min_size=1, max_size=12)  # quotes, dots, newlines, control characters, other alphabets
positive = st.floats(min_value=1e-6, max_value=1e18, allow_nan=False)
fields = st.one_of(
    st.builds(Field, kind=st.sampled_from(["category", "number", "text", "vector"]), column=st.none() | names),
    st.builds(Field, kind=st.just("cycle"), period=positive),
    st.builds(Field, kind=st.just("tags"), separator=names),
)
tables = st.dictionaries(names, fields, max_size=4)
schemas = st.builds(
    Schema,
    columns=st.dictionaries(st.sampled_from(get_args(Role)), names),
    time_unit=st.sampled_from(["auto", "s", "iso"]),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo"]),
    repeats=st.sampled_from(["allow", "exclude"]),
    title=st.none() | names,
    kinds=st.dictionaries(
        names, st.builds(EventKind, weight=st.floats(min_value=0, max_value=1e300), target=st.booleans()), max_size=4
    ),
    context=tables,
    item_attributes=tables,
    user_attributes=tables,
)
places = st.tuples(st.sampled_from(["context", "item_attributes", "user_attributes", "repeats"]), st.just("") | names)


@given(schemas, st.dictionaries(places, st.text(max_size=30), max_size=4), st.lists(names, max_size=3), fields)
def test_a_written_schema_reads_back_equal(schema, notes, unused, field):
    notes |= {("context", name): "a\nb\x00\x7f" for name in schema.context}
    left_out = {("context", name): Opinion(field=field, used=False, why="odd\rreason = 1\n[x]") for name in unused}
    left_out |= {("user_attributes", name): Opinion(field=None, used=False, why="\x1f") for name in unused}
    text = schema_to_toml(schema, notes=notes, left_out=left_out)
    read = Schema.parse(tomllib.loads(text))
    assert read == schema
    assert list(read.kinds) == list(schema.kinds), "the order of the kinds gives their numbers"


def test_guesses_and_what_is_left_out_are_visible():
    schema = Schema(context={"weather": Field(kind="category")}, repeats="allow")
    late = Opinion(field=Field(kind="number"), used=False, why="a consequence")
    text = schema_to_toml(
        schema,
        notes={("repeats", ""): "41% repeat", ("context", "weather"): "4 values"},
        left_out={("context", "sum"): late},
    )
    lines = text.splitlines()
    assert 'repeats = "allow"  # guess: 41% repeat' in lines
    assert 'weather = { kind = "category" }  # guess: 4 values' in lines
    assert '# sum = { kind = "number" }  # left out: a consequence' in lines


def test_a_left_out_line_can_be_taken_in_by_removing_the_mark():
    odd = 'a "quoted".name'
    late = Opinion(field=Field(kind="tags", separator=";"), used=False, why="why not")
    text = schema_to_toml(Schema(), left_out={("item_attributes", odd): late})
    line = next(line for line in text.splitlines() if "left out:" in line)
    read = Schema.parse(tomllib.loads(text.replace(line, line.removeprefix("# "))))
    assert read.item_attributes == {odd: Field(kind="tags", separator=";")}


def test_every_section_is_explained_on_the_line_above():
    lines = schema_to_toml(Schema()).splitlines()
    for section in ("columns", "kinds", "context", "item_attributes", "user_attributes"):
        assert lines[lines.index(f"[{section}]") - 1].startswith("# ")
