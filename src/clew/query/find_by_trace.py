"""For queries that look at whole traces: the spans of candidates are fetched and evaluated."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clew.query.bounds import TraceRange, trace_ranges
from clew.query.candidates import Candidate
from clew.query.compile import Columns, condition
from clew.query.cursor import Cursor
from clew.query.evaluate import Evaluator, SpanGroup, Spans, TraceSpans, expression, fetch
from clew.query.finder import FoundTrace, Hit, TooLargeError, selected
from clew.query.index import Index
from clew.query.language import Pipeline, Scalar
from clew.query.language.text import show_scalar
from clew.query.matched import MatchedSpan, Named, SpanSet
from clew.query.span_values import as_any_value
from clew.query.trace_summary import summarised
from clew.store import Reader, StoreError

# A trace that is split into more sets shows the first of them.
MAX_SETS = 100
# How many candidates are evaluated at once: few at first, because most searches need few.
FIRST_PORTION, MAX_PORTION = 50, 1600
_PORTION_SPANS = 50_000


@dataclass(frozen=True)
class Evaluated:
    """A trace of the result: its spansets, and the newest of its spans that could be in one."""

    trace: TraceSpans
    newest_ns: int
    groups: Sequence[SpanGroup]


class ByTrace:
    """See `Finder`. A candidate is placed by its newest span that meets the prefilter."""

    def __init__(
        self,
        reader: Reader,
        query: Pipeline,
        scalar: Scalar | None,
        range_: Cursor,
        spans_per_set: int,
        index: Index,
    ) -> None:
        self.matching = index.matching()
        self.ask_for, self.portion = 2 * MAX_PORTION, FIRST_PORTION
        self.wanted = self.deadline = math.inf
        columns = Columns(held=index.held)
        self._evaluator = Evaluator(query, columns)
        self._candidate = None if scalar is None else columns.truth(scalar)
        self._selected = [
            (name, field, expression(field, columns)) for name, field in selected(query)
        ]
        self._columns = columns.condition()
        self._reader, self._range, self._spans_per_set = reader, range_, spans_per_set

    def hits(self, candidates: list[Candidate]) -> dict[bytes, Hit]:
        """See `Finder`."""
        placed = {one.trace_id: one.newest_ns for one in candidates}
        return {
            found.trace.trace_id: self.hit(found)
            for found in self.evaluated(list(placed))
            if found.newest_ns == placed[found.trace.trace_id]
        }

    def complete(self, hits: list[Hit]) -> tuple[FoundTrace, ...]:
        """See `Finder`."""
        ranges = trace_ranges(self._reader, [hit.trace_id for hit in hits])
        seen = summarised(self._reader, ranges, condition(None), 0, 0)
        return tuple(
            FoundTrace(seen[hit.trace_id].summary, hit.newest_ns, hit.set_count, hit.span_sets)
            for hit in hits
            if hit.trace_id in seen
        )

    def evaluated(self, trace_ids: Sequence[bytes]) -> Iterator[Evaluated]:
        """Those of the traces that have a span of their result in the range."""
        for spans in self._fetched(trace_ranges(self._reader, trace_ids)):
            for trace in spans.traces():
                groups = self._evaluator.groups(trace)
                if any(self.in_range(trace, row) for group in groups for row in group.rows):
                    yield Evaluated(trace, self._newest(trace), groups)

    def _fetched(self, ranges: Sequence[TraceRange]) -> Iterator[Spans]:
        """In pieces as large as the engine can give out."""
        if not ranges:
            return
        try:
            spans = fetch(self._reader, ranges, self._columns, self.deadline)
        except StoreError as error:
            if not error.memory:
                raise
            if len(ranges) == 1:
                raise TooLargeError(ranges[0].trace_id.hex()) from error
            half = len(ranges) // 2
            yield from self._fetched(ranges[:half])
            yield from self._fetched(ranges[half:])
            self.portion = half
            return
        if len(spans) > _PORTION_SPANS:
            self.portion = max(1, self.portion // 2)
        elif len(ranges) == self.portion and 4 * len(spans) < _PORTION_SPANS:
            self.portion = min(2 * self.portion, MAX_PORTION)
        yield spans

    def in_range(self, trace: TraceSpans, row: int) -> bool:
        return self._range.start_ns <= trace.starts[row] <= self._range.end_ns

    def _newest(self, trace: TraceSpans) -> int:
        meets = None if self._candidate is None else trace.spans.column(self._candidate)
        return max(
            (
                trace.starts[row]
                for row in trace.rows
                if (meets is None or meets[row]) and self.in_range(trace, row)
            ),
            default=-1,
        )

    def hit(self, found: Evaluated) -> Hit:
        """What the answer shows of it."""
        return Hit(
            found.trace.trace_id,
            found.newest_ns,
            set_count=len(found.groups),
            span_sets=tuple(self._set(found.trace, group) for group in found.groups[:MAX_SETS]),
        )

    def _set(self, trace: TraceSpans, group: SpanGroup) -> SpanSet:
        return SpanSet(
            len(group.rows),
            tuple(
                Named(show_scalar(scalar), as_any_value(scalar, value))
                for scalar, value in group.by
            ),
            tuple(self._span(trace, row) for row in group.rows[: self._spans_per_set]),
        )

    def _span(self, trace: TraceSpans, row: int) -> MatchedSpan:
        spans = trace.spans
        start_ns, end_ns = trace.starts[row], spans.column("end_ns")[row]
        return MatchedSpan(
            trace.ids[row],
            spans.text("name", row),
            spans.text("service", row),
            start_ns,
            max(0, end_ns - start_ns),
            spans.column("status_code")[row],
            tuple(
                Named(name, as_any_value(field, value(trace, row)))
                for name, field, value in self._selected
            ),
        )
