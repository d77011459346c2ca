from __future__ import annotations

import pytest

from clew.cli.units import format_duration, format_time, parse_duration


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [
        ("90s", 90 * 10**9),
        ("1h30m", 5400 * 10**9),
        ("1.5h", 5400 * 10**9),
        ("2d", 172_800 * 10**9),
        ("1w", 604_800 * 10**9),
        ("250ms", 250 * 10**6),
        ("5 m", 300 * 10**9),
    ],
)
def test_duration_is_read(text: str, expected_ns: int) -> None:
    assert parse_duration(text) == expected_ns


@pytest.mark.parametrize("text", ["", "5", "m", "5 minutes", "-5m", "5m!"])
def test_wrong_duration_shows_examples(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 90s"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_000, "1 µs"),
        (999_499, "999 µs"),
        (999_500, "1 ms"),
        (1_234_567, "1.23 ms"),
        (183_000_000, "183 ms"),
        (999_600_000, "1 s"),
        (12_345_678_901, "12.3 s"),
        (99_600_000_000, "1 m 40 s"),
        (3_600_000_000_000, "1 h 00 m"),
        (400_000_000_000_000, "4 d"),
        (2**64 - 1, "213503 d"),
        (-1_500_000, "-1.5 ms"),
    ],
)
def test_duration_has_three_digits_and_a_unit(duration_ns: int, text: str) -> None:
    assert format_duration(duration_ns) == text


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "1970-01-01 00:00:00.000Z"),
        (1_795_348_800_123_456_789, "2026-11-22 12:00:00.123Z"),
        (2**64 - 1, "2554-07-21 23:34:33.709Z"),
    ],
)
def test_time_is_utc_with_milliseconds(time_ns: int, text: str) -> None:
    assert format_time(time_ns) == text
