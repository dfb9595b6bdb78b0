"""Items, people and models as they come and go on the slower routes: one pydantic class each, for reading and for OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from penchant.server.ids import Id

Number = Annotated[float, Field(allow_inf_nan=False)]


def _feature_value(value: Any) -> Any:
    items = value if isinstance(value, list) else [value]
    if any(isinstance(one, bool) or not isinstance(one, str | int | float) for one in items):
        raise ValueError("expected a text, a number, or a list of either")
    return value


_ONE = {"anyOf": [{"type": "string"}, {"type": "number"}]}
FeatureValue = Annotated[
    Any,
    BeforeValidator(_feature_value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "array", "items": _ONE}]}),
]
FeatureName = Annotated[str, Field(min_length=1, max_length=256)]
Features = Annotated[dict[FeatureName, FeatureValue], Field(max_length=1_000)]
Instant = Annotated[
    Number | str | None,
    Field(
        description="seconds since 1970 as a number, or ISO 8601 text (UTC unless it names a zone); now when left out"
    ),
]


class Strict(BaseModel):
    """What comes in: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class SentItem(Strict):
    """An item from now on. Attributes, where they are sent, replace all of before; where not, those of before stay."""

    features: Features | None = None
    available: bool = True
    timestamp: Instant = None


class SentItemOfMany(SentItem):
    """The same with its id."""

    item_id: Id
    deleted: bool = False


class SentItems(Strict):
    """Many items at once; each is judged by itself."""

    items: list[SentItemOfMany] = Field(min_length=1)


class SentUser(Strict):
    """A person from now on. Attributes, where they are sent, replace all of before; where not, those of before stay."""

    features: Features | None = None
    timestamp: Instant = None


class SentUserOfMany(SentUser):
    """The same with its id."""

    user_id: Id


class SentUsers(Strict):
    """Many people at once; each is judged by itself."""

    users: list[SentUserOfMany] = Field(min_length=1)


class Kept(BaseModel):
    """What became of an item or a person: ``accepted``, or ``duplicate``; `offset` is its place in the log."""

    status: str
    offset: int


class Item(BaseModel):
    """An item as it is now; `timestamp` is that of its newest update, seconds since 1970 (UTC)."""

    item_id: str
    features: dict[str, Any]
    available: bool
    timestamp: float
    offset: int


class ForgetReceipt(BaseModel):
    """What forgetting a person did: where rows went, which models had seen them, and what ends that."""

    user_id: str
    at: float
    places: list[str]
    rows: dict[str, int]
    trained_versions: list[str]
    refit: str
    outside: list[str]


class Model(BaseModel):
    """One version that can be served; `trained_to` is the newest offset of the log that its training saw."""

    version: str
    model: str
    current: bool
    added_at: float
    trained_to: int
    card: dict[str, Any] = Field(default_factory=dict)


class Models(BaseModel):
    """All versions, newest first."""

    models: list[Model]


class Refit(BaseModel):
    """A refit: ``started``; with ``wait=true`` ``served`` or ``refused`` by the gate, with what was found."""

    status: str
    model: Model | None = None
    found: dict[str, Any] = Field(default_factory=dict)


class Ready(BaseModel):
    """Whether requests can be answered."""

    ready: bool
    reasons: list[str] = Field(default_factory=list)


class Alive(BaseModel):
    """The process answers."""

    alive: bool = True


class Anything(BaseModel):
    """Names and values that this version of the server does not list one by one."""

    model_config = ConfigDict(extra="allow")


def plain(value: Any) -> Any:
    """Dataclasses, tuples and sets as plain values of JSON; numbers that JSON lacks become null."""
    import msgspec

    return msgspec.to_builtins(value, builtin_types=(), enc_hook=_plain_other)


def _plain_other(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
