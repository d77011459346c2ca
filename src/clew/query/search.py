"""Traces that have a span matching a query: summaries, the one with the newest match first.

A range is looked through in windows from its end to its start, each four times as long as the one
before: a busy store answers from the last seconds, a quiet one after a few cheap windows. A trace
belongs to the window of its newest match in the range; older windows that meet it drop it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Literal

from clew.query.bounds import of_traces, seconds, trace_ranges
from clew.query.condition import Condition, condition
from clew.query.cursor import Cursor
from clew.query.language import Query
from clew.query.rows import records, text
from clew.sql import load
from clew.store import Reader, StoreError

FIRST_WINDOW_NS = 15_000_000_000
WINDOW_GROWTH = 4
# A search that has not looked at everything by then answers with what it has, and says so.
SEARCH_SECONDS = 5.0
# Ids compare as bytes, so a page without a cursor begins after the greatest.
_LAST_ID = b"\xff" * 16


@dataclass(frozen=True)
class ServicePart:
    """What one service has in a trace."""

    name: str
    span_count: int
    error_count: int


@dataclass(frozen=True)
class Summary:
    """One trace of the list, counted over all its spans, matching or not."""

    trace_id: bytes
    newest_ns: int  # start of its newest matching span in the range searched
    root_service: str
    root_name: str
    start_ns: int
    duration_ns: int
    services: tuple[ServicePart, ...]

    @property
    def span_count(self) -> int:
        return sum(part.span_count for part in self.services)

    @property
    def error_count(self) -> int:
        return sum(part.error_count for part in self.services)


@dataclass(frozen=True)
class Covered:
    """The range that the page speaks for, and what ended it before all was looked at."""

    start_ns: int
    end_ns: int
    limited_by: Literal["limit", "time"] | None


@dataclass(frozen=True)
class Page:
    """Summaries, newest first; `cursor` is None when nothing is left to look at."""

    traces: tuple[Summary, ...]
    cursor: Cursor | None
    covered: Covered


@dataclass(frozen=True)
class _Candidate:
    trace_id: bytes
    newest_ns: int


@dataclass
class _Trace:
    """A summary in the making: one row of the answer per service."""

    first_ns: int = 2**64
    last_ns: int = 0
    newest_ns: int = 0
    root: tuple[int, str, str] | None = None
    services: list[ServicePart] = field(default_factory=list)


def search(reader: Reader, query: Query, after: Cursor, limit: int) -> Page:
    """At most `limit` traces after the cursor; `first_page` makes the cursor to begin with."""
    matching = condition(query)
    deadline = monotonic() + SEARCH_SECONDS
    found: list[Summary] = []
    position = after
    for first_ns, last_ns in _windows(after.start_ns, after.newest_ns):
        while True:
            try:
                candidates = _newest(reader, matching, position, first_ns, last_ns, limit + 1)
                summaries = _summaries(reader, matching, after, candidates)
            except StoreError as error:
                if not error.timeout or position == after:
                    raise
                return _page(found, position, "time")
            for candidate in candidates:
                summary = summaries.get(candidate.trace_id)
                if summary is not None and summary.newest_ns == candidate.newest_ns:
                    if len(found) == limit:
                        return _page(found, position, "limit")
                    found.append(summary)
                position = replace(
                    position, newest_ns=candidate.newest_ns, trace_id=candidate.trace_id
                )
            if len(candidates) <= limit:
                break
        if first_ns == after.start_ns:
            break
        position = replace(position, newest_ns=first_ns - 1, trace_id=_LAST_ID)
        if monotonic() > deadline:
            return _page(found, position, "time")
    return Page(tuple(found), None, Covered(after.start_ns, after.end_ns, None))


def first_page(start_ns: int, end_ns: int) -> Cursor:
    """The cursor before all traces of a range."""
    return Cursor(start_ns, end_ns, end_ns, _LAST_ID)


def _page(found: list[Summary], position: Cursor, limited_by: Literal["limit", "time"]) -> Page:
    covered = Covered(position.newest_ns, position.end_ns, limited_by)
    return Page(tuple(found), position, covered)


def _windows(start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
    """Ranges from the end to the start, both ends included, without gap or overlap."""
    length, last = FIRST_WINDOW_NS, end_ns
    while last >= start_ns:
        first = max(start_ns, last - length + 1)
        yield first, last
        last = first - 1
        length *= WINDOW_GROWTH


def _newest(
    reader: Reader,
    matching: Condition,
    after: Cursor,
    first_ns: int,
    last_ns: int,
    limit: int,
) -> list[_Candidate]:
    statement = load(
        "query/search_newest", condition=matching.text, seconds=load("query/part/seconds").text
    )
    table = reader.query(
        statement,
        **matching.parameters,
        **seconds(first_ns, last_ns),
        first_ns=first_ns,
        last_ns=last_ns,
        after_ns=after.newest_ns,
        after_id=after.trace_id.hex(),
        limit=limit,
    )
    return [_Candidate(**row) for row in records(table)]


def _summaries(
    reader: Reader, matching: Condition, after: Cursor, candidates: list[_Candidate]
) -> dict[bytes, Summary]:
    ranges = trace_ranges(reader, [candidate.trace_id for candidate in candidates])
    if not ranges:
        return {}
    traces, parameters = of_traces(ranges)
    table = reader.query(
        load("query/search_summary", condition=matching.text, traces=traces),
        **matching.parameters,
        **parameters,
        from_ns=after.start_ns,
        to_ns=after.end_ns,
    )
    built: dict[bytes, _Trace] = {}
    for row in records(table):
        trace = built.setdefault(row["trace_id"], _Trace())
        service = text(row["service"])
        trace.services.append(ServicePart(service, row["span_count"], row["error_count"]))
        trace.first_ns = min(trace.first_ns, row["first_ns"])
        trace.last_ns = max(trace.last_ns, row["last_ns"])
        trace.newest_ns = max(trace.newest_ns, row["newest_ns"])
        root = (row["root_ns"], service, text(row["root_name"]))
        if row["root_count"] and (trace.root is None or root < trace.root):
            trace.root = root
    orphans = _orphans(reader, [id for id, trace in built.items() if trace.root is None])
    return {
        trace_id: Summary(
            trace_id=trace_id,
            newest_ns=trace.newest_ns,
            root_service=trace.root[1] if trace.root else orphans[trace_id][0],
            root_name=trace.root[2] if trace.root else orphans[trace_id][1],
            start_ns=trace.first_ns,
            duration_ns=trace.last_ns - trace.first_ns,
            services=tuple(sorted(trace.services, key=lambda part: part.name)),
        )
        for trace_id, trace in built.items()
    }


def _orphans(reader: Reader, trace_ids: list[bytes]) -> dict[bytes, tuple[str, str]]:
    """Service and name of the span that stands for the missing root of each trace."""
    if not trace_ids:
        return {}
    traces, parameters = of_traces(trace_ranges(reader, trace_ids))
    table = reader.query(load("query/search_orphan", traces=traces), **parameters)
    return {
        row["trace_id"]: (text(row["root_service"]), text(row["root_name"]))
        for row in records(table)
    }
