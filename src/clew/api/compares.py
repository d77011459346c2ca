"""`/api/v1/compare`: what differs between some spans and the others."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from typing import Annotated

from fastapi import Query

from clew.api.ask import Ask
from clew.api.errors import invalid
from clew.api.explore_types import AttributeRef, CompareAnswer, ComparedSide, Difference
from clew.api.searches import End, Start, Time
from clew.api.span_queries import Text, covered, parse_span_query
from clew.api.times import Range, parse_range, parse_time
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
Select = Annotated[
    str | None,
    Query(
        description="A query that tells the selection among the spans of q; the baseline is then "
        "the rest of them, unless another is given.",
        examples=["{ status = error && duration >= 2s }"],
        json_schema_extra={"format": "traceql", "maxLength": MAX_LENGTH},
    ),
]
SelectStart = Annotated[
    Time | None,
    Query(
        alias="selectStart",
        description="The selection is only spans that start then or later; as start.",
    ),
]
SelectEnd = Annotated[
    Time | None,
    Query(alias="selectEnd", description="The selection is only spans that start then or earlier."),
]
Limit = Annotated[
    int, Query(ge=1, le=200, description="Most differences to list, and most outcomes.")
]


def endpoint(ask: Ask, now_ns: Callable[[], int]) -> Callable[..., Awaitable[CompareAnswer]]:
    """The handler."""

    async def compare_spans(
        q: Text = "",
        baseline: Baseline = None,
        select: Select = None,
        select_start: SelectStart = None,
        select_end: SelectEnd = None,
        start: Start = None,
        end: End = None,
        limit: Limit = 20,
    ) -> CompareAnswer:
        """Attribute values that some spans of the range have more often than others.

        Ranked by the lower bound of the 95 % confidence interval of the difference of the shares.
        """
        asked = parse_range(start, end, now_ns())
        all_of_q = parse_span_query(q, "a comparison")
        selection, left_out = all_of_q, all_of_q.left_out()
        others = all_of_q.neighbours()
        window = _window(select_start, select_end, asked)
        if select is not None or window is not None:
            selected = parse_span_query(select or "", "a comparison", "select")
            selection, left_out = all_of_q.narrowed(selected), selected.left_out()
            others = all_of_q
        if baseline is not None:
            others = parse_span_query(baseline, "a comparison", "baseline")
        found = await ask(
            partial(compare, left_out=left_out, window=window),
            selection,
            others,
            asked.start_ns,
            asked.end_ns,
            limit,
        )
        return CompareAnswer(
            differences=[_difference(one, found) for one in found.differences],
            outcomes=[_difference(one, found) for one in found.outcomes],
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


def _window(start: str | None, end: str | None, asked: Range) -> tuple[int, int] | None:
    """When the selection starts; None: all of the range."""
    if start is None and end is None:
        return None
    first_ns = asked.start_ns if start is None else parse_time("selectStart", start)
    last_ns = asked.end_ns if end is None else parse_time("selectEnd", end)
    if first_ns > last_ns:
        shown = f"{first_ns if start is None else start} is after {last_ns if end is None else end}"
        raise invalid("selectStart", shown, "Exchange the two.")
    return first_ns, last_ns


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
