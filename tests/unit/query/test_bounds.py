"""Where to look for traces: second by second, unless that is most of history."""

from datetime import date

from clew.query.bounds import TraceRange, days, of_traces, seconds

DAY = date(2026, 11, 22)


def trace(first: int, last: int, day: date = DAY) -> TraceRange:
    return TraceRange(bytes(16), day, day, first, last)


def test_seconds_are_clamped_like_the_column() -> None:
    assert seconds(0, 2**64 - 1) == {"first_second": 0, "last_second": 2**32 - 1}


def test_traces_are_looked_for_in_their_own_seconds() -> None:
    text, parameters = of_traces([trace(59, 61), trace(100, 100)])
    nobody = "0" * 32
    assert parameters["traces_by_second"] == f"59:61:{nobody},100:100:{nobody}"
    assert "{traces_by_second:String}" in text


def test_trace_over_decades_is_looked_for_in_its_range() -> None:
    text, parameters = of_traces([trace(0, 2**32 - 1)])
    assert "traces_by_second" not in parameters
    assert (parameters["first_second"], parameters["last_second"]) == (0, 2**32 - 1)
    assert "{first_second:UInt32}" in text


def test_days_span_all_traces() -> None:
    later = date(2026, 12, 1)
    assert days([trace(0, 0), trace(0, 0, later)]) == {
        "first_day": "2026-11-22",
        "last_day": "2026-12-01",
    }
