"""The item that somebody most likely meant by an id that the catalogue does not hold."""

from __future__ import annotations

import difflib
from itertools import islice

from penchant.data.catalogue import Catalogue

MAX_COMPARED = 20_000
"""Most ids or titles compared letter by letter (about 0.2 s); among more, only those that begin alike are."""


def nearest_item(catalogue: Catalogue, text: str) -> str | None:
    """The id whose own text, or whose title, looks most like `text`; None when nothing comes close.

    A title that equals `text` but for case goes first, then ids, then titles. O(n_items).
    """
    wanted = text.strip().lower()
    if not wanted:
        return None
    titles = _titles(catalogue)
    if wanted in titles:
        return titles[wanted]
    ids = {item.lower(): item for item in catalogue.items}
    for known in (ids, titles):
        close = difflib.get_close_matches(wanted, _worth_comparing(known, wanted), n=1, cutoff=0.6)
        if close:
            return known[close[0]]
    return None


def _titles(catalogue: Catalogue) -> dict[str, str]:
    """Lower-case title -> id of the first item that has it."""
    found: dict[str, str] = {}
    if catalogue.schema.title is None:
        return found
    for number, item in enumerate(catalogue.items):
        title = catalogue.title(number)
        if title:
            found.setdefault(title.lower(), item)
    return found


def _worth_comparing(known: dict[str, str], wanted: str) -> list[str]:
    if len(known) <= MAX_COMPARED:
        return list(known)
    alike = (text for text in known if text[:2] == wanted[:2] and abs(len(text) - len(wanted)) <= len(wanted) // 2 + 1)
    return list(islice(alike, MAX_COMPARED))
