"""From what the log says of a person to what a model is told."""

from __future__ import annotations

from penchant.data.schema import Schema
from penchant.query import Past
from penchant.service.asking import told
from penchant.store.own_past import OwnPast
from tests.toy import toy_dataset

SCHEMA: Schema = toy_dataset().schema
BUY, VIEW = "buy", next(kind for kind in SCHEMA.kinds if kind != "buy")


def past(*rows: tuple) -> OwnPast:
    return OwnPast.of(rows)


def test_what_is_not_declared_is_left_out() -> None:
    body = '{"context":{"mood":"calm","weather":"rain"},"session_id":"s"}'
    found = told(
        past(
            ("a", 1.0, VIEW, 1.0, None, "e1"),
            ("zz", 2.0, BUY, 2.5, body, None),
            ("b", 3.0, "unheard of", 1.0, body, "e3"),
            ("c", 4.0, VIEW, 1.0, '{"session_id":"s"}', "e4"),
        ),
        SCHEMA,
    )
    assert list(found) == [
        Past(item_id="a", at=1.0, kind=VIEW),
        Past(item_id="zz", at=2.0, kind=BUY, value=2.5, context={"mood": "calm"}),
        Past(item_id="c", at=4.0, kind=VIEW),
    ]


def test_columns_go_through_as_they_are() -> None:
    rows = past(("a", 1.0, VIEW, 1.0, None, "e1"), ("b", 2.0, BUY, 1.0, '{"session_id":"s"}', None))
    found = told(rows, SCHEMA)
    assert found.item_ids is rows.item_ids and found.at is rows.at and found.contexts is None
    assert len(told(OwnPast(), SCHEMA)) == 0
