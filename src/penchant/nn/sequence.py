"""What a net that reads sequences must offer."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn


class SequenceNet(nn.Module):
    """States after each event, and the vectors of the items that these are multiplied with."""

    @abstractmethod
    def forward(self, item_BT: Tensor, seconds_BT: Tensor, length_B: Tensor) -> Tensor:
        """The state after each event, float32 [B, T, D]; a state depends on its event and earlier ones alone.

        Args:
            item_BT: int64 [B, T], padded on the right with the number of items.
            seconds_BT: int64 [B, T], time of each event, never falling along a row.
            length_B: int64 [B], events of each row.
        """

    @property
    @abstractmethod
    def items(self) -> Tensor:
        """Vectors of the items on the side of the answer, float32 [I, D]."""

    def rows(self, item: Tensor) -> Tensor:
        """Some of these vectors, float32 [..., D] for numbers int64 [...]; a net with a sparse table overrides this."""
        return self.items[item]
