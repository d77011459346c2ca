"""Traces with a span in the result of a query: the one with the newest such span first.

Which traces come into question, a condition on single spans says. If that is all the query asks,
the engine finds them alone; else the spans of these traces are fetched and evaluated here.
A trace belongs to the window of its newest span that meets the condition; older windows that meet
it drop it.
"""

from dataclasses import dataclass
from typing import Literal

from clew.query.bounds import trace_ranges
from clew.query.compile import condition, needs_trace
from clew.query.cursor import Cursor
from clew.query.find_by_span import BySpan
from clew.query.find_by_trace import ByTrace
from clew.query.finder import Finder, FoundTrace, Hit, selected
from clew.query.index import Index
from clew.query.language import Pipeline, Query, TraceId
from clew.query.matched import SpanSet
from clew.query.prefilter import Prefilter, prefilter
from clew.query.scan import LAST_ID, Scan
from clew.query.trace_summary import summarised
from clew.store import Reader

# A search that has not looked at everything by then answers with what it has, and says so.
SEARCH_SECONDS = 5.0
SPANS_PER_SET = 3


@dataclass(frozen=True)
class Covered:
    """The range that the page speaks for, and what ended it before all was looked at."""

    start_ns: int
    end_ns: int
    limited_by: Literal["limit", "time", "memory"] | None


@dataclass(frozen=True)
class Page:
    """Traces, newest first; `cursor` is None when nothing is left to look at."""

    traces: tuple[FoundTrace, ...]
    cursor: Cursor | None
    covered: Covered


def search(
    reader: Reader, query: Query, after: Cursor, limit: int, spans_per_set: int = SPANS_PER_SET
) -> Page:
    """At most `limit` traces after the cursor; `first_page` makes the cursor to begin with."""
    if isinstance(query, TraceId):
        found = _by_id(reader, bytes.fromhex(query.trace_id), spans_per_set)
        return Page(found, None, Covered(after.start_ns, after.end_ns, None))
    wanted = prefilter(query)
    index = Index(reader, wanted.scalar)
    page = _page(reader, query, wanted, index, after, limit, spans_per_set)
    if index.outdated():
        # A value of a type that was nowhere came in while this was searched: it may be in a trace.
        page = _page(reader, query, wanted, index, after, limit, spans_per_set)
    return page


def first_page(start_ns: int, end_ns: int) -> Cursor:
    """The cursor before all traces of a range."""
    return Cursor(start_ns, end_ns, end_ns, LAST_ID)


def _page(
    reader: Reader,
    query: Pipeline,
    wanted: Prefilter,
    index: Index,
    after: Cursor,
    limit: int,
    spans_per_set: int,
) -> Page:
    finder: Finder
    if wanted.exact and not any(needs_trace(field) for _, field in selected(query)):
        finder = BySpan(reader, query, after, limit, spans_per_set, index)
    else:
        finder = ByTrace(reader, query, wanted.scalar, after, spans_per_set, index)
    scan = Scan(reader, finder, index.seconds, after, SEARCH_SECONDS)
    hits: list[Hit] = []
    limited: Literal["limit"] | None = None
    for hit in scan.hits():
        if len(hits) == limit:
            limited = "limit"
            break
        hits.append(hit)
    traces = finder.complete(hits)
    if limited is None and scan.limited_by is None:
        return Page(traces, None, Covered(after.start_ns, after.end_ns, None))
    covered = Covered(scan.position.newest_ns, after.end_ns, limited or scan.limited_by)
    return Page(traces, scan.position, covered)


def _by_id(reader: Reader, trace_id: bytes, spans_per_set: int) -> tuple[FoundTrace, ...]:
    """That trace, whenever it was."""
    everything = condition(None)
    ranges = trace_ranges(reader, [trace_id])
    return tuple(
        FoundTrace(
            seen.summary,
            seen.summary.start_ns,
            1,
            (SpanSet(seen.matched_count, (), seen.first),),
        )
        for seen in summarised(reader, ranges, everything, 0, 0, spans_per_set).values()
    )
