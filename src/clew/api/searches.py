"""`/api/v1/search`: summaries of the traces that match a query, a page at a time."""

from collections.abc import Awaitable, Callable
from typing import Annotated, cast

from fastapi import Query
from pydantic import Field

from clew.api.ask import Ask
from clew.api.errors import invalid
from clew.api.search_types import (
    AnyValue,
    GroupValue,
    MatchedSpan,
    SearchAnswer,
    SelectedAttribute,
    ServicePart,
    SpanSet,
    TraceSummary,
)
from clew.api.times import FORMS, parse_range
from clew.api.types import Covered
from clew.query import matched
from clew.query.cursor import Cursor
from clew.query.finder import FoundTrace
from clew.query.language import MAX_LENGTH, parse
from clew.query.search import SPANS_PER_SET, Page, first_page, search

Text = Annotated[
    str,
    Query(
        description='TraceQL, for example `{ resource.service.name = "checkout" && duration > '
        "100ms }`; also a filter without braces, or a trace id, which is found whatever the time. "
        "Empty: all traces.",
        examples=["service.name = checkout"],
        json_schema_extra={"format": "traceql", "maxLength": MAX_LENGTH},
    ),
]
# Our own checks refuse an empty text, with a better sentence; this is for the OpenAPI page.
NotEmpty = Annotated[str, Field(json_schema_extra={"minLength": 1})]
Time = Annotated[str, Field(json_schema_extra={"minLength": 1, "format": "clew-time"})]
Start = Annotated[
    Time | None,
    Query(
        description=f"Spans starting then or later: {FORMS}. An hour before the end if left out."
    ),
]
End = Annotated[Time | None, Query(description="Spans starting then or earlier. Now if left out.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Traces in a page.")]
After = Annotated[
    NotEmpty | None,
    Query(
        description="`nextCursor` of the page before, with the same q. It brings its range along."
    ),
]
SpansPerSet = Annotated[
    int,
    Query(alias="spansPerSet", ge=0, le=100, description="Matched spans to list of each set."),
]


def endpoint(ask: Ask, now_ns: Callable[[], int]) -> Callable[..., Awaitable[SearchAnswer]]:
    """The handler."""

    async def search_traces(
        q: Text = "",
        start: Start = None,
        end: End = None,
        limit: Limit = 20,
        cursor: After = None,
        spans_per_set: SpansPerSet = SPANS_PER_SET,
    ) -> SearchAnswer:
        """Traces with a span that matches, the one with the newest matching span first."""
        query = parse(q)
        asked = parse_range(start, end, now_ns())
        after = first_page(asked.start_ns, asked.end_ns) if cursor is None else _parse(cursor, q)
        return _answer(await ask(search, query, after, limit, spans_per_set), q)

    return search_traces


def _parse(cursor: str, q: str) -> Cursor:
    try:
        return Cursor.decode(cursor, q)
    except ValueError as error:
        hint = (
            "Use nextCursor of an answer as it is, with the q of that answer, or leave it out for "
            "the first page."
        )
        raise invalid("cursor", str(error), hint) from None


def _answer(page: Page, q: str) -> SearchAnswer:
    return SearchAnswer(
        traces=[_summary(trace) for trace in page.traces],
        next_cursor=page.cursor.encode(q) if page.cursor else None,
        covered=Covered(
            start_time_unix_nano=str(page.covered.start_ns),
            end_time_unix_nano=str(page.covered.end_ns),
            limited_by=page.covered.limited_by,
        ),
    )


def _summary(trace: FoundTrace) -> TraceSummary:
    summary = trace.summary
    return TraceSummary(
        trace_id=summary.trace_id.hex(),
        root_service_name=summary.root_service,
        root_name=summary.root_name,
        start_time_unix_nano=str(summary.start_ns),
        duration_nanos=str(summary.duration_ns),
        span_count=summary.span_count,
        error_count=summary.error_count,
        orphan_count=summary.orphan_count,
        services=[
            ServicePart(name=part.name, span_count=part.span_count, error_count=part.error_count)
            for part in summary.services
        ],
        set_count=trace.set_count,
        span_sets=[_span_set(one) for one in trace.span_sets],
    )


def _span_set(one: matched.SpanSet) -> SpanSet:
    return SpanSet(
        matched=one.matched,
        by=[
            GroupValue(field=named.field, value=cast(AnyValue | None, named.value))
            for named in one.by
        ],
        spans=[_span(span) for span in one.spans],
    )


def _span(span: matched.MatchedSpan) -> MatchedSpan:
    return MatchedSpan(
        span_id=span.span_id.hex(),
        name=span.name,
        service_name=span.service,
        start_time_unix_nano=str(span.start_ns),
        duration_nanos=str(span.duration_ns),
        status_code=span.status_code,
        attributes=[
            SelectedAttribute(key=named.field, value=cast(AnyValue, named.value))
            for named in span.selected
            if named.value is not None
        ],
    )
