"""The twin for one past says what the net says, for any weights, sizes and lengths, and never by weights of yesterday."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.nn.blocks import TransformerBlock  # noqa: E402
from penchant.nn.one_past import OnePast, _twice_gelu  # noqa: E402

N_ITEMS = 50


class Net:
    """The parts of a twin put together in torch."""

    def __init__(self, dim: int, heads: int, inner: int, layers: int, length: int, size: float) -> None:
        self.items, self.places = torch.nn.Embedding(N_ITEMS, dim), torch.nn.Embedding(length, dim)
        self.blocks = torch.nn.ModuleList(TransformerBlock(dim, heads, inner, 0.1) for _ in range(layers))
        self.norm, self.scale = torch.nn.LayerNorm(dim), dim**0.5
        self.all = torch.nn.ModuleList([self.items, self.places, *self.blocks, self.norm]).eval()
        with torch.no_grad():
            for weight in self.all.parameters():
                # norms and biases too: a fresh net has ones and zeros there, which hide a mistake
                weight.add_(size * torch.randn(weight.shape))

    def newest(self, item: Any) -> Any:
        with torch.inference_mode():
            x = self.items(torch.from_numpy(item))[None] * self.scale + self.places.weight[: len(item)]
            for block in self.blocks:
                x = block(x)
            return self.norm(x)[0, -1:].numpy()

    def twin(self) -> OnePast:
        return OnePast(self.items.weight, self.places.weight, list(self.blocks), self.norm, self.scale)


def made(dim: int = 16, heads: int = 2, inner: int = 24, layers: int = 2, length: int = 12, size: float = 0.3) -> Net:
    torch.manual_seed(7)
    return Net(dim, heads, inner, layers, length, size)


def pasts(lengths: Any) -> list[Any]:
    rng = np.random.default_rng(11)
    return [rng.integers(0, N_ITEMS, length) for length in lengths]


SHAPES = [
    {},
    {"layers": 1},
    {"layers": 4, "heads": 1},
    {"dim": 2, "heads": 1, "inner": 3},
    {"dim": 48, "heads": 4, "inner": 192, "layers": 3},
    {"dim": 64, "heads": 2, "inner": 256, "length": 50},
    {"dim": 9, "heads": 3, "inner": 1},
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [0.05, 0.3])
def test_it_says_what_the_net_says(shape, size):
    net = made(**shape, size=size)
    twin, places = net.twin(), net.places.num_embeddings
    for item in pasts(range(1, places + 1)):
        expected, found = net.newest(item), twin.newest(item)
        assert found.shape == expected.shape and found.dtype == np.float32
        assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_logits_of_any_size_and_states_of_any_mean_are_held():
    # attention that looks at one place alone, logits far beyond what an exponential in float32 can hold, inner values beyond
    # what the polynomial can, and a mean of all states a hundred times their spread
    net = made()
    with torch.no_grad():
        for block in net.blocks:
            block.attention.into.weight.mul_(20)
            block.widen.weight.mul_(2000)
            block.attention.out.bias.add_(100)
    for item in pasts((1, 2, 7, 12)):
        expected, found = net.newest(item), net.twin().newest(item)
        # torch itself loses two digits of the spread to the mean here
        assert np.abs(found - expected).max() <= 1e-3 * np.abs(expected).max()


def test_the_activation():
    x = np.linspace(-50, 50, 1_000_001, dtype=np.float32)
    exact = x.astype(np.float64) * ndtr(x.astype(np.float64))
    assert (np.abs(_twice_gelu(x) / 2 - exact) / np.maximum(1, np.abs(exact))).max() < 2e-7
    far = np.asarray([-3e38, -1e6, -4e3, 4e3, 1e6, 1e38], dtype=np.float32)
    with np.errstate(over="ignore"):
        assert _twice_gelu(far).tolist() == [0, 0, 0, 8e3, 2e6, np.float32(2) * far[-1]]


def test_the_same_past_has_the_same_bits_whoever_asks_meanwhile():
    twin, asked = made().twin(), pasts([12, 3, 1, 7] * 50)
    alone = [twin.newest(item).tobytes() for item in asked]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda item: twin.newest(item).tobytes(), asked)) == alone
    assert [made().twin().newest(item).tobytes() for item in asked[:4]] == alone[:4]


def test_it_knows_when_a_weight_has_changed():
    net = made()
    for change in (
        lambda: net.blocks[1].narrow.bias.add_(1.0),
        lambda: net.all.load_state_dict(made(size=0.1).all.state_dict()),
        lambda: setattr(net.items.weight, "data", net.items.weight.data.clone()),
    ):
        twin = net.twin()
        assert twin.is_current()
        with torch.no_grad():
            change()
        assert not twin.is_current()
