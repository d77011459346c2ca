"""Arithmetic of queries: what IEEE 754 says where Python raises."""

import math

import pytest

from clew.query.evaluate.scalars import arithmetic


@pytest.mark.parametrize(
    ("base", "exponent", "expected"),
    [
        (2, 10, 1024.0),
        (10.0, 400, math.inf),
        (-10.0, 401, -math.inf),
        (-10.0, 400, math.inf),
        (0.0, -1, math.inf),
        (-0.0, -1, -math.inf),
        (-0.0, -2, math.inf),
        (0.0, -0.5, math.inf),
    ],
)
def test_powers_too_large_are_infinite_with_their_sign(
    base: float, exponent: float, expected: float
) -> None:
    assert arithmetic("^", base, exponent) == expected


def test_roots_of_negative_numbers_are_no_numbers() -> None:
    found = arithmetic("^", -8.0, 0.5)
    assert isinstance(found, float)
    assert math.isnan(found)
