"""Names of metrics: text to metric and back, and what a wrong name is told."""

from __future__ import annotations

import pytest

from penchant.errors import BadConfig, UnknownName
from penchant.metrics.names import KNOWN_METRICS, Metric, parse_metric


@pytest.mark.parametrize("name", KNOWN_METRICS)
@pytest.mark.parametrize("k", [1, 20, 1000])
def test_text_and_metric_are_two_forms_of_the_same(name: str, k: int) -> None:
    assert parse_metric(f"{name}@{k}") == Metric(name, k)
    assert str(parse_metric(f"{name}@{k}")) == f"{name}@{k}"


def test_the_known_names_are_those_of_the_reports() -> None:
    assert set(KNOWN_METRICS) == {"ndcg", "recall", "recall_capped", "precision", "hit", "mrr", "map"}


@pytest.mark.parametrize(
    ("text", "nearest"), [("ndgc@20", "ndcg"), ("recal@5", "recall"), ("NDCG@20", "ndcg"), ("precison", "precision")]
)
def test_an_unknown_name_is_told_the_nearest(text: str, nearest: str) -> None:
    with pytest.raises(UnknownName, match=f'Did you mean "{nearest}"'):
        parse_metric(text)


@pytest.mark.parametrize("text", ["ndcg", "ndcg@", "ndcg@0", "ndcg@-3", "ndcg@1.5", "ndcg@020", "ndcg@x", "ndcg@²"])
def test_a_wrong_depth_is_told_the_form(text: str) -> None:
    with pytest.raises(BadConfig, match="such as ndcg@20") as caught:
        parse_metric(text)
    assert "\n" not in str(caught.value)


def test_a_metric_made_by_hand_is_checked_too() -> None:
    with pytest.raises(UnknownName):
        Metric("auc", 5)
    with pytest.raises(BadConfig):
        Metric("ndcg", 0)
