"""Which spans of a trace a query matched, as the answer shows them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from clew.query.bounds import TraceRange, of_traces
from clew.query.compile import Columns, Condition
from clew.query.language import Scalar
from clew.query.rows import texts, values
from clew.query.span_values import Json, as_any_value, read_values
from clew.sql import load
from clew.store import Reader


@dataclass(frozen=True)
class Named:
    """A value as AnyValue JSON, and the field it is of. None: there is no value."""

    field: str
    value: Json | None


@dataclass(frozen=True)
class MatchedSpan:
    """One span of a result, with the values that the query selects."""

    span_id: bytes
    name: str
    service: str
    start_ns: int
    duration_ns: int
    status_code: int
    selected: tuple[Named, ...] = ()


@dataclass(frozen=True)
class SpanSet:
    """How many spans it has, the values it was grouped by, and its first spans."""

    matched: int
    by: tuple[Named, ...]
    spans: tuple[MatchedSpan, ...]


def first_matched(
    reader: Reader,
    traces: Collection[TraceRange],
    matching: Condition,
    selected: Sequence[tuple[str, Scalar]],
    per_trace: int,
) -> dict[bytes, list[MatchedSpan]]:
    """The first spans of each trace that meet the condition."""
    if not traces or not per_trace:
        return {}
    columns = Columns("s")
    fields = [(field, scalar, columns.value(scalar)) for field, scalar in selected]
    more = columns.condition()
    where, parameters = of_traces(traces)
    table = reader.query(
        load("query/search_matched", condition=matching.text, columns=more.text, traces=where),
        **matching.parameters,
        **more.parameters,
        **parameters,
        per_trace=per_trace,
    ).combine_chunks()
    found: dict[bytes, list[MatchedSpan]] = {}
    for block in table.to_batches():
        read = [(field, scalar, read_values(block, names)) for field, scalar, names in fields]
        rows = zip(
            *[values(block.column(name)) for name in ("trace_id", "span_id")],
            *[texts(block.column(name)) for name in ("name", "service")],
            *[values(block.column(name)) for name in ("start_ns", "duration_ns", "status_code")],
            strict=True,
        )
        for row, (trace_id, span_id, name, service, *numbers) in enumerate(rows):
            start_ns, duration_ns, status_code = numbers
            shown = tuple(
                Named(field, as_any_value(scalar, column[row])) for field, scalar, column in read
            )
            found.setdefault(trace_id, []).append(
                MatchedSpan(span_id, name, service, start_ns, duration_ns, status_code, shown)
            )
    return found
