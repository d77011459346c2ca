"""Parameters that the endpoints beside search share."""

from typing import Annotated

from fastapi import Query

from clew.api.errors import ApiError
from clew.api.types import SampleCovered
from clew.query.compile import NeedsTrace
from clew.query.language import MAX_LENGTH
from clew.query.newest import Limited
from clew.query.per_span import SpanQuery, span_query

Text = Annotated[
    str,
    Query(
        description="A query that each span answers alone, as for search; empty: all spans.",
        examples=["service.name = checkout"],
        json_schema_extra={"format": "traceql", "maxLength": MAX_LENGTH},
    ),
]


def parse_span_query(text: str, what: str, parameter: str = "q") -> SpanQuery:
    """The query; one that needs whole traces is refused, because `what` looks at spans."""
    try:
        return span_query(text)
    except NeedsTrace:
        raise ApiError(
            400,
            "needs_trace",
            f"{parameter}: {what} looks at each span alone, and this query needs whole traces.",
            "Leave out relations and && between { }, aggregates, parent and trace fields; "
            "/api/v1/search takes them all.",
        ) from None


def covered(start_ns: int, end_ns: int, limited_by: Limited, spans: int | None) -> SampleCovered:
    """What an answer speaks for."""
    return SampleCovered(
        start_time_unix_nano=str(start_ns),
        end_time_unix_nano=str(end_ns),
        limited_by=limited_by,
        sampled_spans=spans,
    )
