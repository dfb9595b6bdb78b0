"""What the columns of a log mean: event kinds, context fields, attributes, time zone and repeats. Written as TOML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from zoneinfo import available_timezones

from pydantic import Field as PydanticField
from pydantic import field_validator, model_validator

from penchant.config import Config
from penchant.context import time_zone
from penchant.errors import BadConfig, UnknownName, nearest

FieldKind = Literal["category", "number", "cycle", "tags", "text", "vector"]
Role = Literal["user_id", "item_id", "timestamp", "value", "kind", "session_id", "split", "order"]
_MOST_KINDS = 127
"""Numbers of event kinds are stored as int8."""

TimeUnit = Literal["auto", "s", "ms", "us", "ns", "iso"]


class Field(Config):
    """A context field or an attribute."""

    kind: FieldKind
    period: float | None = PydanticField(default=None, gt=0, description="length of a `cycle`, such as 24 for hours")
    separator: str = PydanticField(default="|", min_length=1, description="between the `tags` of one text cell")
    column: str | None = PydanticField(
        default=None, description="name of the file's column, when other than the field's"
    )

    @model_validator(mode="after")
    def _period_goes_with_cycle(self) -> Field:
        if (self.kind == "cycle") != (self.period is not None):
            raise ValueError("a field of kind `cycle`, and only such a field, needs a `period`")
        return self


class EventKind(Config):
    """What one kind of event is worth."""

    weight: float = PydanticField(default=1.0, ge=0, description="strength of the event as a signal; 0 leaves it out")
    target: bool = PydanticField(default=True, description="whether recommendations aim at events of this kind")


class Schema(Config):
    """The declaration that belongs to a log.

    `columns` maps a role to the column of the events file that plays it; roles left out are found by their usual names.
    `kinds` lists the values of the kind column in the order of their numbers; a log without such a column has the one kind
    ``"event"``.
    """

    columns: dict[Role, str] = PydanticField(default_factory=dict)
    time_unit: TimeUnit = "auto"
    time_zone: str = "UTC"
    repeats: Literal["allow", "exclude"] = "exclude"
    title: str | None = PydanticField(default=None, description="item attribute that is shown to people")
    kinds: dict[str, EventKind] = PydanticField(default_factory=lambda: {"event": EventKind()})
    context: dict[str, Field] = PydanticField(default_factory=dict)
    item_attributes: dict[str, Field] = PydanticField(default_factory=dict)
    user_attributes: dict[str, Field] = PydanticField(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _accept_filter_seen(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "filter_seen" in values:
            if not isinstance(values["filter_seen"], bool):
                raise ValueError(f"filter_seen: expected true or false, got {values['filter_seen']!r}")
            values = dict(values)
            values["repeats"] = "exclude" if values.pop("filter_seen") else "allow"
        return values

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            time_zone(name)
        except BadConfig as fault:
            near = nearest(name, available_timezones())
            raise ValueError(f"{fault}{f'; did you mean {near!r}?' if near else ''}") from None
        return name

    @field_validator("kinds")
    @classmethod
    def _numbers_fit(cls, kinds: dict[str, EventKind]) -> dict[str, EventKind]:
        if len(kinds) > _MOST_KINDS:
            raise ValueError(f"expected at most {_MOST_KINDS} event kinds, found {len(kinds)}")
        return kinds

    def kind_number(self, name: str) -> int:
        """The number of an event kind; raises UnknownName."""
        names = list(self.kinds)
        if name not in names:
            raise UnknownName("event kind", name, names)
        return names.index(name)

    def context_field(self, name: str) -> Field:
        """The declaration of a context field; raises UnknownName."""
        if name not in self.context:
            raise UnknownName("context field", name, self.context)
        return self.context[name]

    def user_attribute(self, name: str) -> Field:
        """The declaration of an attribute of people; raises UnknownName."""
        if name not in self.user_attributes:
            raise UnknownName("user attribute", name, self.user_attributes)
        return self.user_attributes[name]
