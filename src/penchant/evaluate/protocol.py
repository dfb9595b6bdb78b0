"""How a log is turned into questions: the settings of a protocol, named alike in JSON and on the command line."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ValidationInfo, field_validator

from penchant.config import Config, setting
from penchant.data.dataset import Dataset
from penchant.errors import BadConfig

ProtocolName = Literal["replay", "time", "last", "column", "users", "cold", "ctr", "rating"]
RequestTime = Literal["event", "split", "none"]
Stage = Literal["valid", "test"]
Per = Literal["event", "person"]

LABELLED: dict[str, tuple[str, ...]] = {"ctr": ("auc", "logloss", "calibration error"), "rating": ("rmse", "mae")}
"""Protocols that ask what came of a row instead of which item it was, and their metrics; see `penchant.metrics.labelled`."""

_DEFAULT_TIME: dict[str, RequestTime] = {
    "replay": "event", "time": "split", "last": "none", "column": "none", "users": "none", "cold": "none",
    "ctr": "event", "rating": "event",
}  # fmt: skip

_PER: dict[str, Per] = {
    "replay": "event", "time": "person", "last": "event", "users": "person", "cold": "person",
    "ctr": "event", "rating": "event",
}  # fmt: skip
"""What these protocols ask for can only be asked in one way; `column` leaves the choice."""

LEAKS = {
    "last": "trains on events that other people had after the questions",
    "column": "trains on whatever the published split calls train, which may lie after the questions",
    "users": "trains on events that other people had after the questions",
    "cold": "ignores time: history and targets are drawn from the same period",
}
"""What a protocol lets the models know too early; stamped on its report."""


class Protocol(Config):
    """The settings of one evaluation; see each protocol's own file for what they mean there."""

    name: ProtocolName = setting("replay", "which questions are asked")
    test_share: float = setting(0.1, "share of the newest events that are test", gt=0, lt=1)
    test_from: int | None = setting(None, "cut at this instant instead of by share", unit="ms since 1970")
    max_questions: int = setting(20, "most questions drawn for one person (replay)", ge=1)
    seed: int = setting(7, "seed of all draws", ge=0)
    repeats: Literal["allow", "exclude", "auto"] = setting("auto", "whether items of the history may be recommended")
    request_time: Literal[RequestTime, "auto"] = setting("auto", "which time the models are told")
    per: Per | Literal["auto"] = setting(
        "auto",
        "column: a question for each test event, or one list for each person, judged on all test events of the person; "
        "auto: person where the log has neither times nor an order column",
    )
    core: int = setting(
        1,
        "what a published split without valid rows was thinned to before it was cut (column): only train rows of people and "
        "items with so many of them select settings",
        unit="events", ge=1,
    )  # fmt: skip
    targets: tuple[str, ...] | None = setting(None, "event kinds that are targets; none takes the schema's")
    k: tuple[int, ...] = setting((10, 20), "lengths of the lists that are judged")
    keep_share: float = setting(1.0, "share of all events that the models are shown (replay)", gt=0, le=1)
    cuts: int = setting(1, "rolling cuts (time)", ge=1, le=20)
    given: tuple[int, ...] = setting((0, 1, 5, 10, 20), "events given of each unseen person (users)")
    given_share: float | None = setting(
        None,
        "give this share of each unseen person's distinct items instead, the others are the targets (users)",
        gt=0,
        lt=1,
    )
    given_which: Literal["drawn", "oldest"] = setting(
        "drawn", "which items make that share: seeded draw, or the oldest"
    )
    people_share: float = setting(0.1, "share of people that leave training (users)", gt=0, lt=1)
    sample_people: int | None = setting(None, "ask only this many people, drawn by the seed", ge=1)

    @field_validator("k", "given")
    @classmethod
    def _in_range(cls, values: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        least = 1 if info.field_name == "k" else 0
        if not values or min(values) < least:
            raise ValueError(f"expected whole numbers >= {least}")
        return values

    def resolved(self, data: Dataset) -> Protocol:
        """The protocol with every `auto` replaced by what the log says; raises BadConfig when the two do not fit."""
        if self.name in ("replay", "time") and not data.timed:
            raise BadConfig(
                f"protocol {self.name}: the log has no timestamps; use protocol last or users, "
                "or column with --split-column"
            )
        per = self._per(data)
        time = _DEFAULT_TIME[self.name] if self.request_time == "auto" else self.request_time
        if self.labelled and not data.timed:
            time = "none"
        if per == "person" and time == "event":
            raise BadConfig(f"protocol {self.name}: one list answers many events, so the models cannot be told a time")
        if self.cuts > 1 and self.name != "time":
            raise BadConfig(f"cuts: expected 1 for protocol {self.name}; rolling cuts belong to protocol time")
        if self.keep_share < 1 and self.name != "replay":
            raise BadConfig(f"keep_share: expected 1 for protocol {self.name}; thinning belongs to protocol replay")
        if self.core > 1 and self.name != "column":
            raise BadConfig(f"core: expected 1 for protocol {self.name}; it belongs to the published splits of column")
        if self.given_share is not None and self.name != "users":
            raise BadConfig(f"given_share: expected none for protocol {self.name}; it belongs to protocol users")
        always_excluded = self.name in ("users", "cold")
        repeats = data.schema.repeats if self.repeats == "auto" else self.repeats
        if self.labelled:
            # the row to be foretold is there, whatever its person did before
            repeats = "allow"
        targets = self.targets or tuple(name for name, kind in data.schema.kinds.items() if kind.target)
        for name in targets:
            data.schema.kind_number(name)
        return self.changed(
            request_time=time, repeats="exclude" if always_excluded else repeats, per=per, targets=targets
        )

    def _per(self, data: Dataset) -> Per:
        """What one question is asked for."""
        only = _PER.get(self.name)
        if only is not None:
            if self.per not in ("auto", only):
                raise BadConfig(f"per: protocol {self.name} asks per {only}, got {self.per}; column leaves the choice")
            return only
        if self.per != "auto":
            return self.per
        return "event" if data.timed or data.interactions.order is not None else "person"

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all metrics of the report."""
        if self.labelled:
            return LABELLED[self.name]
        names = ("ndcg", "recall", "recall_capped", "precision", "hit", "mrr", "map")
        return tuple(f"{name}@{k}" for k in self.k for name in names)

    @property
    def single_target(self) -> bool:
        """Whether each question has one right answer, so that its place is judged instead of a list.

        Of a resolved protocol: while `per` is auto, `column` does not know yet.
        """
        return _PER.get(self.name, self.per) == "event"

    @property
    def labelled(self) -> bool:
        """Whether labels of rows are foretold (`ctr`, `rating`) instead of items found."""
        return self.name in LABELLED

    @property
    def primary(self) -> str:
        """The metric that choices and verdicts are made by, fixed before any test run: ndcg at the longest list.

        Of labelled rows it is the log loss or the root mean square error: means over rows, so that a gain has a standard error.
        """
        if self.labelled:
            return "logloss" if self.name == "ctr" else "rmse"
        return f"ndcg@{max(self.k)}"

    @property
    def chosen_by(self) -> str:
        """The figure that settings are chosen by; greater is better."""
        return {"ctr": "-logloss", "rating": "-mse"}.get(self.name, self.primary)

    def described(self) -> dict[str, Any]:
        """The protocol for a report, with its stamp."""
        return {**self.model_dump(mode="json"), "primary": self.primary, "leak": LEAKS.get(self.name)}
