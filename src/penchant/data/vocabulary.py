"""The only translator between external ids (strings) and numbers (int32, 0..n-1). Append-only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from penchant.data.arrays import Nums
from penchant.data.strings import Strings
from penchant.errors import BadData


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
        if len(made._number_of) != len(made):
            raise BadData("vocabulary: expected distinct ids, but an id comes twice")
        return made

    @cached_property
    def _number_of(self) -> dict[str, int]:
        return {text: number for number, text in enumerate(self.ids)}

    def __len__(self) -> int:
        """Number of ids."""
        return len(self.ids)

    def __contains__(self, text: object) -> bool:
        """Whether the id is known."""
        return text in self._number_of

    def __iter__(self) -> Iterator[str]:
        """All ids by rising number."""
        return iter(self.ids)

    def id(self, number: int) -> str:
        """The id with this number (0 <= number < n)."""
        return self.ids[number]

    def ids_of(self, numbers: Nums) -> list[str]:
        """The ids with these numbers, in their order; for many at once."""
        distinct, place = np.unique(numbers, return_inverse=True)
        texts = self.ids.take(distinct).to_list()
        return [texts[i] for i in place.tolist()]

    def number(self, text: str) -> int | None:
        """The number of an id, or None when it is unknown."""
        return self._number_of.get(text)

    def numbers(self, texts: Iterable[str]) -> tuple[Nums, list[str]]:
        """Numbers int32 of the known ids in order, and the list of unknown ids, which are left out."""
        known: list[int] = []
        unknown: list[str] = []
        for text in texts:
            number = self._number_of.get(text)
            if number is None:
                unknown.append(text)
            else:
                known.append(number)
        return np.asarray(known, dtype=np.int32), unknown

    def extended(self, texts: Iterable[str]) -> Vocabulary:
        """A vocabulary with the new ones among `texts` appended; all numbers given before stay."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._number_of]
        return Vocabulary(self.ids.joined(Strings.of(fresh))) if fresh else self
