"""For queries whose result is all spans that meet one condition: the engine finds them alone."""

import math
from collections.abc import Sequence

from clew.query.bounds import TraceRange, trace_ranges
from clew.query.candidates import Candidate
from clew.query.cursor import Cursor
from clew.query.finder import FoundTrace, Hit, selected
from clew.query.index import Index
from clew.query.language import Pipeline
from clew.query.matched import MatchedSpan, SpanSet, first_matched
from clew.query.trace_summary import summarised
from clew.store import Reader


class BySpan:
    """See `Finder`."""

    def __init__(
        self,
        reader: Reader,
        query: Pipeline,
        range_: Cursor,
        limit: int,
        spans_per_set: int,
        index: Index,
    ) -> None:
        self.matching = index.matching()
        # One more, which tells that the page is not the last.
        self.ask_for = self.portion = limit + 1
        self.wanted: float = self.ask_for
        self.deadline = math.inf  # all work is the engine's, which has its own
        self._reader, self._range, self._spans_per_set = reader, range_, spans_per_set
        self._selected = selected(query)
        self._ranges: dict[bytes, TraceRange] = {}

    def hits(self, candidates: list[Candidate]) -> dict[bytes, Hit]:
        """See `Finder`."""
        ranges = trace_ranges(self._reader, [one.trace_id for one in candidates])
        self._ranges.update((one.trace_id, one) for one in ranges)
        found = summarised(
            self._reader,
            ranges,
            self.matching,
            self._range.start_ns,
            self._range.end_ns,
            self._spans_per_set,
        )
        hits = {
            one.trace_id: Hit(one.trace_id, one.newest_ns, found[one.trace_id])
            for one in candidates
            if one.trace_id in found and found[one.trace_id].newest_ns == one.newest_ns
        }
        self.ask_for = max(1, self.ask_for - len(hits))
        self.wanted = self.ask_for
        return hits

    def complete(self, hits: list[Hit]) -> tuple[FoundTrace, ...]:
        """See `Finder`."""
        seen = {hit.trace_id: hit.seen for hit in hits if hit.seen is not None}
        spans: dict[bytes, Sequence[MatchedSpan]] = {key: one.first for key, one in seen.items()}
        if self._selected:
            ranges = [self._ranges[trace_id] for trace_id in seen]
            spans |= first_matched(
                self._reader, ranges, self.matching, self._selected, self._spans_per_set
            )
        return tuple(
            FoundTrace(
                seen[hit.trace_id].summary,
                hit.newest_ns,
                1,
                (SpanSet(seen[hit.trace_id].matched_count, (), tuple(spans[hit.trace_id])),),
            )
            for hit in hits
            if hit.trace_id in seen
        )
