"""Matching spans over time: counts by status, a heatmap of durations, and quantiles.

Durations are counted in 64 steps per power of two, exact below 128 ns; quantiles are taken from
these counts, so they are within 0.8 % and the same however often the range was cut. The heatmap
joins 16 steps each: bounds are 1, 5/4, 3/2 and 7/4 times a power of two, in whole nanoseconds.
"""

import struct
from dataclasses import dataclass
from math import ceil
from time import monotonic
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clew.query.bounds import seconds
from clew.query.compile import Condition
from clew.query.language import Pipeline
from clew.query.matches import Matches
from clew.query.newest import Limited
from clew.query.per_span import SpanQuery
from clew.sql import load
from clew.store import Reader, StoreError

# An answer that has not looked at the whole range by then says so.
SECONDS = 6.0
QUANTILES = (0.5, 0.95, 0.99)

_SECOND_NS = 1_000_000_000
_MINUTE_NS, _HOUR_NS, _DAY_NS = 60 * _SECOND_NS, 3600 * _SECOND_NS, 86_400 * _SECOND_NS
_WIDTHS_NS: tuple[int, ...] = (
    *[digit * 10**power for power in range(9) for digit in (1, 2, 5)],
    *[count * _SECOND_NS for count in (1, 2, 5, 10, 15, 30)],
    *[count * _MINUTE_NS for count in (1, 2, 5, 10, 15, 30)],
    *[count * _HOUR_NS for count in (1, 2, 3, 6, 12)],
    *[digit * 10**power * _DAY_NS for power in range(6) for digit in (1, 2, 5)],
)
_SHIFT = 46  # see histogram.sql: 6 bits of the mantissa are left
_STEPS_PER_ROW = 16
_OK, _ERROR = 1, 2
_FAST_SECONDS = 0.3
_FIRST_SHARE = 16  # of the range that is looked at first

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Bucket:
    """Spans that start in one stretch of time. `unset`: neither ok nor error."""

    start_ns: int
    unset: int
    ok: int
    errors: int
    durations: list[int]  # spans per row of the heatmap
    error_durations: list[int]  # those of them that are errors; none: empty
    quantiles_ns: tuple[int, ...]  # as QUANTILES


@dataclass(frozen=True)
class Histogram:
    """Buckets that have spans, by time, of the covered range."""

    width_ns: int
    bounds_ns: list[int]  # of the rows of the heatmap: one more than rows
    buckets: list[Bucket]
    start_ns: int
    end_ns: int
    limited_by: Limited


def histogram(reader: Reader, query: SpanQuery, start_ns: int, end_ns: int, most: int) -> Histogram:
    """At most `most` buckets over the range, both ends included; of a trace id, over its own."""
    start_ns, end_ns = query.range(reader, start_ns, end_ns)
    matching = query.condition(reader)
    width = width_of(start_ns, end_ns, most)
    first, last = start_ns // width, end_ns // width
    size = max(1, (last - first + 1) // _FIRST_SHARE)
    deadline = monotonic() + SECONDS
    tables: list[pa.Table] = []
    covered_ns = end_ns + 1
    # From the newest on, in whole buckets.
    while last >= first and (not tables or monotonic() < deadline):
        begin = max(first, last - size + 1)
        first_ns, last_ns = max(start_ns, begin * width), min(end_ns, (last + 1) * width - 1)
        began = monotonic()
        try:
            tables.append(_counts(reader, matching, width, first_ns, last_ns))
        except StoreError as error:
            given_up = size == 1 or monotonic() > deadline
            if not (error.timeout or error.memory) or (given_up and not tables):
                raise
            if given_up:
                break
            size = max(1, size // 4)
            continue
        covered_ns, last = first_ns, begin - 1
        if monotonic() - began < _FAST_SECONDS:
            size *= 4
    limited_by: Limited = "time" if covered_ns > start_ns else None
    return Histogram(width, *_summed(tables, width), covered_ns, end_ns, limited_by)


def histogram_of_traces(
    reader: Reader, query: Pipeline, start_ns: int, end_ns: int, most: int
) -> Histogram:
    """The same for any query: the spans of its results, found trace by trace."""
    width = width_of(start_ns, end_ns, most)
    matches = Matches(reader, query, start_ns, end_ns, SECONDS)
    spans = [span for match in matches for span in match.spans]
    # Of traces that were not looked at only older spans could count.
    counted = [span for span in spans if span.start_ns >= matches.covered_from_ns]
    codes = np.array([span.status_code for span in counted])
    table = pa.table(
        {
            "bucket": np.array([span.start_ns // width for span in counted], np.uint64),
            "step": _steps(np.array([span.duration_ns for span in counted], np.uint64)),
            "spans": np.ones(len(counted), np.uint64),
            "ok": (codes == _OK).astype(np.uint64),
            "errors": (codes == _ERROR).astype(np.uint64),
        }
    )
    summed = _summed([table], width)
    return Histogram(width, *summed, matches.covered_from_ns, end_ns, matches.limited_by)


def _steps(durations: Numbers) -> Numbers:
    """As histogram.sql has them."""
    whole = durations & np.uint64(2**64 - 2**11)
    exact = np.where(durations < np.uint64(2**53), durations, whole).astype(np.float64)
    return exact.view(np.uint64) >> np.uint64(_SHIFT)


def width_of(start_ns: int, end_ns: int, most: int) -> int:
    """The narrowest of the widths with which the range touches at most `most` buckets."""
    for width in _WIDTHS_NS:
        if end_ns // width - start_ns // width < most:
            return width
    return _WIDTHS_NS[-1] * 10**3


def step_start(step: int) -> int:
    """The smallest whole number of nanoseconds in a step."""
    start: float = struct.unpack("<d", struct.pack("<Q", step << _SHIFT))[0]
    return ceil(start)


def _counts(
    reader: Reader, matching: Condition, width: int, first_ns: int, last_ns: int
) -> pa.Table:
    return reader.query(
        load("query/histogram", condition=matching.text, seconds=load("query/part/seconds").text),
        **matching.parameters,
        **seconds(first_ns, last_ns),
        width_ns=width,
        first_ns=first_ns,
        last_ns=last_ns,
    )


def _summed(tables: list[pa.Table], width: int) -> tuple[list[int], list[Bucket]]:
    tables = [table for table in tables if table.num_rows]
    if not tables:
        return [], []
    columns = [
        np.concatenate([table.column(name).to_numpy() for table in tables])
        for name in ("bucket", "step", "spans", "ok", "errors")
    ]
    by_time = np.lexsort((columns[1], columns[0]))
    bucket, step, spans, ok, errors = (column[by_time] for column in columns)
    row = (step // _STEPS_PER_ROW).astype(np.int64)
    lowest, rows = _rows(int(row.min()), int(row.max()))
    ends = [*np.flatnonzero(np.diff(bucket)) + 1, len(bucket)]
    buckets = []
    for begin, end in zip([0, *ends[:-1]], ends, strict=True):
        part = slice(begin, end)
        at = lowest[row[part] - row.min()]
        counts = np.bincount(at, spans[part], len(rows) - 1)
        failed = np.bincount(at, errors[part], len(rows) - 1)
        buckets.append(
            Bucket(
                int(bucket[begin]) * width,
                int((spans[part] - ok[part] - errors[part]).sum()),
                int(ok[part].sum()),
                int(errors[part].sum()),
                counts.astype(np.int64).tolist(),
                failed.astype(np.int64).tolist() if failed.any() else [],
                _quantiles(step[part], np.cumsum(spans[part])),
            )
        )
    return rows, buckets


def _rows(first: int, last: int) -> tuple[Numbers, list[int]]:
    """For each row number from `first` on which of the bounds it begins with; and the bounds.

    Below 4 ns rows without a whole number are left out.
    """
    starts = [step_start(row * _STEPS_PER_ROW) for row in range(first, last + 2)]
    bounds = sorted(set(starts))
    at = {bound: index for index, bound in enumerate(bounds)}
    return np.array([at[start] for start in starts[:-1]]), bounds


def _quantiles(steps: Numbers, reached: Numbers) -> tuple[int, ...]:
    """The duration at each rank: the middle of its step."""
    found = []
    for quantile in QUANTILES:
        rank = max(1, ceil(quantile * int(reached[-1])))
        step = int(steps[np.searchsorted(reached, rank)])
        found.append((step_start(step) + step_start(step + 1) - 1) // 2)
    return tuple(found)
