"""Bags: weighted sums of rows."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch

from penchant.nn.bags import Bags

CPU = torch.device("cpu")


def test_a_bag_is_the_weighted_sum_of_its_rows_and_an_empty_one_is_zero():
    rows = sp.csr_matrix(np.asarray([[2.0, 0.0, 0.5], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]], dtype=np.float32))
    table = torch.tensor([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    # 2 x row 0 + .5 x row 2; nothing; row 1
    assert Bags.of(rows, CPU).summed(table).tolist() == [[4.0, 40.0], [0.0, 0.0], [2.0, 20.0]]


def test_bags_of_no_columns_are_zeros():
    assert Bags.of(sp.csr_matrix((2, 0), dtype=np.float32), CPU).summed(torch.zeros(0, 3)).tolist() == [[0.0] * 3] * 2
