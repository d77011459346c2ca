"""`/api/v1/search`: summaries of the traces that match a query, a page at a time."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Query
from pydantic import Field

from clew.api.ask import Ask
from clew.api.errors import invalid
from clew.api.times import FORMS, parse_range
from clew.api.types import Covered, SearchAnswer, ServicePart, TraceSummary
from clew.query.cursor import Cursor
from clew.query.language import parse
from clew.query.search import Page, Summary, first_page, search

Text = Annotated[
    str,
    Query(
        description="`service.name = NAME`, NAME in quotes if it has spaces; empty: all.",
        examples=["service.name = checkout"],
    ),
]
# Our own checks refuse an empty text, with a better sentence; this is for the OpenAPI page.
NotEmpty = Annotated[str, Field(json_schema_extra={"minLength": 1})]
Start = Annotated[
    NotEmpty | None,
    Query(
        description=f"Spans starting then or later: {FORMS}. An hour before the end if left out."
    ),
]
End = Annotated[
    NotEmpty | None, Query(description="Spans starting then or earlier. Now if left out.")
]
Limit = Annotated[int, Query(ge=1, le=1000, description="Traces in a page.")]
After = Annotated[
    NotEmpty | None,
    Query(
        description="`nextCursor` of the page before, with the same q. It brings its range along."
    ),
]


def endpoint(ask: Ask, now_ns: Callable[[], int]) -> Callable[..., Awaitable[SearchAnswer]]:
    """The handler."""

    async def search_traces(
        q: Text = "",
        start: Start = None,
        end: End = None,
        limit: Limit = 20,
        cursor: After = None,
    ) -> SearchAnswer:
        """Traces with a span that matches, the one with the newest matching span first."""
        query = parse(q)
        asked = parse_range(start, end, now_ns())
        after = first_page(asked.start_ns, asked.end_ns) if cursor is None else _parse(cursor, q)
        return _answer(await ask(search, query, after, limit), q)

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


def _summary(trace: Summary) -> TraceSummary:
    return TraceSummary(
        trace_id=trace.trace_id.hex(),
        root_service_name=trace.root_service,
        root_name=trace.root_name,
        start_time_unix_nano=str(trace.start_ns),
        duration_nanos=str(trace.duration_ns),
        span_count=trace.span_count,
        error_count=trace.error_count,
        services=[
            ServicePart(name=part.name, span_count=part.span_count, error_count=part.error_count)
            for part in trace.services
        ],
    )
