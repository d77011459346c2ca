"""`/api/v1/histogram`: matching spans over time, by status and duration."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Query

from clew.api.ask import Ask
from clew.api.explore_types import Bucket, HistogramAnswer
from clew.api.searches import End, Start, Text
from clew.api.span_queries import covered
from clew.api.times import parse_range
from clew.query.histogram import Histogram, histogram, histogram_of_traces
from clew.query.language import Pipeline, parse
from clew.query.per_span import of_spans

Buckets = Annotated[
    int,
    Query(ge=1, le=300, description="Most buckets; their width is the next round one."),
]


def endpoint(ask: Ask, now_ns: Callable[[], int]) -> Callable[..., Awaitable[HistogramAnswer]]:
    """The handler."""

    async def get_histogram(
        q: Text = "", start: Start = None, end: End = None, buckets: Buckets = 60
    ) -> HistogramAnswer:
        """Matching spans over time: counts by status, a heatmap of durations, quantiles."""
        query = parse(q)
        asked = parse_range(start, end, now_ns())
        bounds = asked.start_ns, asked.end_ns, buckets
        by_span = of_spans(query)
        if by_span is not None:
            return _answer(await ask(histogram, by_span, *bounds))
        # A trace id is a query of spans, so this is none.
        assert isinstance(query, Pipeline)
        return _answer(await ask(histogram_of_traces, query, *bounds))

    return get_histogram


def _answer(found: Histogram) -> HistogramAnswer:
    return HistogramAnswer(
        bucket_nanos=str(found.width_ns),
        duration_bounds_nanos=[str(bound) for bound in found.bounds_ns],
        buckets=[
            Bucket(
                start_time_unix_nano=str(bucket.start_ns),
                span_count=bucket.unset + bucket.ok + bucket.errors,
                unset_count=bucket.unset,
                ok_count=bucket.ok,
                error_count=bucket.errors,
                duration_counts=bucket.durations,
                error_duration_counts=bucket.error_durations,
                p50_duration_nanos=str(bucket.quantiles_ns[0]),
                p95_duration_nanos=str(bucket.quantiles_ns[1]),
                p99_duration_nanos=str(bucket.quantiles_ns[2]),
            )
            for bucket in found.buckets
        ],
        covered=covered(found.start_ns, found.end_ns, found.limited_by, None),
    )
