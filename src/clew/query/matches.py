"""All traces in the result of a query, one after the other: for answers that count their spans.

It takes every query. What each span tells alone, the engine counts faster by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from clew.query.cursor import Cursor
from clew.query.find_by_trace import ByTrace, Evaluated
from clew.query.finder import Hit
from clew.query.index import Index
from clew.query.language import Pipeline, Scalar
from clew.query.prefilter import prefilter
from clew.query.scan import LAST_ID, Scan
from clew.store import Reader


@dataclass(frozen=True)
class Span:
    """What is counted of a matched span."""

    span_id: bytes
    start_ns: int
    duration_ns: int
    status_code: int


@dataclass(frozen=True)
class Match:
    """A trace of the result: the spans of its spansets that start in the range, each once."""

    trace_id: bytes
    spans: tuple[Span, ...]


class Matches:
    """To be read once; newest first.

    `covered_from_ns`: from there to the end of the range all has been looked at. If that is not
    the start of the range when the last one was read, `limited_by` says why.
    """

    def __init__(
        self, reader: Reader, query: Pipeline, start_ns: int, end_ns: int, seconds: float
    ) -> None:
        range_ = Cursor(start_ns, end_ns, end_ns, LAST_ID)
        wanted = prefilter(query)
        self._start_ns = start_ns
        index = Index(reader, wanted.scalar)
        self._finder = _Counting(reader, query, wanted.scalar, range_, index)
        self._scan = Scan(reader, self._finder, index.seconds, range_, seconds)
        self._done = False

    def __iter__(self) -> Iterator[Match]:
        for hit in self._scan.hits():
            yield self._finder.matches.pop(hit.trace_id)
        self._done = self._scan.limited_by is None

    @property
    def covered_from_ns(self) -> int:
        return self._start_ns if self._done else self._scan.position.newest_ns

    @property
    def limited_by(self) -> Literal["time", "memory"] | None:
        return self._scan.limited_by


class _Counting(ByTrace):
    """Keeps of each trace what is counted, and nothing to show."""

    def __init__(
        self,
        reader: Reader,
        query: Pipeline,
        scalar: Scalar | None,
        range_: Cursor,
        index: Index,
    ) -> None:
        super().__init__(reader, query, scalar, range_, 0, index)
        self.matches: dict[bytes, Match] = {}

    def hit(self, found: Evaluated) -> Hit:
        """See `ByTrace`."""
        trace = found.trace
        ends, codes = trace.spans.column("end_ns"), trace.spans.column("status_code")
        rows = {row for group in found.groups for row in group.rows if self.in_range(trace, row)}
        spans = tuple(
            Span(trace.ids[row], start_ns, max(0, ends[row] - start_ns), codes[row])
            for row, start_ns in ((row, trace.starts[row]) for row in sorted(rows))
        )
        self.matches[trace.trace_id] = Match(trace.trace_id, spans)
        return Hit(trace.trace_id, found.newest_ns)
