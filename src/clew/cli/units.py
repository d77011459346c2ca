"""Times and durations as people write and read them; inside, they are integer nanoseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS_NS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,
    "w": 7 * 86400 * 10**9,
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_duration(text: str) -> int:
    """`90s`, `15m`, `1.5h`, `1h30m` in nanoseconds."""
    compact = text.replace(" ", "")
    parts = _DURATION.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise ValueError(f"{text!r} is not a duration; write for example 90s, 15m, 6h, 2d or 1w")
    return sum(round(float(number) * _UNITS_NS[unit]) for number, unit in parts)


def format_time(time_ns: int) -> str:
    """UTC with milliseconds; the raw number when no calendar has it."""
    try:
        moment = _EPOCH + timedelta(microseconds=time_ns // 1000)
    except OverflowError:
        return f"{time_ns} ns"
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def format_duration(duration_ns: int) -> str:
    """Three digits are enough to compare two durations."""
    if duration_ns < 0:
        return "-" + format_duration(-duration_ns)
    if duration_ns < 1000:
        return f"{duration_ns} ns"
    for size, unit, below in ((10**3, "µs", 999.5), (10**6, "ms", 999.5), (10**9, "s", 99.5)):
        if (value := duration_ns / size) < below:
            return f"{value:.3g} {unit}"
    seconds = round(duration_ns / 10**9)
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02d} s"
    if seconds < 172_800:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d} m"
    return f"{seconds // 86400} d"
