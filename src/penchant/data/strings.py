"""A read-only column of strings in two arrays, so that millions of ids cost bytes, not objects, and can be memory-mapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import AnyArray, Bytes, Int64, frozen, offsets_of, ragged_positions


@dataclass(frozen=True, eq=False)
class Strings:
    """`n` strings as UTF-8.

    Attributes:
        blob: uint8 [total bytes], all strings one after the other.
        offsets: int64 [n+1]; string i is ``blob[offsets[i]:offsets[i+1]]``.
    """

    blob: Bytes
    offsets: Int64

    @classmethod
    def of(cls, texts: Iterable[str]) -> Strings:
        """Packs `texts`."""
        encoded = [text.encode() for text in texts]
        blob = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        return cls(frozen(blob), frozen(offsets_of([len(part) for part in encoded])))

    def __len__(self) -> int:
        """Number of strings."""
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> str:
        """String number `i` (0 <= i < n); raises IndexError outside."""
        if not 0 <= i < len(self):
            raise IndexError(f"string {i} of {len(self)}")
        return bytes(self.blob[self.offsets[i] : self.offsets[i + 1]]).decode()

    def __iter__(self) -> Iterator[str]:
        """All strings in order."""
        return iter(self.to_list())

    def to_list(self) -> list[str]:
        """All strings as Python objects."""
        data = bytes(self.blob)
        bounds = self.offsets.tolist()
        return [data[a:b].decode() for a, b in zip(bounds[:-1], bounds[1:], strict=True)]

    def few(self, rows: AnyArray) -> list[str]:
        """The strings at `rows` (int [m], 0 <= row < n) as Python objects: faster than `take` up to some hundred."""
        data, start, end = self.blob.data, self.offsets[rows].tolist(), self.offsets[rows + 1].tolist()
        return [str(data[a:b], "utf-8") for a, b in zip(start, end, strict=True)]

    def take(self, rows: AnyArray) -> Strings:
        """The strings at `rows` (int [m]), in that order."""
        start = self.offsets[rows]
        length = self.offsets[np.asarray(rows) + 1] - start
        return Strings(frozen(self.blob[ragged_positions(start, length)]), frozen(offsets_of(length)))

    def joined(self, other: Strings) -> Strings:
        """These strings followed by those of `other`."""
        blob = np.concatenate([self.blob, other.blob])
        offsets = np.concatenate([self.offsets, other.offsets[1:] + self.offsets[-1]])
        return Strings(frozen(blob), frozen(offsets))
