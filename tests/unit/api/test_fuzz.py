"""Parameters that are read before the store is asked, changed anywhere."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from clew.admin import find_key, is_whole
from clew.admin.secret import new_secret
from clew.api.errors import ApiError
from clew.api.times import MAX_NS, parse_range, parse_time
from clew.api.traces import parse_trace_id
from clew.query.cursor import Cursor
from tests.fuzz import briefly, changed_text

TIMES = [
    "2026-11-22T12:00:00Z",
    "2026-11-22 12:00:00.123456789+05:30",
    "1795348800",
    "1795348800.5",
]
TIMES += [
    "1795348800000",
    "1795348800000000000",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59Z",
]
PIECES = [
    "Z",
    "z",
    "+",
    "-",
    ":",
    ".",
    "T",
    " ",
    "0",
    "9",
    "24",
    "60",
    "٣",
    "²",
    "\n",
    "e5",
    "_",
    "\0",
]
NOW_NS = 1_795_348_800_000_000_000
CURSOR = Cursor(1, 2, 3, bytes(range(16)))


@briefly
@given(start=changed_text(TIMES, PIECES), end=st.none() | changed_text(TIMES, PIECES))
def test_changed_time_is_read_or_refused(start: str, end: str | None) -> None:
    with suppress(ApiError):
        assert 0 <= parse_time("start", start) <= MAX_NS
    with suppress(ApiError):
        asked = parse_range(start, end, NOW_NS)
        assert 0 <= asked.start_ns <= asked.end_ns <= MAX_NS


@briefly
@given(text=changed_text([CURSOR.encode("q"), ""], ["=", "-", "_", "+", "/", "A", "\n", "é", " "]))
def test_changed_cursor_is_refused(text: str) -> None:
    try:
        found = Cursor.decode(text, "q")
    except ValueError:
        return
    # Only the end of its last character carries no bits.
    assert found == CURSOR


@briefly
@given(text=changed_text(["ab" * 16, "AB" * 16], ["g", "0x", " ", "-", "٣", "\n", "\0"]))
def test_changed_trace_id_is_16_bytes_or_refused(text: str) -> None:
    with suppress(ApiError):
        assert len(parse_trace_id(text)) == 16


@briefly
@given(text=changed_text([new_secret(), f"a={new_secret()}&b"], ["kf_", "kf_kf_", "0", "\n", "%"]))
def test_key_is_found_only_where_a_whole_one_is(text: str) -> None:
    found = find_key(text)
    if found is None:
        assert not is_whole(text)
    else:
        assert is_whole(found)
        assert found in text
