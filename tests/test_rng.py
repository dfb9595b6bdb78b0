"""Randomness comes from a seed, and from nothing else."""

from __future__ import annotations

import numpy as np

from penchant.rng import for_request, generator, stable_hash


def test_without_a_purpose_the_stream_is_numpys() -> None:
    assert generator(7).random(5).tolist() == np.random.default_rng(7).random(5).tolist()


def test_purposes_give_independent_streams() -> None:
    draws = [generator(7, *purpose).random() for purpose in ((), ("a",), ("b",), ("a", "b"), ("ab",))]
    assert len(set(draws)) == 5
    assert generator(7, "a").random() == draws[1]


def test_a_request_is_drawn_again_by_its_id() -> None:
    assert for_request(1, "r1").random() == for_request(1, "r1").random()
    assert for_request(1, "r1").random() != for_request(1, "r2").random()
    assert for_request(1, "r1").random() != for_request(2, "r1").random()


def test_the_hash_is_the_same_in_every_process() -> None:
    # blake2b-64 of "a" is fixed by RFC 7693; the value was computed with `b2sum -l 64`
    assert stable_hash("a") == int("40f89e395b66422f", 16)
    assert 0 <= stable_hash("") < 2**64
