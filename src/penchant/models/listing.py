"""Lists from scores: what must not be recommended is taken out, the best are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import Float32, frozen
from penchant.data.catalogue import Catalogue
from penchant.data.queries import EncodedQueries
from penchant.models.topk import allow_only, forbid, forbid_seen, top_k
from penchant.query import Query


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """The answer to one query: ids best first, and their float32 scores [n]."""

    item_ids: tuple[str, ...]
    scores: Float32


def listed(
    queries: Sequence[Query], encoded: EncodedQueries, scores: Float32, catalogue: Catalogue, k: int | None = None
) -> list[Scored]:
    """The best items of each query that may be recommended.

    Args:
        queries: B questions, and how they are encoded.
        scores: float32 [B, n_items]; overwritten.
        catalogue: names the items and says whether repeats are allowed where a query does not.
        k: overrides that of the queries.
    """
    excludes = [(q.repeats or catalogue.schema.repeats) == "exclude" for q in queries]
    forbid_seen(scores, encoded.batch.history, np.asarray(excludes, dtype=np.bool_))
    forbid(scores, encoded.excluded)
    allow_only(scores, encoded.candidates)
    wanted = [k or query.k for query in queries]
    best = top_k(scores, max(wanted))
    n = np.minimum(best.n, wanted)
    ids = catalogue.items.ids_of(best.items[np.arange(best.items.shape[1]) < n[:, None]])
    ends = np.cumsum(n).tolist()
    return [
        Scored(item_ids=tuple(ids[end - length : end]), scores=frozen(best.scores[b, :length]))
        for b, (end, length) in enumerate(zip(ends, n.tolist(), strict=True))
    ]
