"""Settings that every model has."""

from __future__ import annotations

from penchant.config import Between, Config, setting


class ModelConfig(Config):
    """Settings that every model understands."""

    popularity_behind: bool = setting(
        True,
        "let popularity decide between equal scores, and speak for people without a past and for chosen items that the model "
        "has no opinion on, such as new ones; false leaves those without opinion, and popularity_weight without effect",
        refit=False,
    )
    popularity_weight: float = setting(
        0.0, "popularity of the moment beside the score: what its peak counts, as a share of the greatest score",
        grid=(0.3, 1.0), search=Between(0.01, 3, log=True, also=(0.0,)), refit=False, ge=0, le=100,
    )  # fmt: skip
    popularity_half_life: float = setting(
        7.0, "age at which a choice counts half in that popularity", unit="days", search=Between(0.25, 90, log=True),
        refit=False, gt=0,
    )  # fmt: skip
    context_lift: float = setting(
        0.0, "how strongly items that are chosen more in such circumstances are raised: times exp(context_lift x log lift)",
        grid=(0.5, 1.0), search=Between(0.1, 2, also=(0.0,)), refit=False, ge=0, le=5,
    )  # fmt: skip
