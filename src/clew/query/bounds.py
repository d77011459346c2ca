"""Where in the table to look: nanoseconds of spans → seconds and days of its sort key.

Spans keep any time from 0 to 2^64-1 ns; their second in the sort key is clamped to 32 bits, so a
range of seconds always holds the spans of the range of nanoseconds it was made from.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from clew.query.rows import records
from clew.sql import load
from clew.store import Reader

MAX_NS = 2**64 - 1
_MAX_SECOND = 2**32 - 1
_SECOND_NS = 1_000_000_000
# Traces that cover more are looked for in their whole range instead of second by second.
_MAX_SECONDS = 10_000

Parameters = dict[str, str | int]


@dataclass(frozen=True)
class TraceRange:
    """Where the spans of one trace lie."""

    trace_id: bytes
    first_day: date
    last_day: date
    first_second: int
    last_second: int


def trace_ranges(reader: Reader, trace_ids: Collection[bytes]) -> list[TraceRange]:
    """The ranges of those traces that have any."""
    joined = ",".join(trace_id.hex() for trace_id in trace_ids)
    table = reader.query(load("query/trace_range"), trace_ids=joined)
    return [TraceRange(**row) for row in records(table)]


def seconds(first_ns: int, last_ns: int) -> Parameters:
    """Of `part/seconds`: spans that start in this range of nanoseconds, both ends included."""
    return {
        "first_second": min(first_ns // _SECOND_NS, _MAX_SECOND),
        "last_second": min(last_ns // _SECOND_NS, _MAX_SECOND),
    }


def seconds_of(ranges: Collection[TraceRange]) -> Parameters:
    """Of `part/seconds`: all spans of these traces."""
    return {
        "first_second": min(found.first_second for found in ranges),
        "last_second": max(found.last_second for found in ranges),
    }


def days(ranges: Collection[TraceRange]) -> Parameters:
    """The receive days of these traces."""
    return {
        "first_day": min(found.first_day for found in ranges).isoformat(),
        "last_day": max(found.last_day for found in ranges).isoformat(),
    }


def of_traces(ranges: Collection[TraceRange]) -> tuple[str, Parameters]:
    """The condition "a span of these traces", and its parameters."""
    if sum(found.last_second - found.first_second + 1 for found in ranges) > _MAX_SECONDS:
        trace_ids = ",".join(found.trace_id.hex() for found in ranges)
        text = load("query/part/traces", bounds=load("query/part/seconds").text).text
        return text, {"trace_ids": trace_ids, **days(ranges), **seconds_of(ranges)}
    # A server takes 128 KiB in a parameter: 55 bytes each of at most 1,600 traces.
    each = (f"{one.first_second}:{one.last_second}:{one.trace_id.hex()}" for one in ranges)
    text = load("query/part/traces_by_second").text
    return text, {"traces_by_second": ",".join(each), **days(ranges)}
