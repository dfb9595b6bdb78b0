"""The only translator between external ids (strings) and numbers (int32, 0..n-1). Append-only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from penchant.data.arrays import Nums
from penchant.data.strings import Strings
from penchant.errors import BadData

MISSING = -1
"""Stands for the number of an unknown id."""

_FEW = 1000
"""Later ids that are looked up beside the first ones in any case."""

_FEW_AT_ONCE = 100
"""Ids up to which they are read one by one; more at once pay for sorting them."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Ids in the order of their numbers; a number once given never changes its id.

    Looking numbers up costs no memory beyond the packed ids; looking ids up builds a dictionary on first use
    (about 100 bytes an id).
    """

    ids: Strings

    @classmethod
    def of(cls, ids: Iterable[str]) -> Vocabulary:
        """A vocabulary that numbers `ids` in their order; raises BadData when an id comes twice."""
        made = cls(Strings.of(ids))
        if len(made._numbers[0]) != len(made):
            raise BadData("vocabulary: expected distinct ids, but an id comes twice")
        return made

    @cached_property
    def _numbers(self) -> tuple[dict[str, int], dict[str, int]]:
        """The numbers of the first ids and of the later ones; the former are shared by all that grew from one vocabulary."""
        return {text: number for number, text in enumerate(self.ids)}, {}

    def __len__(self) -> int:
        """Number of ids."""
        return len(self.ids)

    def __contains__(self, text: object) -> bool:
        """Whether the id is known."""
        first, later = self._numbers
        return text in first or text in later

    def __iter__(self) -> Iterator[str]:
        """All ids by rising number."""
        return iter(self.ids)

    def id(self, number: int) -> str:
        """The id with this number (0 <= number < n)."""
        return self.ids[number]

    def ids_of(self, numbers: Nums) -> list[str]:
        """The ids with these numbers, in their order."""
        if len(numbers) <= _FEW_AT_ONCE:
            return self.ids.few(numbers)
        distinct, place = np.unique(numbers, return_inverse=True)
        texts = self.ids.take(distinct).to_list()
        return [texts[i] for i in place.tolist()]

    def number(self, text: str) -> int | None:
        """The number of an id, or None when it is unknown."""
        first, later = self._numbers
        number = first.get(text)
        return later.get(text) if number is None else number

    def numbers(self, texts: Iterable[str]) -> tuple[Nums, list[str]]:
        """Numbers int32 of the known ids in order, and the list of unknown ids, which are left out."""
        listed = list(texts)
        found = self.codes(listed)
        if MISSING not in found:
            return np.asarray(found, dtype=np.int32), []
        unknown = [text for text, number in zip(listed, found, strict=True) if number == MISSING]
        return np.asarray([number for number in found if number != MISSING], dtype=np.int32), unknown

    def codes(self, texts: Iterable[str | None]) -> list[int]:
        """The numbers of all `texts`, in their order; `MISSING` where an id is unknown, or None."""
        first, later = self._numbers
        if later:
            return [first.get(text, later.get(text, MISSING)) for text in texts]  # type: ignore[arg-type]
        return [first.get(text, MISSING) for text in texts]  # type: ignore[arg-type]

    def extended(self, texts: Iterable[str]) -> Vocabulary:
        """A vocabulary with the new ones among `texts` appended; all numbers given before stay.

        Costs two copies of the packed ids, and no more Python objects than there are new ids.
        """
        fresh = [text for text in dict.fromkeys(texts) if text not in self]
        if not fresh:
            return self
        made = Vocabulary(self.ids.joined(Strings.of(fresh)))
        first, later = self._numbers
        later = {**later, **{text: number for number, text in enumerate(fresh, start=len(self))}}
        if len(later) < max(len(first), _FEW):
            made.__dict__["_numbers"] = first, later
        return made
