"""What a net that reads sequences offers without saying so."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.nn.sequence import SequenceNet  # noqa: E402


class Table(SequenceNet):
    """Knows items only."""

    def forward(self, item_BT, seconds_BT, length_B):
        return self.items[item_BT]

    @property
    def items(self):
        return torch.arange(12.0).view(4, 3)


def test_rows_are_rows_of_all_items():
    net = Table()
    assert net.rows(torch.tensor([[3, 0]])).tolist() == [[[9.0, 10.0, 11.0], [0.0, 1.0, 2.0]]]
    assert net.rows_of(np.asarray([3, 0])).tolist() == [[9.0, 10.0, 11.0], [0.0, 1.0, 2.0]]


def test_one_past_has_no_twin_unless_a_net_says_so():
    assert Table().one_past(1) is None
