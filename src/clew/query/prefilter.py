"""Which spans can be in the result of a query, as one condition on a span.

It is never narrower than the query. Where it is exactly as wide, no other span has to be looked at.
"""

from dataclasses import dataclass

from clew.query.compile import needs_trace, relaxed
from clew.query.language import (
    AggregateFilter,
    Binary,
    Coalesce,
    Combine,
    Filter,
    GroupBy,
    Pipeline,
    Scalar,
    Select,
    Spanset,
    Stage,
)


@dataclass(frozen=True)
class Prefilter:
    """`scalar` is met by every span of every result; None: by all spans.

    `exact`: and the spans of a trace that meet it are its result, as one set.
    """

    scalar: Scalar | None
    exact: bool


def prefilter(node: Spanset) -> Prefilter:
    """That of a query or of a part of it."""
    match node:
        case Filter(condition):
            return Prefilter(relaxed(condition), not needs_trace(condition))
        case Combine(operator, left, right):
            return _combined(operator, prefilter(left), prefilter(right))
        case Pipeline(source, stages):
            found = prefilter(source)
            for stage in stages:
                found = _narrowed(found, stage)
            return found


def _combined(operator: str, left: Prefilter, right: Prefilter) -> Prefilter:
    if operator in ("&&", "||") or operator.startswith("&"):
        either = None
        if left.scalar is not None and right.scalar is not None:
            either = Binary("||", left.scalar, right.scalar)
        return Prefilter(either, operator == "||" and left.exact and right.exact)
    return Prefilter(right.scalar, False)


def _narrowed(found: Prefilter, stage: Stage) -> Prefilter:
    match stage:
        case Filter() | Combine():
            other = prefilter(stage)
            return Prefilter(both(found.scalar, other.scalar), found.exact and other.exact)
        case GroupBy() | AggregateFilter():
            return Prefilter(found.scalar, False)
        case Select() | Coalesce():
            return found


def both(left: Scalar | None, right: Scalar | None) -> Scalar | None:
    """The condition that both hold."""
    if left is None or right is None:
        return left or right
    return Binary("&&", left, right)
