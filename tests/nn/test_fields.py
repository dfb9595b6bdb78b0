"""Fields of a meeting: what is missing, what is unknown, and the arithmetic, by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.nn.fields import FARTHEST, CategoryField, CycleField, NumberField, TagsField, VectorField  # noqa: E402


def test_a_missing_and_an_unknown_category_share_the_last_vector() -> None:
    field = CategoryField(3, 2)
    found = field(torch.tensor([0, 2, -1, 3, 99]))
    assert torch.equal(found[:2], field.weight[[0, 2]])
    assert all(torch.equal(row, field.weight[3]) for row in found[2:])


def test_a_number_is_a_place_on_a_line() -> None:
    field = NumberField(2)
    field.measure(torch.tensor([2.0, 4.0, 6.0, float("nan")]))
    # mean 4, standard deviation sqrt(8/3)
    with torch.no_grad():
        field.line.weight.copy_(torch.tensor([[1.0], [-2.0]]))
        field.line.bias.copy_(torch.tensor([0.5, 0.0]))
    z = 2 / math.sqrt(8 / 3)
    found = field(torch.tensor([4.0, 6.0, float("nan"), float("inf"), 1e9]))
    assert found[0].tolist() == pytest.approx([0.5, 0.0])
    assert found[1].tolist() == pytest.approx([0.5 + z, -2 * z])
    assert torch.equal(found[2], field.missing) and torch.equal(found[3], field.missing)
    assert found[4].tolist() == pytest.approx([0.5 + FARTHEST, -2 * FARTHEST])


def test_a_constant_or_empty_column_of_numbers_divides_by_nothing() -> None:
    field = NumberField(2)
    field.measure(torch.tensor([3.0, 3.0]))
    assert (float(field.mean), float(field.scale)) == (3.0, 1.0)
    field = NumberField(2)
    field.measure(torch.tensor([float("nan")]))
    assert torch.isfinite(field(torch.tensor([1.0, float("nan")]))).all()


def test_a_cycle_ends_where_it_begins() -> None:
    field = CycleField(24.0, 4)
    found = field(torch.tensor([0.0, 24.0, 12.0, float("nan")]))
    assert torch.allclose(found[0], found[1], atol=1e-5)
    assert not torch.allclose(found[0], found[2], atol=1e-2)
    assert torch.equal(found[3], field.missing)
    # at 6 of 24 the first sine is 1, the second 0, the third -1; cosines 0, -1, 0
    with torch.no_grad():
        field.circle.weight.copy_(torch.eye(6)[:4])
        field.circle.bias.zero_()
    assert field(torch.tensor([6.0]))[0].tolist() == pytest.approx([1.0, 0.0, -1.0, 0.0], abs=1e-6)


def test_tags_are_a_mean_and_none_has_a_vector_of_its_own() -> None:
    field = TagsField(3, 2)
    # rows: {0, 2}, {}, {1}, {5 unknown}, {1, 5}
    found = field(torch.tensor([0, 2, 1, 5, 1, 5]), torch.tensor([0, 2, 2, 3, 4, 6]))
    weight = field.weight
    expected = torch.stack([(weight[0] + weight[2]) / 2, weight[3], weight[1], weight[3], weight[1]])
    assert torch.allclose(found, expected)


def test_a_vector_counts_by_its_direction() -> None:
    field = VectorField(3, 2)
    found = field(torch.tensor([[3.0, 0.0, 4.0], [0.6, 0.0, 0.8], [float("nan"), 1.0, 1.0]]))
    assert torch.allclose(found[0], found[1], atol=1e-6)
    assert torch.equal(found[2], field.missing)


@pytest.mark.parametrize("field", [NumberField(2), CycleField(7.0, 2), VectorField(1, 2)])
def test_missing_values_leave_no_gradient_that_is_no_number(field) -> None:
    value = torch.tensor([float("nan"), 1.0])
    out = field(value[:, None] if isinstance(field, VectorField) else value)
    out.square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in field.parameters() if p.grad is not None)
    assert field.missing.grad is not None
