"""`/api/v1/compare`: what differs between some spans and the others."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated

from fastapi import Query

from clew.api.ask import Ask
from clew.api.explore_types import AttributeRef, CompareAnswer, ComparedSide, Difference
from clew.api.searches import End, Start
from clew.api.span_queries import Text, covered, parse_span_query
from clew.api.times import parse_range
from clew.query.compare import Comparison, Said, Side, compare
from clew.query.compare import Difference as Found
from clew.query.language import MAX_LENGTH
from clew.query.per_span import SpanQuery

Baseline = Annotated[
    str | None,
    Query(
        description="A query for the spans to compare with, those of q excepted. If left out: "
        "spans of the service, name and kind that q asks for with =, if it asks for more, else "
        "all.",
        examples=["{ status != error }"],
        json_schema_extra={"format": "traceql", "maxLength": MAX_LENGTH},
    ),
]
Limit = Annotated[int, Query(ge=1, le=200, description="Most differences to list.")]


def endpoint(ask: Ask, now_ns: Callable[[], int]) -> Callable[..., Awaitable[CompareAnswer]]:
    """The handler."""

    async def compare_spans(
        q: Text = "",
        baseline: Baseline = None,
        start: Start = None,
        end: End = None,
        limit: Limit = 20,
    ) -> CompareAnswer:
        """Attribute values that the spans of q have more often than others of the range.

        Ranked by the lower bound of the 95 % confidence interval of the difference of the shares.
        """
        selection = parse_span_query(q, "a comparison")
        others = (
            selection.neighbours()
            if baseline is None
            else parse_span_query(baseline, "a comparison", "baseline")
        )
        asked = parse_range(start, end, now_ns())
        found = await ask(
            compare,
            selection,
            others,
            asked.start_ns,
            asked.end_ns,
            limit,
        )
        return CompareAnswer(
            differences=[_difference(one, found) for one in found.differences],
            selection=_side(found.selection, selection),
            baseline=_side(found.baseline, others),
            time_share=found.time_share,
            covered=covered(
                asked.start_ns,
                asked.end_ns,
                found.limited_by,
                found.selection.sampled + found.baseline.sampled,
            ),
        )

    return compare_spans


def _difference(one: Found, among: Comparison) -> Difference:
    return Difference(
        **dict(_ref(one.said)),
        selection_count=one.selection,
        baseline_count=one.baseline,
        selection_share=one.selection / among.selection.sampled,
        baseline_share=one.baseline / among.baseline.sampled,
        score=one.score,
        same_spans=[_ref(said) for said in one.same],
    )


def _ref(said: Said) -> AttributeRef:
    return AttributeRef.model_validate(asdict(said))


def _side(side: Side, query: SpanQuery) -> ComparedSide:
    return ComparedSide(query=query.text(), matched_spans=side.matched, sampled_spans=side.sampled)
