"""`count()`, `avg(x)` … of a set of spans, and conditions on them."""

import math
from collections.abc import Callable, Sequence

from clew.query.compile import Columns
from clew.query.evaluate.scalars import (
    Expression,
    arithmetic,
    compare,
    expression,
    is_number,
)
from clew.query.evaluate.spans import TraceSpans
from clew.query.language import (
    Aggregate,
    AggregateBinary,
    AggregateFilter,
    AggregateValue,
    Literal,
    Scalar,
)
from clew.query.span_values import Value

OfSet = Callable[[TraceSpans, Sequence[int]], Value]
Holds = Callable[[TraceSpans, Sequence[int]], bool]


def aggregate_filter(node: AggregateFilter, columns: Columns) -> Holds:
    """Whether a set of spans is kept."""
    left, right = _value(node.left, columns), _value(node.right, columns)
    return lambda trace, rows: compare(node.operator, left(trace, rows), right(trace, rows))


def _value(node: AggregateValue, columns: Columns) -> OfSet:
    match node:
        case Literal(_, value):
            return lambda trace, rows: value
        case AggregateBinary(operator, left, right):
            a, b = _value(left, columns), _value(right, columns)
            return lambda trace, rows: arithmetic(operator, a(trace, rows), b(trace, rows))
        case Aggregate("count"):
            return lambda trace, rows: len(rows)
        case Aggregate(function, operand, quantile):
            return _over(_function(function, quantile), _operand(operand, columns))


def _operand(operand: Scalar | None, columns: Columns) -> Expression:
    if operand is None:
        raise TypeError("only count() has nothing in its parentheses")
    return expression(operand, columns)


def _over(function: Callable[[list[float]], float], operand: Expression) -> OfSet:
    """
    Spans without a number are left out; of none there is no value. NaN is none: what is least or
    in the middle would depend on the order of the spans.
    """

    def value(trace: TraceSpans, rows: Sequence[int]) -> Value:
        numbers = [
            float(one)  # type: ignore[arg-type]
            for one in (operand(trace, row) for row in trace.spans.in_time(rows))
            if is_number(one) and one == one
        ]
        return function(numbers) if numbers else None

    return value


def _function(name: str, quantile: float | None) -> Callable[[list[float]], float]:
    match name:
        case "sum":
            return _sum
        case "avg":
            return lambda numbers: _sum(numbers) / len(numbers)
        case "min":
            return min
        case "max":
            return max
    if quantile is None:
        raise TypeError(f"{name} is no aggregate")
    return lambda numbers: _quantile(sorted(numbers), quantile)


def _sum(numbers: list[float]) -> float:
    """Exact but for the last rounding, so that the order of spans does not matter."""
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):
        return sum(numbers)


def _quantile(numbers: list[float], quantile: float) -> float:
    """Between the two closest ranks, in proportion."""
    place = quantile * (len(numbers) - 1)
    low = math.floor(place)
    high = min(low + 1, len(numbers) - 1)
    return numbers[low] + (numbers[high] - numbers[low]) * (place - low)
