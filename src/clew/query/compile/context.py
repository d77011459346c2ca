"""What a condition needs besides the span itself, and what is left of it without that."""

from collections.abc import Iterator

from clew.query.language import (
    COMPARISONS,
    LOGIC,
    Attribute,
    Binary,
    Field,
    Intrinsic,
    Literal,
    Scalar,
    Type,
    Unary,
)

OF_TRACE = frozenset(
    {
        Intrinsic.CHILD_COUNT,
        Intrinsic.TRACE_DURATION,
        Intrinsic.ROOT_NAME,
        Intrinsic.ROOT_SERVICE,
    }
)
TRUE, FALSE = Literal(Type.BOOL, True), Literal(Type.BOOL, False)


def leaves(scalar: Scalar) -> Iterator[Attribute | Field]:
    """The fields an expression reads, with repetitions."""
    match scalar:
        case Attribute() | Field():
            yield scalar
        case Unary():
            yield from leaves(scalar.operand)
        case Binary():
            yield from leaves(scalar.left)
            yield from leaves(scalar.right)


def needs_trace(scalar: Scalar | None) -> bool:
    """Whether other spans of the trace have a say."""
    return scalar is not None and any(
        leaf.parent or (isinstance(leaf, Field) and leaf.intrinsic in OF_TRACE)
        for leaf in leaves(scalar)
    )


def is_condition(scalar: Scalar) -> bool:
    """Whether the expression is a comparison or logic, and not a value."""
    match scalar:
        case Binary(operator):
            return operator in COMPARISONS or operator in LOGIC
        case Unary(operator):
            return operator == "!"
        case Literal(type):
            return type is Type.BOOL
    return False


def relaxed(scalar: Scalar | None, *, wanted: bool = True) -> Scalar | None:
    """A condition on the span alone that holds wherever this one does; None: no condition.

    With `wanted` False one that fails wherever this one does.
    """
    left = _relaxed(scalar, wanted) if scalar is not None else TRUE
    return None if left == TRUE else left


def _relaxed(scalar: Scalar, wanted: bool) -> Scalar:
    if not needs_trace(scalar):
        return scalar
    match scalar:
        case Unary("!", operand):
            inner = _relaxed(operand, not wanted)
            if inner in (TRUE, FALSE):
                return FALSE if inner == TRUE else TRUE
            return Unary("!", inner)
        case Binary("&&" | "||" as operator, left, right):
            sides = [_relaxed(left, wanted), _relaxed(right, wanted)]
            decides, leaves_open = (FALSE, TRUE) if operator == "&&" else (TRUE, FALSE)
            if decides in sides:
                return decides
            if leaves_open in sides:
                return sides[0] if sides[1] == leaves_open else sides[1]
            return Binary(operator, sides[0], sides[1])
    return TRUE if wanted else FALSE
