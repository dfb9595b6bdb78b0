"""Settings of the service of one project."""

from __future__ import annotations

from penchant.config import Config, setting

MINUTE = 60.0


class ServiceConfig(Config):
    """What a running service may be told."""

    seed: int = setting(7, "seed of all draws; with the id of a list it draws that list again", ge=0)
    history_events: int = setting(
        1_000, "newest events of a person that an answer is made from", unit="events", ge=1, le=100_000
    )
    future_seconds: float = setting(
        5 * MINUTE, "how far ahead of this machine's clock an event may be", unit="seconds", ge=0, le=86_400
    )
    longest_id: int = setting(
        256, "longest id of a person, an item, an event or a session", unit="bytes", ge=8, le=4096
    )
    largest_event: int = setting(
        16_384, "longest attributes or circumstances of one event, as JSON", unit="bytes", ge=256, le=1_000_000
    )
    most_k: int = setting(1_000, "longest list that is answered", unit="items", ge=1, le=100_000)
    refresh_seconds: float = setting(
        1.0, "how often a worker looks for another model, new items and keys", unit="seconds", gt=0, le=60
    )
    popularity_seconds: float = setting(
        5.0, "how often new events enter the popularity of the moment", unit="seconds", gt=0, le=3600
    )
    suspicion: float = setting(
        0.9, "flags of at least this score act: such items are withheld, such people left out of a refit", gt=0, le=1
    )
    worlds_kept: int = setting(
        2, "models, and catalogues with their popularity, kept in memory: the one that serves and those of past lists",
        ge=1, le=100,
    )  # fmt: skip
    gate_questions: int = setting(1_000, "newest events that a refitted model is asked about", unit="events", ge=20)
    gate_loss: float = setting(
        0.02, "most that a refitted model may lose, as a share of the old one's ndcg@20, to be let in", ge=0, le=1
    )
