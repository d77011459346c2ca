"""Expressions of a filter → functions of a span in its trace.

What a span tells alone is a column of the engine. So is a comparison whose fields are all of the
parent, or all of the root: it is asked of every span, and looked up at the other one. What is left
are comparisons between spans, and numbers that belong to the trace; regular expressions are not.
"""

import math
import operator as python
from collections.abc import Callable
from enum import Enum
from typing import Any

from clew.query.compile import Columns, needs_trace
from clew.query.compile.cases import SERVICE
from clew.query.compile.context import is_condition, leaves
from clew.query.compile.truth import comparison_parts
from clew.query.evaluate.spans import TraceSpans
from clew.query.language import (
    ARITHMETIC,
    Attribute,
    Binary,
    Field,
    Intrinsic,
    Literal,
    Scalar,
    Type,
    Unary,
)
from clew.query.span_values import Other, Value

Predicate = Callable[[TraceSpans, int], bool]
Expression = Callable[[TraceSpans, int], Value]
# The span that a field is of; None: there is none.
Lookup = Callable[[TraceSpans, int], int | None]

_ROOT_FIELDS: dict[Intrinsic, Scalar] = {
    Intrinsic.ROOT_NAME: Field(Intrinsic.NAME),
    Intrinsic.ROOT_SERVICE: SERVICE,
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": python.eq,
    "!=": python.ne,
    "<": python.lt,
    "<=": python.le,
    ">": python.gt,
    ">=": python.ge,
}


class _Of(Enum):
    """Whose the field is."""

    SPAN = "span"
    PARENT = "parent"
    ROOT = "root"
    PARENTS_ROOT = "parent's root"
    TRACE = "trace"  # and not of one span of it


_LOOKUPS: dict[_Of, Lookup] = {
    _Of.PARENT: lambda trace, row: trace.parent(row),
    _Of.ROOT: lambda trace, row: trace.root,
    _Of.PARENTS_ROOT: lambda trace, row: None if trace.parent(row) is None else trace.root,
}


def predicate(scalar: Scalar, columns: Columns) -> Predicate:
    """Whether a condition holds for a span."""
    if not needs_trace(scalar):
        name = columns.truth(scalar)
        return lambda trace, row: bool(trace.spans.column(name)[row])
    match scalar:
        case Unary("!", operand):
            inner = predicate(operand, columns)
            return lambda trace, row: not inner(trace, row)
        case Binary("&&", left, right):
            a, b = predicate(left, columns), predicate(right, columns)
            return lambda trace, row: a(trace, row) and b(trace, row)
        case Binary("||", left, right):
            a, b = predicate(left, columns), predicate(right, columns)
            return lambda trace, row: a(trace, row) or b(trace, row)
        case Binary():
            return _comparison(scalar, columns)
    return _comparison(Binary("=", scalar, Literal(Type.BOOL, True)), columns)


def expression(scalar: Scalar, columns: Columns) -> Expression:
    """The value of an expression for a span; None: it has none."""
    if not needs_trace(scalar) and not is_condition(scalar):
        names = columns.value(scalar)
        return lambda trace, row: trace.spans.values(names)[row]
    match scalar:
        case Attribute() | Field():
            return _field(scalar, columns)
        case Unary("-", operand):
            inner = expression(operand, columns)
            return lambda trace, row: negated(inner(trace, row))
        case Binary(operator, left, right) if operator in ARITHMETIC:
            a, b = expression(left, columns), expression(right, columns)
            return lambda trace, row: arithmetic(operator, a(trace, row), b(trace, row))
    return predicate(scalar, columns)


def is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def compare(operator: str, left: Value, right: Value) -> bool:
    """False unless both are there and of one kind; numbers of both types are one kind."""
    if isinstance(left, Other) or isinstance(right, Other) or left is None or right is None:
        return False
    if type(left) is not type(right) and not (is_number(left) and is_number(right)):
        return False
    if left != left or right != right:  # nan
        return False
    if isinstance(left, str) and isinstance(right, str):
        return _COMPARE[operator](left.encode(), right.encode())
    return _COMPARE[operator](left, right)


def negated(value: Value) -> Value:
    return -float(value) if is_number(value) else None  # type: ignore[arg-type]


def arithmetic(operator: str, left: Value, right: Value) -> Value:
    """As float64; None if a side is no number, and for a division by zero."""
    if not is_number(left) or not is_number(right):
        return None
    a, b = float(left), float(right)  # type: ignore[arg-type]
    match operator:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b if b else None
        case "%":
            return _remainder(a, b) if b else None
    return _power(a, b)


def _remainder(a: float, b: float) -> float:
    return math.nan if math.isinf(a) or math.isnan(b) else math.fmod(a, b)


def _power(a: float, b: float) -> float:
    """As IEEE 754 has it, where Python raises."""
    try:
        return math.pow(a, b)
    except ValueError:
        if a != 0:
            return math.nan
    except OverflowError:
        pass
    return math.copysign(math.inf, a) if b % 2 == 1 else math.inf


def _comparison(scalar: Binary, columns: Columns) -> Predicate:
    operator, left, right = comparison_parts(scalar)
    is_nil = isinstance(right, Literal) and right.type is Type.NIL
    owners = {_of(leaf) for leaf in leaves(scalar)}
    if len(owners) == 1 and (lookup := _LOOKUPS.get(owners.pop())) is not None:
        name = columns.truth(Binary(operator, _own(left), _own(right)))
        return _at(lookup, name, without=is_nil and operator == "=")
    value = expression(left, columns)
    if is_nil:
        wanted = operator == "="
        return lambda trace, row: (value(trace, row) is None) is wanted
    other = expression(right, columns)
    return lambda trace, row: compare(operator, value(trace, row), other(trace, row))


def _at(lookup: Lookup, name: str, *, without: bool) -> Predicate:
    def holds(trace: TraceSpans, row: int) -> bool:
        at = lookup(trace, row)
        return without if at is None else bool(trace.spans.column(name)[at])

    return holds


def _field(leaf: Attribute | Field, columns: Columns) -> Expression:
    owner = _of(leaf)
    if owner is _Of.TRACE:
        assert isinstance(leaf, Field)
        of_trace = _of_trace(leaf.intrinsic)
        if not leaf.parent:
            return of_trace

        def of_parent(trace: TraceSpans, row: int) -> Value:
            parent = trace.parent(row)
            return None if parent is None else of_trace(trace, parent)

        return of_parent
    lookup, names = _LOOKUPS[owner], columns.value(_own(leaf))

    def value(trace: TraceSpans, row: int) -> Value:
        at = lookup(trace, row)
        return None if at is None else trace.spans.values(names)[at]

    return value


def _of_trace(intrinsic: Intrinsic) -> Expression:
    if intrinsic is Intrinsic.TRACE_DURATION:
        return lambda trace, row: trace.duration_ns
    return lambda trace, row: trace.child_counts[trace.ids[row]]


def _of(leaf: Attribute | Field) -> _Of:
    if isinstance(leaf, Field) and leaf.intrinsic in _ROOT_FIELDS:
        return _Of.PARENTS_ROOT if leaf.parent else _Of.ROOT
    if isinstance(leaf, Field) and needs_trace(Field(leaf.intrinsic)):
        return _Of.TRACE
    return _Of.PARENT if leaf.parent else _Of.SPAN


def _own(scalar: Scalar) -> Scalar:
    """The same of the span itself."""
    match scalar:
        case Field(intrinsic) if intrinsic in _ROOT_FIELDS:
            return _ROOT_FIELDS[intrinsic]
        case Field(intrinsic):
            return Field(intrinsic)
        case Attribute(scope, key):
            return Attribute(scope, key)
        case Unary(operator, operand):
            return Unary(operator, _own(operand))
        case Binary(operator, left, right):
            return Binary(operator, _own(left), _own(right))
    return scalar
