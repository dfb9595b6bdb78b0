"""Settings of everything that is trained by gradient descent; a model's config class mixes them in."""

from __future__ import annotations

from typing import Literal

from penchant.config import Between, Config, setting

Precision = Literal["auto", "float32", "bfloat16"]
Schedule = Literal["cosine", "constant"]


class TrainingConfig(Config):
    """How a net is trained; see `penchant.train.loop`."""

    epochs: int = setting(20, "most passes over the log; fewer when validation says so", unit="passes", ge=1)
    batch_size: int = setting(128, "sequences, people or rows of one step", search=Between(16, 4096, log=True), ge=1)
    learning_rate: float = setting(0.001, "greatest step of AdamW", search=Between(1e-4, 1e-2, log=True), gt=0)
    weight_decay: float = setting(
        0.0, "how strongly weights are pulled to zero; norms and biases are not",
        search=Between(1e-4, 1, log=True, also=(0.0,)), ge=0,
    )  # fmt: skip
    warmup: float = setting(0.02, "part of all steps in which the learning rate rises from zero", ge=0, lt=1)
    schedule: Schedule = setting("cosine", "cosine lets the learning rate fall to a hundredth over `epochs`")
    clip: float = setting(1.0, "greatest norm of the gradient; larger ones are scaled down", gt=0)
    averaging: float = setting(
        0.999,
        "decay of the running average of the weights that answers, per step; 0: the last weights answer",
        ge=0,
        lt=1,
    )
    patience: int = setting(
        5, "passes without a better validation metric after which training ends", unit="passes", ge=1
    )
    early_stop: bool = setting(
        True,
        "choose the number of passes on validation, then learn from everything for that many; false: all `epochs` at once",
    )
    passes: int | None = setting(
        None,
        "passes over the log, of the `epochs` that the learning rate is planned for; none: as many as validation says",
        unit="passes", ge=1,
    )  # fmt: skip
    precision: Precision = setting(
        "auto", "of matrix products; auto takes bfloat16 where the processor has instructions for it"
    )
    device: str = setting("auto", "where the net lives: cpu, cuda, cuda:1; auto takes a GPU where there is one")
