"""How `gbdt` learns its trees from the candidates of questions with known answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from penchant.data.arrays import Bool, Float32, Int64, Nums
from penchant.errors import BadData
from penchant.rng import generator
from penchant.train.run import Run

Part = tuple[Float32, Int64, Bool, Nums]
"""One block: columns [C, F], question of each candidate [C], whether it is right [C], person of each question [B]."""

_STOP_SHARE = 0.2
"""Share of the people that decide when to stop."""

_PATIENCE = 30


def learned_trees(parts: Sequence[Part], settings: Mapping[str, Any], run: Run) -> Any:
    """A booster that ranks the right answer high (LambdaMART, ndcg at 20).

    A fifth of the people, drawn by the seed, say how many trees are enough.

    Raises:
        BadData: no question has its right answer among its candidates.
    """
    import lightgbm

    rows, groups, right, people = _usable(parts)
    if len(groups) < 2:
        raise BadData(
            "gbdt: the newest part of the log asks nothing that its members could answer; use a simpler model"
        )
    distinct = np.unique(people)
    held = generator(run.seed, "gbdt").permutation(distinct)[: max(1, int(_STOP_SHARE * len(distinct)))]
    judge = np.isin(people, held)
    if judge.all() or not judge.any():
        judge = np.arange(len(people)) % 5 == 0
    of_judge = np.repeat(judge, groups)
    params = {
        "objective": "lambdarank", "metric": "ndcg", "eval_at": [20], "lambdarank_truncation_level": 20,
        "learning_rate": settings["learning_rate"], "num_leaves": settings["n_leaves"],
        "min_data_in_leaf": settings["least_rows"], "feature_fraction": 0.7, "bagging_fraction": 0.8, "bagging_freq": 1,
        "bagging_by_query": True, "lambda_l2": 5.0, "max_bin": 127,
        "seed": run.seed, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbose": -1,
    }  # fmt: skip
    learn = lightgbm.Dataset(rows[~of_judge], right[~of_judge], group=groups[~judge], params=params)
    stop = lightgbm.Dataset(rows[of_judge], right[of_judge], group=groups[judge], reference=learn, params=params)
    rounds = int(settings["rounds"])

    def tell(state: Any) -> None:
        run.reporter.progress("gbdt: trees", state.iteration + 1, rounds)

    calls: list[Callable[..., Any]] = [lightgbm.early_stopping(_PATIENCE, verbose=False), tell]
    return lightgbm.train(params, learn, num_boost_round=rounds, valid_sets=[stop], callbacks=calls)


def _usable(parts: Sequence[Part]) -> tuple[Float32, Int64, Bool, Nums]:
    """Candidates of the questions that have a right one: columns, candidates of each question, right or not, people."""
    tables, sizes, rights, people = [], [], [], []
    for rows, owner, chosen, user in parts:
        use = np.bincount(owner, weights=chosen, minlength=len(user)) > 0
        kept = use[owner]
        tables.append(rows[kept])
        rights.append(chosen[kept])
        sizes.append(np.bincount(owner[kept], minlength=len(user))[use])
        people.append(user[use])
    if not tables:
        return np.zeros((0, 1), np.float32), np.zeros(0, np.int64), np.zeros(0, np.bool_), np.zeros(0, np.int32)
    return np.concatenate(tables), np.concatenate(sizes), np.concatenate(rights), np.concatenate(people)
