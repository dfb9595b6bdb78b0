"""What a net that reads sequences must offer."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn


class PastReader(Protocol):
    """What reads one past at a time."""

    def newest(self, item: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """The state after the newest of the events `item` (int64 [T], oldest first), float32 [1, D]."""


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

    def newest(self, item_BT: Tensor, seconds_BT: Tensor, length_B: Tensor) -> Tensor:
        """The state after the newest event of each row, float32 [B, D]; rows hold one event at least.

        A net that can do with less than all states overrides this: it is what answers.
        """
        h_BTD: Tensor = self(item_BT, seconds_BT, length_B)
        return h_BTD[torch.arange(len(h_BTD), device=h_BTD.device), length_B - 1]

    def one_past(self, n_events: int) -> PastReader | None:
        """What says the same as `newest` of a single past of so many events, but sooner; None: nothing does.

        It reads no times, and is asked for anew for each past: weights may have changed. A net that has one overrides this, see
        `penchant.nn.one_past`.
        """
        return None

    @property
    @abstractmethod
    def items(self) -> Tensor:
        """Vectors of the items on the side of the answer, float32 [I, D]."""

    def scores(self, h_BD: Tensor) -> Tensor:
        """Products of states with all items, float32 [B, I]; a net whose `items` are put together on demand overrides this."""
        return h_BD @ self.items.t()

    @property
    def width(self) -> int:
        """Numbers of a state, D."""
        return self.items.shape[1]

    def rows(self, item: Tensor) -> Tensor:
        """Some of these vectors, float32 [..., D] for numbers int64 [...]; a net with a sparse table overrides this."""
        return self.items[item]

    def rows_of(self, item: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """The same as arrays, for answers."""
        with torch.inference_mode():
            found: npt.NDArray[np.float32] = self.rows(torch.from_numpy(item).to(self.items.device)).cpu().numpy()
        return found
