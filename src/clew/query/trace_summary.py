"""What a list shows of a trace, whatever was searched for."""

from collections.abc import Collection
from dataclasses import dataclass, field

from clew.query.bounds import TraceRange, of_traces, trace_ranges
from clew.query.compile import Condition
from clew.query.matched import MatchedSpan
from clew.query.rows import records, text
from clew.sql import load
from clew.store import Reader


@dataclass(frozen=True)
class ServicePart:
    """What one service has in a trace."""

    name: str
    span_count: int
    error_count: int


@dataclass(frozen=True)
class Summary:
    """One trace, counted over all its spans.

    `orphan_count`: spans whose parent is not stored.
    """

    trace_id: bytes
    root_service: str
    root_name: str
    start_ns: int
    duration_ns: int
    orphan_count: int
    services: tuple[ServicePart, ...]

    @property
    def span_count(self) -> int:
        return sum(part.span_count for part in self.services)

    @property
    def error_count(self) -> int:
        return sum(part.error_count for part in self.services)


@dataclass(frozen=True)
class Summarised:
    """A summary; of the spans that meet a condition the number, the newest start, the first."""

    summary: Summary
    matched_count: int
    newest_ns: int
    first: tuple[MatchedSpan, ...]


@dataclass
class _Trace:
    """A summary in the making: one row of the answer per service."""

    first_ns: int = 2**64
    last_ns: int = 0
    newest_ns: int = 0
    matched: int = 0
    orphans: int = 0
    root: tuple[tuple[int, bytes], str, str] | None = None
    services: list[ServicePart] = field(default_factory=list)
    first: list[MatchedSpan] = field(default_factory=list)


def summarised(
    reader: Reader,
    traces: Collection[TraceRange],
    matching: Condition,
    from_ns: int,
    to_ns: int,
    spans: int = 0,
) -> dict[bytes, Summarised]:
    """By trace id; a trace without spans is not in it. The newest match is one in this range.

    `spans`: so many of the matched spans are listed.
    """
    if not traces:
        return {}
    where, parameters = of_traces(traces)
    table = reader.query(
        load(
            "query/search_summary", condition=matching.text, traces=where, most=str(max(1, spans))
        ),
        **matching.parameters,
        **parameters,
        from_ns=from_ns,
        to_ns=to_ns,
    )
    built: dict[bytes, _Trace] = {}
    for row in records(table):
        trace = built.setdefault(row["trace_id"], _Trace())
        service = text(row["service"])
        trace.services.append(ServicePart(service, row["span_count"], row["error_count"]))
        trace.first_ns = min(trace.first_ns, row["first_ns"])
        trace.last_ns = max(trace.last_ns, row["last_ns"])
        trace.newest_ns = max(trace.newest_ns, row["newest_ns"])
        trace.matched += row["matched_count"]
        trace.orphans += row["orphan_count"]
        trace.first += (_matched(service, *one.values()) for one in row["first_matched"][:spans])
        root = (tuple(row["root"].values()), service, text(row["root_name"]))
        if row["root_count"] and (trace.root is None or root < trace.root):
            trace.root = root
    roots = _without_root(reader, [key for key, trace in built.items() if trace.root is None])
    return {
        trace_id: Summarised(
            _summary(trace_id, trace, roots),
            trace.matched,
            trace.newest_ns,
            tuple(sorted(trace.first, key=lambda span: (span.start_ns, span.span_id))[:spans]),
        )
        for trace_id, trace in built.items()
    }


def _matched(
    service: str, start_ns: int, span_id: bytes, name: bytes, duration_ns: int, status_code: int
) -> MatchedSpan:
    return MatchedSpan(span_id, text(name), service, start_ns, duration_ns, status_code)


def _summary(trace_id: bytes, trace: _Trace, roots: dict[bytes, tuple[str, str]]) -> Summary:
    service, name = trace.root[1:] if trace.root else roots[trace_id]
    return Summary(
        trace_id=trace_id,
        root_service=service,
        root_name=name,
        start_ns=trace.first_ns,
        duration_ns=trace.last_ns - trace.first_ns,
        orphan_count=trace.orphans,
        services=tuple(sorted(trace.services, key=lambda part: part.name)),
    )


def _without_root(reader: Reader, trace_ids: list[bytes]) -> dict[bytes, tuple[str, str]]:
    """Service and name of the span that stands for the missing root of each trace."""
    if not trace_ids:
        return {}
    traces, parameters = of_traces(trace_ranges(reader, trace_ids))
    table = reader.query(load("query/search_orphan", traces=traces), **parameters)
    return {
        row["trace_id"]: (text(row["root_service"]), text(row["root_name"]))
        for row in records(table)
    }
