"""What a column most likely is: a context field, an attribute of some kind, or nothing a model should read.

The rules are heuristics. Where a wrong yes would be worse than a wrong no, the answer is no: a column that is a
*consequence* of an event, read as its context, tells a model the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from penchant.data.guess.looks import Look
from penchant.data.schema import Field


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """The verdict on one column.

    Attributes:
        field: the declaration it would have; None when there is no sensible one.
        used: whether the schema should declare it.
        why: the reason in a few words.
    """

    field: Field | None
    used: bool
    why: str


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CONSEQUENCES = _words(
    "after post rating ratings rated score stars review comment feedback duration dwell playtime watchtime"
    " listened watched played plays completion completed progress skip skipped finished like liked dislike"
    " disliked click clicked clicks purchased bought label outcome result response reward price amount total"
    " sales revenue paid pay disc discount quantity qty cnt count counts views preference satisfaction"
    " satisfied returned refund converted conversion"
)
"""Words of columns that are usually known only once the event is over."""

CIRCUMSTANCES = _words(
    "pre before temperature temp humidity pressure wind rain rainfall precipitation uv lat latitude lon lng"
    " longitude altitude elevation speed heart heartrate pulse steps battery brightness noise distance mood"
    " stress sleepiness fatigue hunger crowd passengers companions traffic weather"
)
"""Words of measured circumstances: numbers that are known when the event begins."""

ORDINALS = _words("no nr index idx row rank position pos place seq sequence number")
CODES = _words("id ids code type class group zone city region store device os zip postcode postal")
AMOUNTS = _words(
    "year price cost amount count num n size length duration tempo weight height width rating score popularity"
    " votes pages runtime minutes seconds hours days kids children rooms income salary"
)
BARCODES = _words("isbn asin ean upc gtin sku barcode uuid guid phone email hash url uri link image imageurl poster")
NAMES = _words(
    "artist author singer band brand maker manufacturer director developer publisher seller studio label composer"
)

INSTANTS = _words("released release published created added launched date time timestamp at since born joined")

_MANY_CATEGORIES = 5000
_CODE_CATEGORIES = 25
_CYCLES: tuple[tuple[frozenset[str], float, float, float], ...] = (
    # words of the name, lowest value, highest value, period
    (_words("hour hourofday hod"), 0, 24, 24),
    (_words("weekday dayofweek dow wday"), 0, 7, 7),
    (_words("month monthofyear"), 1, 12, 12),
    (_words("timeslot hourofweek"), 0, 167, 168),
    (_words("dayofyear doy yday"), 0, 366, 365.25),
    (_words("heading bearing direction angle azimuth"), -180, 360, 360),
)


def _never_useful(look: Look) -> str | None:
    if look.n == 0:
        return "empty"
    if look.form == "other":
        return "of a type that no kind of field can hold"
    if look.form == "list":
        return None
    if look.n_distinct == 1 or (look.n >= 1000 and look.top_share >= 0.999):
        return "nearly always the same"
    if look.form == "instant" or look.dated:
        return "a date; give its year, month or age as a number"
    if look.addressed or look.says(BARCODES):
        return "an address or an outside id"
    return None


def few(look: Look) -> bool:
    """Whether the values come back often enough to learn something for each."""
    roomy = look.n_distinct <= 12 and look.n >= 2 * look.n_distinct
    return roomy or (look.n_distinct <= look.n / 20 and look.n_distinct <= _MANY_CATEGORIES)


def cycle_period(look: Look) -> float | None:
    """The period of a column that counts round and round, such as 24 for an hour; None for all others."""
    squeezed = "".join(c for c in look.name.lower() if c.isalpha())
    for words, low, high, period in _CYCLES:
        named = look.says(words) or squeezed in words
        if named and look.form == "number" and low <= look.low and look.high <= high:
            return period
    return None


def context_opinion(look: Look) -> Opinion:
    """What a column of the events file is that plays no role."""
    bad = _never_useful(look)
    if bad:
        return Opinion(field=None, used=False, why=bad)
    if look.form == "list":
        return Opinion(field=None, used=False, why="a list; a context field holds one value")
    period = cycle_period(look)
    if period is not None:
        return Opinion(field=Field(kind="cycle", period=period), used=True, why=f"comes round every {period:g}")
    measured = look.form == "number" and (not look.whole or look.says(CIRCUMSTANCES) or look.n_distinct > 50)
    if measured and look.says(CODES) and look.whole:
        measured = False
    before = look.says(CIRCUMSTANCES) and not look.says(_words("after post"))
    if look.says(CONSEQUENCES) and not before:
        kind = Field(kind="number" if look.form == "number" else "category")
        return Opinion(
            field=kind, used=False, why="looks like a consequence of the event; a model must not know it before"
        )
    if measured:
        if before:
            return Opinion(field=Field(kind="number"), used=True, why="a measured circumstance")
        why = "a number: uncomment it only if it is known before the event happens"
        return Opinion(field=Field(kind="number"), used=False, why=why)
    if look.says(ORDINALS) and look.form == "number":
        return Opinion(field=Field(kind="number"), used=False, why="counts rows or places")
    if few(look):
        return Opinion(field=Field(kind="category"), used=True, why=f"{look.n_distinct} distinct values")
    why = f"{look.n_distinct} distinct values in {look.n} rows: an id or free text"
    return Opinion(field=None, used=False, why=why)


def attribute_opinion(look: Look) -> Opinion:
    """What a column of an items or users file is, other than its id."""
    bad = _never_useful(look)
    if bad:
        return Opinion(field=None, used=False, why=bad)
    if look.form == "list":
        kind = Field(kind="vector") if look.width else Field(kind="tags")
        return Opinion(field=kind, used=True, why=f"{look.width} numbers a row" if look.width else "lists")
    if look.form == "truth":
        return Opinion(field=Field(kind="category"), used=True, why="yes or no")
    if look.form == "number":
        return _number_attribute(look)
    return _text_attribute(look)


def _number_attribute(look: Look) -> Opinion:
    period = cycle_period(look)
    if period is not None:
        return Opinion(field=Field(kind="cycle", period=period), used=True, why=f"comes round every {period:g}")
    if not look.whole or look.says(AMOUNTS):
        return Opinion(field=Field(kind="number"), used=True, why="an amount")
    code = look.says(CODES)
    if code and look.distinct_share > 0.7 and look.n_distinct > 12:
        return Opinion(field=None, used=False, why="an id of its own for nearly every row")
    if code or look.n_distinct <= min(_CODE_CATEGORIES, max(2.0, look.n / 2)):
        return Opinion(field=Field(kind="category"), used=True, why=f"a code with {look.n_distinct} values")
    if look.low > 1e8 and look.distinct_share > 0.9 and not look.says(INSTANTS):
        return Opinion(field=None, used=False, why="an outside id, or a time; give an age or a year")
    return Opinion(field=Field(kind="number"), used=True, why="a number")


def _text_attribute(look: Look) -> Opinion:
    if look.width:
        return Opinion(field=Field(kind="vector"), used=True, why=f"{look.width} numbers a row")
    if look.separator is not None:
        field = Field(kind="tags", separator=look.separator)
        return Opinion(field=field, used=True, why=f'several values, separated by "{look.separator}"')
    if look.mean_length > 40 and look.n_distinct > _CODE_CATEGORIES:
        return Opinion(field=Field(kind="text"), used=True, why="prose")
    if look.says(NAMES) or look.distinct_share <= 0.5 or look.n_distinct <= 12 and look.distinct_share < 1:
        return Opinion(field=Field(kind="category"), used=True, why=f"{look.n_distinct} distinct values")
    if look.spaced >= 0.3:
        return Opinion(field=Field(kind="text"), used=True, why="words, different in nearly every row")
    return Opinion(field=None, used=False, why="too many different words to learn from: an id or a code")


def same_thing(looks: Mapping[str, Look]) -> dict[str, str]:
    """Columns named ``X_id`` beside a column ``X`` with as many distinct values: code -> the readable one."""
    said: dict[str, str] = {}
    for name, look in looks.items():
        for ending in ("_id", "_code", "_key"):
            other = looks.get(name.removesuffix(ending)) if name.endswith(ending) else None
            if other is not None and other.n_distinct == look.n_distinct > 1:
                said[name] = other.name
    return said
