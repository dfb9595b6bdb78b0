"""Names of ranking metrics: ``ndcg@20`` is the metric ``ndcg`` over the first 20 ranks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from penchant.errors import BadConfig, UnknownName

KNOWN_METRICS = ("ndcg", "recall", "recall_capped", "precision", "hit", "mrr", "map")
"""Every ranking metric, in the order in which tables show them; `penchant.metrics.ranking` defines each."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A ranking metric and its depth.

    Attributes:
        name: one of `KNOWN_METRICS`.
        k: how many ranks count, 1 or more.

    Raises:
        UnknownName: for another name; the nearest known one is offered.
        BadConfig: for a depth below 1.

    >>> str(Metric("recall_capped", 10))
    'recall_capped@10'
    """

    name: str
    k: int

    def __post_init__(self) -> None:
        """Checks the name, then the depth."""
        if self.name not in KNOWN_METRICS:
            raise UnknownName("metric", self.name, KNOWN_METRICS)
        if self.k < 1:
            raise BadConfig(f"metric {self}: expected a depth of 1 or more after the @")

    def __str__(self) -> str:
        """The text that `parse_metric` reads."""
        return f"{self.name}@{self.k}"


def parse_metric(text: str) -> Metric:
    """The metric that a text such as ``"ndcg@20"`` names; ``str`` of the answer gives the text back.

    Raises:
        UnknownName: the part before the @ is no metric; the nearest one is offered.
        BadConfig: the depth is missing, no plain decimal number, or below 1.

    >>> parse_metric("ndcg@20")
    Metric(name='ndcg', k=20)
    >>> parse_metric("ndgc@20")
    Traceback (most recent call last):
    penchant.errors.UnknownName: unknown metric "ndgc". Did you mean "ndcg"? Known: hit, map, mrr, ndcg, precision, \
recall, recall_capped.
    """
    name, _, depth = text.strip().partition("@")
    if name not in KNOWN_METRICS:
        raise UnknownName("metric", name, KNOWN_METRICS)
    # A leading zero is refused as well: "ndcg@020" would not come back from str().
    if not re.fullmatch(r"[1-9][0-9]{0,8}", depth):
        raise BadConfig(f'metric "{text}": expected {name}@K with a depth K of 1 or more, such as {name}@20')
    return Metric(name, int(depth))
