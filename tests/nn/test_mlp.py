"""Plain layers."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from torch import nn  # noqa: E402

from penchant.nn.mlp import Mlp  # noqa: E402


def test_layers_by_hand() -> None:
    net = Mlp(2, (2,), batch_norm=False, out=1)
    first, last = net.layers[0], net.layers[-1]
    assert isinstance(first, nn.Linear) and isinstance(last, nn.Linear)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[1.0, -1.0], [1.0, 1.0]]))
        last.weight.copy_(torch.tensor([[2.0, 3.0]]))
    # (1, 2) -> (-1, 3) -> ReLU (0, 3) -> 9
    assert net(torch.tensor([[1.0, 2.0]])).tolist() == [[9.0]]
    assert net.width == 1


def test_no_hidden_layer_is_a_linear_map_and_nothing_is_the_input() -> None:
    x = torch.randn(3, 4)
    assert [type(part) for part in Mlp(4, (), out=2).layers] == [nn.Linear]
    assert torch.equal(Mlp(4, ())(x), x)


def test_a_batch_is_normed_in_training_and_rows_stand_alone_in_answers() -> None:
    torch.manual_seed(1)
    net = Mlp(3, (8,), dropout=0.0)
    x = 5 + 3 * torch.randn(64, 3)
    normed = net.layers[1](net.layers[0](x))
    assert torch.allclose(normed.mean(0), torch.zeros(8), atol=1e-5)
    net.eval()
    assert torch.allclose(net(x)[:1], net(x[:1]), atol=1e-6)
