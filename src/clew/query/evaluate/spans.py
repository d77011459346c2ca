"""The spans of some traces as columns; rows of one trace stand together, by start and span id."""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from time import monotonic
from typing import Any

import pyarrow as pa

from clew.query.bounds import TraceRange, of_traces
from clew.query.compile import Condition, Held
from clew.query.evaluate.kinship import NO_PARENT, Kinship
from clew.query.rows import text, values
from clew.query.span_values import Value, read_values
from clew.sql import load
from clew.store import Reader

# Looking at a clock costs as much as evaluating some rows.
_ROWS_AT_ONCE = 1024


class OutOfTimeError(Exception):
    """The time to evaluate was over before all was."""


class Spans:
    """The rows of a fetch; a column becomes Python values when it is first asked for.

    `deadline`: until when they may be looked at, by `time.monotonic`.
    """

    def __init__(self, block: pa.RecordBatch, deadline: float = math.inf) -> None:
        self._block, self._deadline = block, deadline
        self._columns: dict[str, list[Any]] = {}
        self._values: dict[str, list[Value]] = {}

    def __len__(self) -> int:
        rows: int = self._block.num_rows
        return rows

    def column(self, name: str) -> list[Any]:
        """A column as it is in the answer."""
        if name not in self._columns:
            self._columns[name] = values(self._block.column(name))
        return self._columns[name]

    def values(self, names: dict[Held, str]) -> list[Value]:
        """The columns of `Columns.value` as one."""
        key = ",".join(names.values())
        if key not in self._values:
            self._values[key] = read_values(self._block, names)
        return self._values[key]

    def text(self, name: str, row: int) -> str:
        """One cell of a column of strings."""
        return text(self._block.column(name)[row].as_py())

    def look_at_clock(self) -> None:
        """`OutOfTimeError` when the time is over; to be called between passes over a trace."""
        if monotonic() > self._deadline:
            raise OutOfTimeError

    def in_time(self, rows: Sequence[int]) -> Iterator[int]:
        """The rows, for a pass whose steps are as long as the query."""
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            self.look_at_clock()
            yield from rows[first : first + _ROWS_AT_ONCE]

    def traces(self) -> Iterator["TraceSpans"]:
        ids = self.column("trace_id")
        first = 0
        while first < len(ids):
            end = first + 1
            while end < len(ids) and ids[end] == ids[first]:
                end += 1
            yield TraceSpans(self, ids[first], range(first, end))
            first = end


class TraceSpans:
    """One trace of a fetch. Spans are the numbers of their rows."""

    def __init__(self, spans: Spans, trace_id: bytes, rows: range) -> None:
        self.spans, self.trace_id, self.rows = spans, trace_id, rows
        self.ids: list[bytes] = spans.column("span_id")
        self.parent_ids: list[bytes] = spans.column("parent_span_id")
        self.starts: list[int] = spans.column("start_ns")

    @cached_property
    def kinship(self) -> Kinship:
        """Rows count from the first one of the trace in it."""
        own = slice(self.rows.start, self.rows.stop)
        return Kinship(self.ids[own], self.parent_ids[own])

    @cached_property
    def by_id(self) -> dict[bytes, list[int]]:
        """The spans of each id, the earliest first; most often one."""
        found: dict[bytes, list[int]] = {}
        for row in self.rows:
            found.setdefault(self.ids[row], []).append(row)
        return found

    def parent(self, row: int) -> int | None:
        """The earliest span with the id of the parent."""
        parent_id = self.parent_ids[row]
        found = self.by_id.get(parent_id) if parent_id != NO_PARENT else None
        return found[0] if found else None

    @cached_property
    def root(self) -> int | None:
        """The earliest span without a parent."""
        return next((row for row in self.rows if self.parent_ids[row] == NO_PARENT), None)

    @cached_property
    def child_counts(self) -> Counter[bytes]:
        """By the id of the parent."""
        return Counter(self.parent_ids[row] for row in self.rows)

    @cached_property
    def duration_ns(self) -> int:
        ends = self.spans.column("end_ns")
        last = max(max(self.starts[row], ends[row]) for row in self.rows)
        return int(last - self.starts[self.rows[0]])


def fetch(
    reader: Reader, traces: Collection[TraceRange], columns: Condition, deadline: float = math.inf
) -> Spans:
    """All spans of these traces, with the columns that an evaluator asks for."""
    where, parameters = of_traces(traces)
    table = reader.query(
        load("query/search_spans", columns=columns.text, traces=where),
        **columns.parameters,
        **parameters,
    )
    blocks = table.combine_chunks().to_batches()
    empty = pa.RecordBatch.from_pylist([], schema=table.schema)
    return Spans(blocks[0] if blocks else empty, deadline)
