"""Everything about a person as lines of JSON, read in a thread, a few thousand records at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from penchant.errors import UnknownName
from penchant.server.keeping import no_such
from penchant.server.records import plain
from penchant.server.site import Call

AT_ONCE = 2_000


async def lines(call: Call, user_id: str) -> AsyncIterator[bytes]:
    """Parts of the export; raises Problem 404 before the first when nobody has this id."""
    records: list[Iterator[Mapping[str, Any]]] = []

    def first() -> bytes:
        try:
            records.append(iter(call.app.export(user_id)))
            return _part(records[0])
        except UnknownName:
            raise no_such("user", user_id) from None

    part = await call.aside(first)
    return _parts(call, records[0], part)


async def _parts(call: Call, records: Iterator[Mapping[str, Any]], part: bytes) -> AsyncIterator[bytes]:
    while part:
        yield part
        part = await call.aside(lambda: _part(records))


def _part(records: Iterator[Mapping[str, Any]]) -> bytes:
    return b"".join(msgspec.json.encode(plain(dict(one))) + b"\n" for one in islice(records, AT_ONCE))
