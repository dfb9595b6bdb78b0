"""Cross layers and the fusion of two streams against sums written out."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from torch import nn  # noqa: E402

from penchant.nn.cross import BilinearFusion, CrossLayers  # noqa: E402


def test_one_cross_layer_by_hand() -> None:
    crosses = CrossLayers(2, 1)
    layer = crosses.layers[0]
    assert isinstance(layer, nn.Linear)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0], [0.0, 1.0]]))
        layer.bias.copy_(torch.tensor([0.5, 0.0]))
    # x = (2, 3): W x + b = (8.5, 3); x * that + x = (17 + 2, 9 + 3)
    assert crosses(torch.tensor([[2.0, 3.0]])).tolist() == [[19.0, 12.0]]


def test_layers_multiply_with_the_input_and_add_what_came() -> None:
    torch.manual_seed(1)
    crosses, x = CrossLayers(5, 3), torch.randn(4, 5)
    expected = x
    for layer in crosses.layers:
        expected = x * layer(expected) + expected
    assert torch.allclose(crosses(x), expected, atol=1e-5)


def test_degree_grows_by_one_a_layer() -> None:
    torch.manual_seed(2)
    crosses, x = CrossLayers(3, 2).double(), torch.randn(1, 3).double()
    for layer in crosses.layers:
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    # without biases a polynomial of degree 3 along a line: its fourth differences vanish, its third do not
    values = torch.cat([crosses(t * x) for t in torch.arange(6).double()])
    third = values.diff(n=3, dim=0)
    assert third.abs().max() > 1e-6
    assert third.diff(dim=0).abs().max() < 1e-9 * values.abs().max()


def test_low_rank_layers_are_thin_matrices() -> None:
    torch.manual_seed(3)
    crosses, x = CrossLayers(6, 1, rank=2), torch.randn(3, 6)
    thin = crosses.layers[0]
    assert isinstance(thin, nn.Sequential)
    narrow, wide = thin
    assert isinstance(narrow, nn.Linear) and isinstance(wide, nn.Linear)
    matrix = wide.weight @ narrow.weight
    assert torch.linalg.matrix_rank(matrix) == 2
    assert torch.allclose(crosses(x), x * (x @ matrix.t() + wide.bias) + x, atol=1e-5)


def test_fusion_is_lines_and_products_of_each_head() -> None:
    torch.manual_seed(4)
    fusion = BilinearFusion(4, 6, 2)
    x, y = torch.randn(3, 4), torch.randn(3, 6)
    expected = fusion.line_x(x).squeeze(1) + (y @ fusion.line_y.weight.t()).squeeze(1)
    for head in range(2):
        own_x, own_y = x[:, 2 * head : 2 * head + 2], y[:, 3 * head : 3 * head + 3]
        expected = expected + ((own_x @ fusion.products[head]) * own_y).sum(1)
    assert torch.allclose(fusion(x, y), expected, atol=1e-5)


def test_widths_must_fit_the_heads() -> None:
    with pytest.raises(ValueError, match="expected widths that are multiples of 3, got 4 and 6"):
        BilinearFusion(4, 6, 3)
