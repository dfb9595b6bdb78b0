"""What went wrong, as RFC 9457 says it: one JSON object with type, title, status, detail, and the fields at fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from penchant.errors import BadConfig, BadData, BadModelFolder, UnknownName, UserError
from penchant.service.nouns import NotReady
from penchant.store.protocol import StoreFull, StoreUnavailable

MEDIA_TYPE = "application/problem+json"
_SHOWN = 60
"""Characters of a wrong value that an answer repeats."""

TITLES: Mapping[int, tuple[str, str]] = {
    400: ("unreadable", "The request cannot be read"),
    401: ("no-key", "A key is needed"),
    403: ("not-allowed", "The key does not allow this"),
    404: ("not-found", "There is no such thing"),
    405: ("wrong-method", "This method is not known here"),
    408: ("too-slow", "The body took too long"),
    409: ("conflict", "Not in this state"),
    413: ("too-large", "The request is too large"),
    415: ("wrong-media-type", "This kind of body is not read here"),
    422: ("invalid", "Something in the request cannot be used"),
    429: ("too-many", "Too many requests"),
    500: ("fault", "A fault of the server"),
    503: ("unavailable", "Not available now"),
    507: ("store-full", "The disk is full"),
}
"""Status -> last part of the type, and title."""


class FieldFault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field at fault.

    Attributes:
        field: its path, such as ``context.mood``.
        value: what came, shortened.
        expected: what would be right.
        fix: what to do.
    """

    field: str
    value: str | None = None
    expected: str | None = None
    fix: str | None = None


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an answer that is no success holds."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FieldFault, ...] = ()
    request_id: str | None = None
    retry_after: float | None = None


class Problem(Exception):
    """An answer that is no success.

    Args:
        status: one of `TITLES`.
        detail: one line for a person: what was expected, what came, what to do.
        errors: the fields at fault.
        headers: more header fields of the answer.
        retry_after: seconds after which trying again makes sense.
        kind: last part of the type, when the status does not say enough.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: tuple[FieldFault, ...] = (),
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        kind: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.retry_after = status, detail, errors, retry_after
        self.kind = kind or TITLES[status][0]
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["retry-after"] = str(max(1, round(retry_after + 0.499)))

    def body(self, request_id: str | None = None) -> bytes:
        """The answer's body."""
        return _ENCODER.encode(
            ProblemBody(
                type=f"urn:penchant:problem:{self.kind}",
                title=TITLES[self.status][1],
                status=self.status,
                detail=self.detail,
                errors=self.errors,
                request_id=request_id,
                retry_after=self.retry_after,
            )
        )


_ENCODER = msgspec.json.Encoder()


def from_exception(fault: Exception) -> Problem:
    """The answer to an exception; 500 for what nobody expected."""
    match fault:
        case Problem():
            return fault
        case UnknownName():
            return _unknown(fault)
        case StoreFull():
            return Problem(507, "the disk below the store is full: nothing of this request was kept; free some space")
        case StoreUnavailable():
            return Problem(
                503, "the store cannot be reached: nothing of this request was kept; try again", retry_after=1.0
            )
        case NotReady():
            return Problem(503, f"{one_line(str(fault))}; try again in a moment", retry_after=1.0, kind="not-ready")
        case BadModelFolder():
            return Problem(409, f"{fault}; the version before is still served", kind="bad-model")
        case BadConfig() | BadData() | UserError():
            return _invalid(fault)
        case RecursionError():
            return Problem(400, "the body is nested too deeply; send plain values")
    return Problem(500, "the server made a mistake; the request's id leads to it in the server's log")


_FIELD_OF = {
    "context field": "context.{name}",
    "parameter": "{name}",
    "event kind": "kind",
    "user attribute": "features.{name}",
    "item attribute": "features.{name}",
}


def _unknown(fault: UnknownName) -> Problem:
    text = one_line(str(fault))
    known = ", ".join(fault.known[:20])
    field = FieldFault(
        field=_FIELD_OF.get(fault.kind, "{kind}").format(kind=fault.kind, name=shown(fault.name)),
        value=shown(fault.name),
        expected=f"one of: {known}" if known else "nothing: none is declared",
        fix="use a declared name",
    )
    return Problem(422, text, errors=(field,), kind="unknown-name")


def _invalid(fault: UserError) -> Problem:
    text = one_line(str(fault))
    found = re.match(r"([\w.\[\]-]{1,80}): (.+?)(?:, got (.+))?$", text)
    if found is None:
        return Problem(422, text, errors=(FieldFault(field="", expected=text),))
    field, expected, value = found.groups()
    expected = expected.removeprefix("expected ")
    return Problem(422, text, errors=(FieldFault(field=field, value=value and shown(value), expected=expected),))


def shown(value: Any) -> str:
    """A wrong value as an answer repeats it: one line, short."""
    text = value if isinstance(value, str) else repr(value)
    text = one_line(text[: 4 * _SHOWN])
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def one_line(text: str) -> str:
    """The text with everything unprintable replaced, so that neither a log nor a terminal is led astray."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split())) if not text.isprintable() else text
