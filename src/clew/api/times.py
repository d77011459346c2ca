"""Times in parameters → nanoseconds. Taken: nanoseconds or seconds since 1970, and RFC 3339."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from clew.api.errors import invalid

MAX_NS = 2**64 - 1
_SECOND_NS = 1_000_000_000
_HOUR_NS = 3600 * _SECOND_NS
# Seconds reach this number in the year 5138, nanoseconds had passed it 100 s after 1970 began.
_SECONDS_BELOW = 100_000_000_000

_NUMBER = re.compile(r"(\d{1,20})(?:\.(\d{1,9})\d*)?")
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)"
)
_HINT = "Write it as 1795348800000000000 (ns), 1795348800 (s) or 2026-11-22T12:00:00Z."


@dataclass(frozen=True)
class Range:
    """Start times of spans, both ends included."""

    start_ns: int
    end_ns: int


def parse_range(start: str | None, end: str | None, now_ns: int) -> Range:
    """The range asked for; without an end it is now, without a start an hour before the end."""
    end_ns = now_ns if end is None else parse_time("end", end)
    start_ns = max(0, end_ns - _HOUR_NS) if start is None else parse_time("start", start)
    if start_ns > end_ns:
        shown = f"{start if start is not None else start_ns} is after end {end or end_ns}"
        raise invalid("start", shown, "Exchange the two.")
    return Range(start_ns, end_ns)


def parse_time(parameter: str, value: str) -> int:
    """Nanoseconds since 1970; `ApiError` if the text is no time or lies outside 1970 to 2554."""
    if number := _NUMBER.fullmatch(value):
        whole, fraction = int(number[1]), number[2]
        if whole < _SECONDS_BELOW:
            time_ns = whole * _SECOND_NS + _nanos(fraction)
        elif fraction is None:
            time_ns = whole
        else:
            raise invalid(parameter, f"{value:.100} is neither seconds nor nanoseconds", _HINT)
    elif written := _RFC3339.fullmatch(value):
        day, clock, fraction, zone = written.groups()
        try:
            moment = datetime.fromisoformat(f"{day}T{clock}{zone.upper()}").astimezone(UTC)
        except (ValueError, OverflowError):
            raise invalid(parameter, f"{value} is not a date and time", _HINT) from None
        time_ns = int(moment.timestamp()) * _SECOND_NS + _nanos(fraction)
    else:
        raise invalid(parameter, f"{value!r:.100} is not a time", _HINT)
    if not 0 <= time_ns <= MAX_NS:
        raise invalid(parameter, f"{value:.100} is not between 1970 and 2554", _HINT)
    return time_ns


def _nanos(fraction: str | None) -> int:
    return int((fraction or "").ljust(9, "0"))
