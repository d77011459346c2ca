"""Times as people and programs write them."""

import pytest

from clew.api.errors import ApiError
from clew.api.times import MAX_NS, Range, parse_range, parse_time

NOON_NS = 1_795_348_800_000_000_000


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("0", 0),
        ("1795348800", NOON_NS),
        ("1795348800.000000001", NOON_NS + 1),
        ("1795348800.5", NOON_NS + 500_000_000),
        ("1795348800123", NOON_NS + 123_000_000),
        ("1795348800123456", NOON_NS + 123_456_000),
        (str(NOON_NS + 7), NOON_NS + 7),
        (str(MAX_NS), MAX_NS),
        ("2026-11-22T12:00:00Z", NOON_NS),
        ("2026-11-22t12:00:00z", NOON_NS),
        ("2026-11-22 13:30:00.123456789+01:30", NOON_NS + 123_456_789),
        ("1970-01-01T00:00:00Z", 0),
        ("2500-01-01T00:00:00.000000001Z", 16_725_225_600_000_000_001),
    ],
)
def test_time_is_read_exactly(text: str, time_ns: int) -> None:
    assert parse_time("start", text) == time_ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "-1",
        "1e9",
        "1795348800000000000.5",
        "1795348800123.5",
        "17953488001",
        "179534880012",
        "17953488001234",
        "179534880012345",
        "17953488001234567",
        "179534880012345678",
        "\uff11\uff17\uff19\uff15",
        "²",
        "\u0662\u0660\u0662\u0666-11-22T12:00:00Z",
        str(MAX_NS + 1),
        "9" * 40,
        "2026-11-22",
        "2026-11-22T12:00:00",
        "2026-13-22T12:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_other_text_is_an_error_that_shows_it(text: str) -> None:
    with pytest.raises(ApiError) as raised:
        parse_time("start", text)
    assert raised.value.status == 400
    assert raised.value.detail.message.startswith("start: ")
    assert raised.value.detail.hint


def test_range_is_the_last_hour_unless_told_otherwise() -> None:
    hour_ns = 3600 * 10**9
    assert parse_range(None, None, NOON_NS) == Range(NOON_NS - hour_ns, NOON_NS)
    assert parse_range(None, "60", NOON_NS) == Range(0, 60 * 10**9)
    assert parse_range("1795348799", None, NOON_NS) == Range(NOON_NS - 10**9, NOON_NS)


def test_start_after_end_is_an_error() -> None:
    with pytest.raises(ApiError, match="2 is after end 1") as raised:
        parse_range("2", "1", NOON_NS)
    assert raised.value.detail.hint == "Exchange the two."


def test_start_in_the_future_is_an_error_of_its_own() -> None:
    with pytest.raises(ApiError, match="start: 2026-11-22T12:00:01Z is in the future") as raised:
        parse_range("2026-11-22T12:00:01Z", None, NOON_NS)
    assert "earlier start" in str(raised.value.detail.hint)
    assert parse_range("1795348801", "1795348802", NOON_NS).start_ns == NOON_NS + 10**9


def test_number_of_another_length_is_told_the_lengths() -> None:
    with pytest.raises(ApiError, match="17953488001 has 11 digits") as raised:
        parse_time("end", "17953488001")
    assert "seconds in 10 digits, ms in 13, µs in 16, ns in 19" in str(raised.value.detail.hint)
