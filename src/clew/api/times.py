"""Times in parameters → nanoseconds. Taken: RFC 3339, and numbers since 1970, told by their digits.

Up to 10 digits are seconds (until the year 2286), 13 milliseconds, 16 microseconds, 19 or 20
nanoseconds: so today's clocks write them. Other lengths are refused, not guessed.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from clew.api.errors import invalid

MAX_NS = 2**64 - 1
_SECOND_NS = 1_000_000_000
_HOUR_NS = 3600 * _SECOND_NS
# Digits of a number → what one is worth.
_UNITS_NS = {13: 1_000_000, 16: 1_000, 19: 1, 20: 1}

_SECONDS = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,9})[0-9]*)?")
_NUMBER = re.compile(r"[0-9]{11,20}")
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)
FORMS = "RFC 3339, or a number since 1970: seconds in 10 digits, ms in 13, µs in 16, ns in 19"
_HINT = f"Write it as 2026-11-22T12:00:00Z or 1795348800 ({FORMS})."


@dataclass(frozen=True)
class Range:
    """Start times of spans, both ends included."""

    start_ns: int
    end_ns: int


def parse_range(start: str | None, end: str | None, now_ns: int) -> Range:
    """The range asked for; without an end it is now, without a start an hour before the end."""
    end_ns = now_ns if end is None else parse_time("end", end)
    start_ns = max(0, end_ns - _HOUR_NS) if start is None else parse_time("start", start)
    if end is None and start_ns > now_ns:
        raise invalid("start", f"{start} is in the future", "Give an earlier start, or an end too.")
    if start_ns > end_ns:
        shown = f"{start if start is not None else start_ns} is after end {end or end_ns}"
        raise invalid("start", shown, "Exchange the two.")
    return Range(start_ns, end_ns)


def parse_time(parameter: str, value: str) -> int:
    """Nanoseconds since 1970; `ApiError` if the text is no time or lies outside 1970 to 2554."""
    if counted := _SECONDS.fullmatch(value):
        time_ns = int(counted[1]) * _SECOND_NS + _nanos(counted[2])
    elif _NUMBER.fullmatch(value):
        if len(value) not in _UNITS_NS:
            raise invalid(parameter, f"{value} has {len(value)} digits, which is no time", _HINT)
        time_ns = int(value) * _UNITS_NS[len(value)]
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
