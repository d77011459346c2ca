"""Queries that can be answered span by span, as a condition on the table of spans.

Which spans match `{ a } || { b }`, or `{ a } | { b } | by(x) | select(y)`, each span tells alone.
`{ a } && { b }`, relations and aggregates need the other spans of the trace: `NeedsTrace`.
"""

from dataclasses import dataclass, replace

from clew.query.bounds import MAX_NS, trace_ranges
from clew.query.compile import Condition, NeedsTrace, condition
from clew.query.index import Index
from clew.query.language import (
    Attribute,
    Binary,
    Field,
    Filter,
    GroupBy,
    Intrinsic,
    Literal,
    Pipeline,
    Query,
    Scalar,
    Scope,
    TraceId,
    Type,
    Unary,
    parse,
)
from clew.query.language.text import show
from clew.query.prefilter import both, prefilter
from clew.query.trace_summary import summarised
from clew.store import Reader

Named = Attribute | Field

# What a selection and the spans it is compared with have in common.
_KEPT = (
    Attribute(Scope.RESOURCE, "service.name"),
    Attribute(Scope.ANY, "service.name"),
    Field(Intrinsic.NAME),
    Field(Intrinsic.KIND),
)


@dataclass(frozen=True)
class SpanQuery:
    """A query that needs one span at a time; without a `scalar` every span matches.

    `trace_id`: the query is nothing but this id, which is found whatever the time.
    """

    scalar: Scalar | None
    trace_id: str | None = None

    def range(self, reader: Reader, start_ns: int, end_ns: int) -> tuple[int, int]:
        """Starts of spans to look at: as asked for, or from the first to the last of that trace."""
        if self.trace_id is None:
            return start_ns, end_ns
        ranges = trace_ranges(reader, [bytes.fromhex(self.trace_id)])
        for seen in summarised(reader, ranges, condition(None), 0, MAX_NS).values():
            return seen.summary.start_ns, seen.newest_ns
        return start_ns, end_ns

    def condition(self, reader: Reader, prefix: str = "q") -> Condition:
        """Its condition; parameters begin with the prefix."""
        return condition(self.scalar, prefix, Index(reader, self.scalar).held)

    def text(self) -> str:
        """The query as the language spells it."""
        return show(Pipeline(Filter(self.scalar)))

    def left_out(self) -> set[tuple[str, str]]:
        """Scopes and keys that it speaks of: a difference in them would only repeat the query."""
        named: set[tuple[str, str]] = set()
        for name in set() if self.scalar is None else _names(self.scalar):
            if isinstance(name, Field):
                named.add(("intrinsic", name.intrinsic.value.removeprefix("span:")))
            else:
                scopes = ("span", "resource") if name.scope is Scope.ANY else (name.scope.value,)
                named |= {(scope, name.key) for scope in scopes}
        return named

    def narrowed(self, other: "SpanQuery") -> "SpanQuery":
        """The query for spans that match both."""
        return SpanQuery(both(self.scalar, other.scalar))

    def neighbours(self) -> "SpanQuery":
        """The query that keeps of this one only which service, name and kind it wants.

        If it wants nothing else, all of these are in it, and the neighbours are all other spans.
        """
        parts = _conjuncts(self.scalar)
        kept = [part for part in parts if _is_kept(part)]
        scalar: Scalar | None = None
        for part in kept if len(kept) < len(parts) else ():
            scalar = both(scalar, part)
        return SpanQuery(scalar)


EVERY_SPAN = SpanQuery(None)


def span_query(text: str) -> SpanQuery:
    """The query of a text; `QueryError` if it is none, `NeedsTrace` if it needs whole traces."""
    found = of_spans(parse(text))
    if found is None:
        raise NeedsTrace(text)
    return found


def of_spans(query: Query) -> SpanQuery | None:
    """The query for single spans; None if it needs whole traces."""
    if isinstance(query, TraceId):
        literal = Literal(Type.STRING, query.trace_id)
        return SpanQuery(Binary("=", Field(Intrinsic.TRACE_ID), literal), query.trace_id)
    # Groups change which aggregates there are, and not which spans.
    ungrouped = tuple(stage for stage in query.stages if not isinstance(stage, GroupBy))
    found = prefilter(replace(query, stages=ungrouped))
    return SpanQuery(found.scalar) if found.exact else None


def _names(scalar: Scalar) -> set[Named]:
    match scalar:
        case Attribute() | Field():
            return {scalar}
        case Unary(operand=operand):
            return _names(operand)
        case Binary(left=left, right=right):
            return _names(left) | _names(right)
    return set()


def _conjuncts(scalar: Scalar | None) -> list[Scalar]:
    match scalar:
        case None:
            return []
        case Binary(operator="&&", left=left, right=right):
            return _conjuncts(left) + _conjuncts(right)
    return [scalar]


def _is_kept(scalar: Scalar) -> bool:
    match scalar:
        case Binary(operator="=", left=left, right=Literal()):
            return left in _KEPT
    return False
