"""The spansets of a trace that are left after the last stage of a query."""

import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial

from clew.query.compile import Columns, Condition, needs_trace
from clew.query.evaluate.aggregates import aggregate_filter
from clew.query.evaluate.scalars import Expression, expression, predicate
from clew.query.evaluate.spans import TraceSpans
from clew.query.evaluate.structure import relation
from clew.query.language import (
    AggregateFilter,
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
from clew.query.span_values import Other, Value

# From some spans of a trace, in order, those that are selected, in order.
_Chooses = Callable[[TraceSpans, Sequence[int]], Sequence[int]]


@dataclass(frozen=True)
class SpanGroup:
    """One spanset: its spans by start and id, and the expressions and values it was grouped by."""

    rows: Sequence[int]
    by: tuple[tuple[Scalar, Value], ...] = ()


_Applies = Callable[[TraceSpans, list[SpanGroup]], list[SpanGroup]]


class Evaluator:
    """A query made ready; `columns` is what it needs of the engine for each span."""

    def __init__(self, query: Pipeline, columns: Columns) -> None:
        self._columns = columns
        self._pipeline = self._of_pipeline(query)

    def columns(self) -> Condition:
        return self._columns.condition()

    def groups(self, trace: TraceSpans) -> list[SpanGroup]:
        """None of them is empty; without one the trace is not in the result.

        `OutOfTimeError` when the time that `Spans` has is over.
        """
        return self._pipeline(trace, trace.rows)

    def _of_pipeline(
        self, node: Pipeline
    ) -> Callable[[TraceSpans, Sequence[int]], list[SpanGroup]]:
        source = self._chooses(node.source)
        stages = [self._applies(stage) for stage in node.stages]

        def groups(trace: TraceSpans, rows: Sequence[int]) -> list[SpanGroup]:
            found = [SpanGroup(source(trace, rows))]
            for apply in stages:
                found = apply(trace, [group for group in found if len(group.rows)])
            return [group for group in found if len(group.rows)]

        return groups

    def _chooses(self, node: Spanset) -> _Chooses:
        match node:
            case Filter(condition):
                if condition is None:
                    return lambda trace, rows: rows
                if not needs_trace(condition):
                    name = self._columns.truth(condition)
                    return partial(_meeting, name)
                holds = predicate(condition, self._columns)
                return lambda trace, rows: [
                    row for row in trace.spans.in_time(rows) if holds(trace, row)
                ]
            case Pipeline():
                inner = self._of_pipeline(node)
                return lambda trace, rows: _united(inner(trace, rows))
            case Combine(operator, left, right):
                return _combined(operator, self._chooses(left), self._chooses(right))

    def _applies(self, stage: Stage) -> _Applies:
        match stage:
            case Filter() | Combine():
                chooses = self._chooses(stage)
                return lambda trace, groups: [
                    SpanGroup(chooses(trace, group.rows), group.by) for group in groups
                ]
            case AggregateFilter():
                holds = aggregate_filter(stage, self._columns)
                return lambda trace, groups: [group for group in groups if holds(trace, group.rows)]
            case GroupBy(keys):
                values = [(key, expression(key, self._columns)) for key in keys]
                return lambda trace, groups: [
                    part for group in groups for part in _split(trace, group, values)
                ]
            case Coalesce():
                return lambda trace, groups: [SpanGroup(_united(groups))]
            case Select():
                return lambda trace, groups: groups


def _meeting(name: str, trace: TraceSpans, rows: Sequence[int]) -> Sequence[int]:
    meets = trace.spans.column(name)
    return [row for row in rows if meets[row]]


def _combined(operator: str, left: _Chooses, right: _Chooses) -> _Chooses:
    if operator in ("&&", "||"):

        def either(trace: TraceSpans, rows: Sequence[int]) -> Sequence[int]:
            a, b = left(trace, rows), right(trace, rows)
            trace.spans.look_at_clock()
            if operator == "&&" and not (len(a) and len(b)):
                return ()
            return sorted({*a, *b})

        return either
    holds = relation(operator)

    def related(trace: TraceSpans, rows: Sequence[int]) -> Sequence[int]:
        a, b = left(trace, rows), right(trace, rows)
        trace.spans.look_at_clock()
        return holds(trace, a, b)

    return related


def _united(groups: Sequence[SpanGroup]) -> Sequence[int]:
    return sorted({row for group in groups for row in group.rows})


def _split(
    trace: TraceSpans, group: SpanGroup, keys: list[tuple[Scalar, Expression]]
) -> list[SpanGroup]:
    """By the values of the keys, in the order in which they first come."""
    parts: dict[Hashable, list[int]] = {}
    named: dict[Hashable, tuple[Value, ...]] = {}
    for row in trace.spans.in_time(group.rows):
        values = tuple(value(trace, row) for _, value in keys)
        key = tuple(map(_group_key, values))
        parts.setdefault(key, []).append(row)
        named.setdefault(key, values)
    return [
        SpanGroup(
            rows,
            (
                *group.by,
                *((scalar, value) for (scalar, _), value in zip(keys, named[key], strict=True)),
            ),
        )
        for key, rows in parts.items()
    ]


def _group_key(value: Value) -> Hashable:
    """Equal for values of one group: 1 and 1.0 are two, and so are all nan one."""
    match value:
        case Other():
            return ("array", json.dumps(value.json())) if value.is_array else ("other",)
        case float():
            return ("float", repr(value))
    return (type(value).__name__, value)
