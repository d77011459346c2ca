"""Cursors survive the trip through a client; other text is refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.query.cursor import Cursor

_UINT64 = st.integers(0, 2**64 - 1)


CURSOR = Cursor(1, 2, 2, bytes(16))


@given(_UINT64, _UINT64, _UINT64, st.binary(min_size=16, max_size=16), st.text())
def test_cursor_comes_back(
    start_ns: int, end_ns: int, newest_ns: int, trace_id: bytes, query: str
) -> None:
    cursor = Cursor(start_ns, end_ns, newest_ns, trace_id)
    assert Cursor.decode(cursor.encode(query), query) == cursor


def test_cursor_of_another_query_is_refused() -> None:
    with pytest.raises(ValueError, match="cursor of another query"):
        Cursor.decode(CURSOR.encode("service.name = a"), "service.name = b")


@pytest.mark.parametrize("at", [0, 20, 40, 60, -2])
def test_damaged_cursor_is_refused(at: int) -> None:
    text = CURSOR.encode("")
    damaged = bytearray(text, "ascii")
    damaged[at] = ord("x" if text[at] != "x" else "y")
    with pytest.raises(ValueError, match="cursor"):
        Cursor.decode(damaged.decode(), "")


@pytest.mark.parametrize("more", ["!", " ", "AAAA"])
def test_cursor_with_something_behind_it_is_refused(more: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        Cursor.decode(CURSOR.encode("") + more, "")


@given(st.text())
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        Cursor.decode(text, "")


def test_cursor_of_another_version_is_refused() -> None:
    packed = bytearray(base64.urlsafe_b64decode(CURSOR.encode("") + "=="))
    packed[0] += 1
    with pytest.raises(ValueError, match="another version"):
        Cursor.decode(base64.urlsafe_b64encode(packed).rstrip(b"=").decode(), "")
