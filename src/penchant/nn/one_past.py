"""The state after one past, in numpy: what a transformer of plain blocks says of it, without what only batches need.

A live question brings one short past, and then most of the time of a net in torch is not arithmetic but the way to it: some
sixty operations, each with its dispatch. Here the same sums take fewer calls of less ceremony. What makes them fewer is
algebra, exact but for rounding:

- a norm's weights go into the linear map behind it, and so does the scale of attention;
- a norm takes the mean away, so whatever moves the mean of a state is never seen: all that is written into states is
  centred once, here, and a norm has no mean left to take away;
- a key's bias moves all logits of a query alike, which a softmax does not see; a value's bias goes through it unchanged;
- in the last block only the newest place asks: the keys' map is taken to its question instead of to all places, and the
  values' map to the mean of the places instead of to each of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from penchant.nn.blocks import TransformerBlock

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]

MOST = 256
"""Events of a past up to which this is faster; the logits of attention, [H, T, T], are written here and not in torch."""

_ODD = (1.8139242e-9, -1.3378306e-7, 3.9740686e-6, -5.5273371e-5, -3.3026754e-5, 0.036334149, 0.79788427)
_GELU = tuple(np.asarray(weight, dtype=np.float32) for weight in _ODD)
"""Weights of x^13, x^11, ... x in `_twice_gelu`. numpy reads a number fastest from an array without a dimension."""

_ONE = np.asarray(1, dtype=np.float32)


class OnePast:
    """A twin of a net with these parts, which live on a processor; several threads may ask it at once.

    It reads the table of items where it is, and holds copies of the smaller weights.

    Args:
        items: float32 [I or more, D].
        places: float32 [L, D].
        blocks: one at least.
        norm: of the newest state.
        scale: what vectors of items are multiplied with before those of places are added.
    """

    def __init__(
        self, items: Tensor, places: Tensor, blocks: Sequence[TransformerBlock], norm: nn.LayerNorm, scale: float
    ) -> None:
        dim, most = places.shape[1], min(len(places), MOST)
        self._items, self._mean = _array(items), np.full(dim, 1 / dim, dtype=np.float32)
        # states are held divided by the scale, so that the vectors of a past need not be multiplied with it
        self._places = _centred(_array(places)[:most]) / np.float32(scale)
        # a key that is later than the query, [keys, queries], is not seen
        self._future = np.tril(np.full((most, most), -np.inf, dtype=np.float32), -1)
        self._blocks = [_Block(block, scale) for block in blocks]
        self._least, self._weight = _norm_of(norm, scale)
        self._bias = _array(norm.bias)
        layers: list[nn.Module] = [*blocks, norm]
        self._read = [items, places, *(weight for layer in layers for weight in layer.parameters())]
        self._stamp = self._stamped()

    def newest(self, item: Int64) -> Float32:
        """The state after the newest of the events `item`, float32 [1, D].

        Args:
            item: int64 [T], oldest first, 1 <= T <= L, and T <= MOST.
        """
        t = len(item)
        x_TD = self._items.take(item, axis=0)
        x_TD -= (x_TD @ self._mean)[:, None]
        x_TD += self._places[:t]
        with np.errstate(over="ignore"):
            for block in self._blocks[:-1]:
                x_TD = block.all_places(x_TD, self._future[:t, :t])
            state = _normed(self._blocks[-1].newest_place(x_TD), self._least)
        state *= self._weight
        state += self._bias
        return state

    def is_current(self) -> bool:
        """Whether the weights are still those that this was made from: torch counts every change in place."""
        return self._stamp == self._stamped()

    def _stamped(self) -> tuple[int, int]:
        # averaged weights change places with those that learn, without a change in place; then the table is elsewhere
        return self._read[0].data_ptr(), sum([weight._version for weight in self._read])


class _Block:
    """The weights of a block, each map as [in, out], with norms and biases taken in.

    States are held centred and divided by `scale`.
    """

    def __init__(self, block: TransformerBlock, scale: float) -> None:
        attention, dim, least = block.attention, block.narrow.out_features, np.float32(1 / scale)
        self._heads = attention.n_heads
        self._least_attention, weight = _norm_of(block.norm_attention, scale)
        self._into = np.ascontiguousarray((_array(attention.into.weight) * weight).T)
        bias = _array(attention.into.weight) @ _array(block.norm_attention.bias) + _array(attention.into.bias)
        share = np.float32((dim // self._heads) ** -0.5)
        self._into[:, :dim] *= share
        self._query_bias = bias[:dim] * share
        out = _array(attention.out.weight)
        self._out = _centred(out.T) * least
        self._out_bias = _centred(out @ bias[2 * dim :] + _array(attention.out.bias)) * least
        self._least_network, weight = _norm_of(block.norm_network, scale)
        widen = _array(block.widen.weight)
        self._widen = np.ascontiguousarray((widen * weight).T)
        self._widen_bias = widen @ _array(block.norm_network.bias) + _array(block.widen.bias)
        # half of it, because the activation is made twice as great
        self._narrow = _centred(_array(block.narrow.weight).T) * (least / 2)
        self._narrow_bias = _centred(_array(block.narrow.bias)) * least
        # for the newest place: the keys' map turned round, [H, K, D] for K numbers a head, and the values' map, [H, D, K]
        self._keys = self._into[:, dim : 2 * dim].T.reshape(self._heads, -1, dim)
        self._values = self._into[:, 2 * dim :].reshape(dim, self._heads, -1).transpose(1, 0, 2)

    def all_places(self, x_TD: Float32, future_TT: Float32) -> Float32:
        """[T, D] -> [T, D], in place."""
        (t, d), heads = x_TD.shape, self._heads
        into = _normed(x_TD, self._least_attention) @ self._into
        query = into[:, :d]
        query += self._query_bias
        split = into.reshape(t, 3 * heads, -1)
        q_HKT, k_HTK = split[:, :heads].transpose(1, 2, 0), split[:, heads:-heads].transpose(1, 0, 2)
        # keys before queries, [H, T, T]: numpy is fastest where it compares row with row
        weight = k_HTK @ q_HKT
        weight += future_TT
        weight -= np.maximum.reduce(weight, axis=1, keepdims=True)
        np.exp(weight, out=weight)
        y_TD = np.empty_like(x_TD)
        y_THK = y_TD.reshape(t, heads, -1)
        np.matmul(weight.transpose(0, 2, 1), split[:, -heads:].transpose(1, 0, 2), out=y_THK.transpose(1, 0, 2))
        y_THK /= np.add.reduce(weight, axis=1).T[:, :, None]
        x_TD += y_TD @ self._out
        x_TD += self._out_bias
        return self._network(x_TD)

    def newest_place(self, x_TD: Float32) -> Float32:
        """What `all_places` gives at the last place, [1, D]."""
        u_TD, heads = _normed(x_TD, self._least_attention), self._heads
        query = u_TD[-1] @ self._into[:, : x_TD.shape[1]]
        query += self._query_bias
        weight = (query.reshape(heads, 1, -1) @ self._keys)[:, 0] @ u_TD.T
        weight -= np.maximum.reduce(weight, axis=1, keepdims=True)
        np.exp(weight, out=weight)
        weight /= np.add.reduce(weight, axis=1, keepdims=True)
        mean = (weight @ u_TD).reshape(heads, 1, -1) @ self._values
        y_1D = mean.reshape(1, -1) @ self._out
        y_1D += self._out_bias
        y_1D += x_TD[-1]
        return self._network(y_1D)

    def _network(self, x: Float32) -> Float32:
        inner = _normed(x, self._least_network) @ self._widen
        inner += self._widen_bias
        x += _twice_gelu(inner) @ self._narrow
        x += self._narrow_bias
        return x


def _normed(x: Float32, least: Float32) -> Float32:
    """Rows of mean 0 divided by the root of their sum of squares and `least`."""
    size = np.vecdot(x, x)
    size += least
    np.sqrt(size, out=size)
    found: Float32 = x / size[:, None]
    return found


def _twice_gelu(x: Float32) -> Float32:
    """Twice x P(N < x) for a standard normal N, the halves to 2e-7 of the greater of 1 and |x|.

    2 P(N < x) = 1 + tanh z for an odd and smooth z, here x times a polynomial of x^2, fitted so that the greatest error of the
    product over 0 <= x <= 7 is least. Beyond, tanh z is 1 or -1; from 4,000 on z may overflow to that. scipy's erf takes seven
    nanoseconds a number, and torch's gelu 25 microseconds before it begins.
    """
    square = x * x
    z = square * _GELU[0]
    for weight in _GELU[1:-1]:
        z += weight
        z *= square
    z += _GELU[-1]
    z *= x
    np.tanh(z, out=z)
    z += _ONE
    z *= x
    found: Float32 = z
    return found


def _norm_of(norm: nn.LayerNorm, scale: float) -> tuple[Float32, Float32]:
    """What makes `_normed` of states divided by `scale` the norm without its bias: `least`, and a weight for each number."""
    dim = norm.normalized_shape[0]
    return np.asarray(dim * norm.eps / scale**2, dtype=np.float32), _array(norm.weight) * np.float32(dim**0.5)


def _centred(x: Float32) -> Float32:
    """Rows without their mean."""
    found: Float32 = np.ascontiguousarray(x - x.mean(axis=-1, keepdims=True))
    return found


def _array(weight: Tensor) -> Float32:
    found: Float32 = weight.detach().numpy()
    return found
